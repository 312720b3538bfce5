"""What gRPC alone brings with it: its own proxy, its own waiting times, its own environment."""

from __future__ import annotations

import time
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exporters.sending import PATIENT_S, SPANS, destination, sent
from tests.exporters.servers import Authority, OtlpServer
from tests.exporters.servers.bodies import traces_body
from tests.exporters.servers.told import answering, proxying

from chaos_otel.config.destination import Tls
from chaos_otel.exporters.answer import Delivered, Later, Paused, Refused
from chaos_otel.exporters.senders import open_sender

# an empty SETTINGS frame and the acknowledgement of another
_AFTER_SETTINGS = bytes((0, 0, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 4, 1, 0, 0, 0, 0))


def test_a_configured_proxy_is_used(tmp_path: Path) -> None:
    """With its own password; the destination's token stays inside of TLS."""
    authority = Authority(tmp_path)
    headers = {"authorization": "Bearer ours"}
    secure = OtlpServer(protocol="grpc", tls=authority.server())
    with secure as server, proxying() as (proxy, heads):
        url = f"https://localhost:{server.port}"
        tls = Tls(authority.ca_file)
        to = destination(url, "grpc", tls=tls, proxy=proxy, headers=headers)
        assert sent(to) == Delivered()
        assert [span.name for span in server.records()] == list(SPANS)
    assert heads[0].startswith(f"CONNECT localhost:{server.port} ".encode())
    assert b"dXNlcjpwQHNz" in heads[0]
    assert b"Bearer" not in heads[0]


def test_a_header_may_authorise_at_the_proxy() -> None:
    """It goes nowhere else, and a proxy that says no is a matter of settings."""
    headers = {"Proxy-Authorization": "Basic dXNlcjpwQHNz"}
    for status, kind in ((b"407 Who are you", Paused), (b"502 Dead", Later)):
        with proxying(status) as (proxy, heads):
            bare = "http://" + proxy.rpartition("@")[2]
            to = destination("https://x.example:4317", "grpc", proxy=bare, headers=headers)
            assert isinstance(sent(to), kind)
        assert b"Proxy-Authorization: Basic dXNlcjpwQHNz" in heads[0]


def test_a_server_that_was_away_is_reached_at_once() -> None:
    """gRPC would wait a second after the first failure, two after the next, up to two minutes."""
    with OtlpServer("refused", protocol="grpc") as server:
        sender = open_sender(destination(server.url, "grpc"))
        for _ in range(6):
            assert isinstance(sender.send("traces", b"", timeout_s=PATIENT_S), Later)
        server.become("healthy")
        began = time.monotonic()
        assert sender.send("traces", traces_body("a"), timeout_s=PATIENT_S) == Delivered()
        assert time.monotonic() - began < 15
        sender.close()


def test_closing_does_not_wait_for_a_peer() -> None:
    """Not even for one that is silent, or still being connected to."""
    for behaviour in ("silent", "hanging", "drip_body"):
        with OtlpServer(behaviour, protocol="grpc") as server:
            sender = open_sender(destination(server.url, "grpc"))
            sender.send("traces", b"", timeout_s=0.3)
            began = time.monotonic()
            sender.close()
            assert time.monotonic() - began < 15


def test_a_long_batch_passes() -> None:
    """gRPC's own limit is for answers; the server says what it takes."""
    names = ["x" * 1000 for _ in range(6000)]
    with OtlpServer(protocol="grpc") as server:
        assert sent(destination(server.url, "grpc", gzip=False), *names) == Delivered()


def test_reserved_metadata_is_left_out() -> None:
    """A header that gRPC says itself would break every call."""
    headers = {"grpc-timeout": "1n", "TE": "x", "Content-Type": "x", "X-Data-Bin": "abc", "b": "1"}
    with OtlpServer(protocol="grpc") as server:
        assert sent(destination(server.url, "grpc", headers=headers)) == Delivered()
        assert server.requests[0].headers["b"] == "1"


def test_a_name_that_is_not_there_waits() -> None:
    """The network may only be down."""
    answer = sent(destination("https://nothing.invalid:4317", "grpc"))
    assert isinstance(answer, Later)
    assert "nothing.invalid" in answer.reason


def test_a_path_is_no_part_of_an_address_in_grpc() -> None:
    """It is not sent, so it changes nothing."""
    with OtlpServer(protocol="grpc") as server:
        assert not isinstance(sent(destination(server.url + "/v1/traces", "grpc")), Paused)


@settings(max_examples=25, deadline=None)
@given(st.one_of(st.binary(max_size=60), st.binary(max_size=60).map(_AFTER_SETTINGS.__add__)))
def test_no_answer_is_too_strange(answer: bytes) -> None:
    """Whatever bytes come back: nothing is raised, and nothing is taken for a delivery."""
    with answering(answer) as (port, _):
        said = sent(destination(f"http://127.0.0.1:{port}", "grpc"), timeout_s=0.5)
    assert isinstance(said, Later | Paused | Refused)
