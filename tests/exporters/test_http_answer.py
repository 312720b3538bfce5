"""The table of docs/forwarding.md: what an HTTP answer means."""

from __future__ import annotations

import pytest
from google.rpc.status_pb2 import Status
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import ExportLogsServiceResponse

from chaos_otel.config.destination import Signal
from chaos_otel.exporters.answer import Answer, Delivered, Later, Paused, Refused
from chaos_otel.exporters.http_answer import answer_to
from chaos_otel.exporters.http_request import HttpAnswer

PROTOBUF = {"content-type": "application/x-protobuf"}
JSON = {"content-type": "application/json; charset=utf-8"}
HTML = {"content-type": "text/html"}


def _answer(status: int, body: bytes = b"", *, signal: Signal = "traces", **headers: str) -> Answer:
    said = {name.replace("_", "-"): value for name, value in headers.items()}
    return answer_to(signal, HttpAnswer(status, said, body), now_wall_ns=0)


@pytest.mark.parametrize(
    ("statuses", "kind"),
    [
        ((400, 413, 422), Refused),
        ((408, 425, 429, 500, 502, 503, 504, 507, 520, 599), Later),
        ((300, 301, 302, 303, 304, 307, 308), Paused),
        ((401, 402, 403, 404, 405, 406, 407, 410, 411, 415, 421, 431, 451), Paused),
        ((101, 103, 501, 505, 511, 600, 999), Paused),
    ],
)
def test_every_status_has_its_answer(statuses: tuple[int, ...], kind: type[Answer]) -> None:
    """Nothing but 2xx is a delivery."""
    for status in statuses:
        answer = _answer(status)
        assert isinstance(answer, kind), status
        assert str(status) in str(answer)


def test_an_answer_is_read_as_its_signals_own() -> None:
    """Spans, log records and data points are rejected by different fields."""
    response = ExportLogsServiceResponse()
    response.partial_success.rejected_log_records = 3
    response.partial_success.error_message = "too\nold"
    body = response.SerializeToString()
    headers = {"content_type": "application/x-protobuf"}
    assert _answer(200, body, signal="logs", **headers) == Delivered(3, "too old")


@pytest.mark.parametrize("kind", ["", "application/x-protobuf", "application/x-protobuf; a=b"])
def test_an_empty_message_is_a_delivery(kind: str) -> None:
    """Many collectors say no more than that."""
    assert _answer(200, content_type=kind) == Delivered()
    assert _answer(204, content_type=kind) == Delivered()


def test_json_is_understood() -> None:
    """Its numbers may be strings, and fields that are not known are skipped."""
    assert _answer(200, b"{}", content_type="application/json") == Delivered()
    body = b'{"partialSuccess": {"rejectedSpans": "4", "errorMessage": "no"}, "new": [1]}'
    assert _answer(200, body, content_type="application/json") == Delivered(4, "no")


@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("text/html", b"<html>Log in</html>"),
        ("", b"<!DOCTYPE html>"),
        ("text/plain", b"OK"),
        ("text/plain", b""),
        ("application/x-protobuf", b"<html>"),
        ("application/json", b""),
        ("application/json", b"[]"),
        ("application/json", b'{"partialSuccess": 1}'),
        ("application/json", b"\xff"),
        ("application/json", b"[" * 100_000),
    ],
)
def test_200_alone_is_no_delivery(kind: str, body: bytes) -> None:
    """A log-in page or another service says it too."""
    assert isinstance(_answer(200, body, content_type=kind), Paused)


@pytest.mark.parametrize(
    "body",
    [
        b"Client sent an HTTP request to an HTTPS server.\n",
        b"<html>400 The plain HTTP request was sent to HTTPS port</html>",
    ],
)
def test_a_400_for_plain_text_at_a_tls_port_is_no_bad_record(body: bytes) -> None:
    """As Go's servers and nginx say it: no smaller request would help."""
    answer = _answer(400, body)
    assert isinstance(answer, Paused)
    assert "https://" in answer.reason


def test_a_redirect_is_shown_without_its_query() -> None:
    """Whoever set http:// for https:// sees the address to set."""
    location = "https://me:pass@new.example/v1/traces?token=abc"
    answer = _answer(301, location=location)
    assert "a redirect to https://new.example/v1/traces; it is not followed" in str(answer)
    assert "abc" not in str(answer)
    assert "a redirect;" in str(_answer(302, location="/login"))


def test_a_server_may_tell_why() -> None:
    """In plain words or in a google.rpc.Status, never as a page or as bytes."""
    told = Status(code=3, message="span 7 has no name").SerializeToString()
    assert "span 7 has no name" in str(_answer(400, told, content_type="application/x-protobuf"))
    assert "bad span" in str(_answer(400, b"bad\n span", content_type="text/plain"))
    assert "<" not in str(_answer(400, b"<html>", content_type="text/html"))
    assert _answer(400, b"\x00\xff\x01", content_type="text/plain") == Refused("HTTP 400")


def test_how_long_to_wait_is_said_in_two_forms() -> None:
    """A date counts from the server's own clock."""
    assert _answer(503, retry_after="60") == Later("HTTP 503", 60.0)
    at, until = "Sun, 06 Nov 1994 08:49:37 GMT", "Sun, 06 Nov 1994 08:50:07 GMT"
    assert _answer(429, retry_after=until, date=at) == Later("HTTP 429", 30.0)


@settings(deadline=None)
@given(
    st.integers(100, 999),
    st.binary(max_size=200),
    st.dictionaries(
        st.sampled_from(["content-type", "retry-after", "date", "location"]),
        st.one_of(st.text(max_size=40), st.sampled_from(["application/json", "text/html"])),
    ),
)
def test_whatever_is_said_has_an_answer(status: int, body: bytes, headers: dict[str, str]) -> None:
    """Of one line, and not long."""
    answer = answer_to("traces", HttpAnswer(status, headers, body), now_wall_ns=1)
    words = answer.message if isinstance(answer, Delivered) else answer.reason
    assert len(words) < 500
    assert "\n" not in words
