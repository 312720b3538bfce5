"""Event documents over HTTP: what is sent, and what an answer means."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple

import pytest

from chaos_otel.config.destination import Destination, Tls
from chaos_otel.exporters.answer import Answer, Delivered, Later, Paused, Refused
from chaos_otel.exporters.endpoint_sender import endpoint_answer
from chaos_otel.exporters.event_document_layout import batch_json
from chaos_otel.exporters.http_request import HttpAnswer
from chaos_otel.exporters.senders import open_sender

DOCUMENTS: list[dict[str, Any]] = [{"script_name": "ü"}, {"script_name": "b"}]
BODY = batch_json(DOCUMENTS)
TOKEN = "Bearer s3cr3t-token"


class Request(NamedTuple):
    path: str
    headers: dict[str, str]
    body: bytes


@contextmanager
def endpoint(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[tuple[str, list[Request]]]:
    """A server that gives these answers in turn."""
    seen: list[Request] = []
    waiting = list(answers)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen.append(Request(self.path, headers, body))
            status, fields, answer = waiting.pop(0)
            self.send_response(status)
            for name, value in fields.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, format: str, *args: Any) -> None:
            """Silent."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1/events", seen
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def destination(url: str, **more: Any) -> Destination:
    known: dict[str, Any] = {"headers": {"authorization": TOKEN}, "tls": Tls(), **more}
    return Destination("endpoint x", "endpoint", {"events": url}, **known)


def send(url: str, *, times: int = 1, key: str = "", **more: Any) -> list[Answer]:
    sender = open_sender(destination(url, **more))
    try:
        return [sender.send("events", BODY, timeout_s=20, key=key) for _ in range(times)]
    finally:
        sender.close()


OK = (200, {"Content-Type": "application/json"}, b'{"accepted": 2}')


def test_a_batch_is_json_in_gzip_with_its_token() -> None:
    """An array of documents, the bearer token, and the same key for the same batch."""
    with endpoint(OK, (204, {}, b"")) as (url, seen):
        assert send(url, times=2) == [Delivered(), Delivered()]
    first, second = seen
    assert first.path == "/v1/events"
    assert first.headers["authorization"] == TOKEN
    assert first.headers["content-type"] == "application/json"
    assert first.headers["content-encoding"] == "gzip"
    assert json.loads(gzip.decompress(first.body)) == DOCUMENTS
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
    assert first.body == second.body


def test_the_key_of_the_caller_counts() -> None:
    """And a batch of others has another one."""
    with endpoint(OK, OK) as (url, seen):
        send(url, key="key-1")
        send(url)
    assert seen[0].headers["idempotency-key"] == "key-1"
    assert seen[1].headers["idempotency-key"] not in ("", "key-1")


def test_without_gzip_it_is_plain() -> None:
    """Where a destination says so."""
    with endpoint(OK) as (url, seen):
        assert send(url, gzip=False) == [Delivered()]
    assert "content-encoding" not in seen[0].headers
    assert seen[0].body == BODY


def test_a_refused_connection_waits() -> None:
    """And the reason holds no token; nothing is raised."""
    with endpoint() as (url, _):
        pass
    (answer,) = send(url)
    assert isinstance(answer, Later)
    assert "s3cr3t" not in answer.reason


def test_a_token_is_not_repeated() -> None:
    """An endpoint may send back what it got; that must not end in a log."""
    with endpoint((401, {"Content-Type": "text/plain"}, TOKEN.encode())) as (url, _):
        (answer,) = send(url)
    assert isinstance(answer, Paused)
    assert "s3cr3t" not in answer.reason


def test_another_signal_is_not_sent() -> None:
    """An endpoint takes event documents alone."""
    sender = open_sender(destination("http://127.0.0.1:1/"))
    assert isinstance(sender.send("traces", b"", timeout_s=1), Paused)


@pytest.mark.parametrize(
    ("status", "kind", "body", "wanted"),
    [
        (200, "", b"", Delivered),
        (202, "application/x-protobuf", b"", Delivered),
        (201, "application/json", b'{"id": 1}', Delivered),
        (200, "text/html", b"[]", Delivered),
        (200, "text/plain", b"ok", Delivered),
        (200, "text/html", b"ok", Paused),
        (200, "text/html", b"<!doctype html><html>", Paused),
        (200, "text/plain", b" <html>", Paused),
        (200, "application/json", b"<html>", Paused),
        (302, "", b"", Paused),
        (400, "", b"", Refused),
        (401, "", b"", Paused),
        (403, "", b"", Paused),
        (404, "", b"", Paused),
        (409, "", b"", Later),
        (413, "", b"", Refused),
        (422, "", b"", Refused),
        (429, "", b"", Later),
        (500, "", b"", Later),
        (503, "", b"", Later),
    ],
)
def test_what_an_answer_means(status: int, kind: str, body: bytes, wanted: type) -> None:
    """Only what was surely taken by an endpoint is delivered."""
    answer = endpoint_answer(HttpAnswer(status, {"content-type": kind}, body), now_wall_ns=0)
    assert isinstance(answer, wanted)


@pytest.mark.parametrize("status", [409, 429, 503])
def test_how_long_to_wait_is_heard(status: int) -> None:
    """Retry-After counts."""
    answer = endpoint_answer(HttpAnswer(status, {"retry-after": "60"}, b""), now_wall_ns=0)
    assert isinstance(answer, Later)
    assert answer.after_s == 60
