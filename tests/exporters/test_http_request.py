"""One HTTP request: what goes out, through which connection, and what comes back whole."""

from __future__ import annotations

import socket
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.exporters.servers import Authority, OtlpServer, wire
from tests.exporters.servers.told import answering, proxying

from chaos_otel.config.destination import Tls
from chaos_otel.exporters.http_request import HttpAnswer, HttpClient, post
from chaos_otel.exporters.network_fault import NetworkFault

PATIENT_S = 60.0
PLAIN = Tls()


def _said(answer: bytes, **options: str) -> HttpAnswer | NetworkFault:
    with answering(answer) as (port, _):
        return post(
            f"http://127.0.0.1:{port}/", {}, b"x", tls=PLAIN, timeout_s=PATIENT_S, **options
        )


def test_the_answer_is_read_whole() -> None:
    """By length, in chunks, or to the end of the connection."""
    whole = b"HTTP/1.1 200 OK\r\nX-Word: yes\r\n"
    expected = HttpAnswer(200, {"x-word": "yes"}, b"hello")
    assert _said(whole + b"\r\nhello") == expected
    for rest, name in (
        (b"Content-Length: 5\r\n\r\nhello", "content-length"),
        (
            b"Transfer-Encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n",
            "transfer-encoding",
        ),
    ):
        answer = _said(whole + rest)
        assert isinstance(answer, HttpAnswer)
        assert answer.body == b"hello"
        assert name in answer.headers


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 70_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X-Many: x\r\n" * 200 + b"\r\n",
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n" + b"x" * 2_000_000,
        b"",
    ],
    ids=["short", "chunk", "bad-chunk", "long-header", "many-headers", "cut", "endless", "empty"],
)
def test_half_an_answer_is_none(answer: bytes) -> None:
    """And may be whole the next time."""
    said = _said(answer)
    assert isinstance(said, NetworkFault)
    assert not said.is_lasting


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (b"SSH-2.0-OpenSSH_9.2\r\n", "does not speak HTTP"),
        (b"\x15\x03\x01\x00\x02\x02\x46", "use https://"),
        (bytes((0, 0, 6, 4, 0, 0, 0, 0, 0)) + bytes(6), "gRPC"),
    ],
)
def test_another_protocol_is_named_at_its_first_bytes(answer: bytes, words: str) -> None:
    """Without waiting for a line that never ends."""
    said = _said(answer)
    assert isinstance(said, NetworkFault)
    assert said.is_lasting
    assert words in said.reason


@settings(max_examples=60, deadline=None)
@given(
    st.one_of(st.binary(max_size=300), st.binary(max_size=300).map(b"HTTP/1.1 200 OK\r\n".__add__))
)
def test_no_answer_is_too_strange(answer: bytes) -> None:
    """Whatever bytes come back: an answer or a fault, and nothing is raised."""
    assert isinstance(_said(answer), HttpAnswer | NetworkFault)


def test_what_was_said_before_the_connection_broke_is_heard() -> None:
    """A server that closes while a long body is still on its way has often said why."""

    def refuse(connection: socket.socket) -> None:
        connection.recv(100)
        connection.sendall(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        time.sleep(0.3)

    with answering(refuse) as (port, _):
        body = bytes(30_000_000)
        said = post(f"http://127.0.0.1:{port}/", {}, body, tls=PLAIN, timeout_s=PATIENT_S)
    assert isinstance(said, HttpAnswer)
    assert said.status == 413


@pytest.mark.parametrize(("status", "kind"), [(400, HttpAnswer), (200, NetworkFault)])
def test_a_reset_behind_a_refusal_takes_nothing_back(status: int, kind: type) -> None:
    """Go's TLS servers answer plain text so: a few words, then a reset. A success that is cut off
    is none."""

    def refuse(connection: socket.socket) -> None:
        connection.recv(1)
        connection.sendall(b"HTTP/1.0 %d X\r\n\r\nsome words" % status)
        time.sleep(0.3)
        wire.reset(connection)

    with answering(refuse) as (port, _):
        said = post(f"http://127.0.0.1:{port}/", {}, b"x", tls=PLAIN, timeout_s=PATIENT_S)
    assert isinstance(said, kind)
    assert isinstance(said, NetworkFault) or said.body == b"some words"


def test_a_request_is_not_sent_elsewhere() -> None:
    """A redirect is an answer like others."""
    with OtlpServer("redirect") as server:
        url = f"{server.url}/v1/traces"
        said = post(url, {}, b"", tls=PLAIN, timeout_s=PATIENT_S)
        assert isinstance(said, HttpAnswer)
        assert (said.status, said.headers["location"]) == (302, "/elsewhere/v1/traces")
        assert [one.path for one in server.requests] == ["/v1/traces"]


def test_what_frames_a_message_is_ours_to_say() -> None:
    """Settings cannot make two requests of one; names count without their case, once."""
    headers = {
        "content-length": "0",
        "Transfer-Encoding": "chunked",
        "host": "x",
        "A": "1",
        "a": "2",
    }
    with answering(b"HTTP/1.1 204 No Content\r\n\r\n") as (port, seen):
        post(f"http://127.0.0.1:{port}/p?q=1", headers, b"body", tls=PLAIN, timeout_s=PATIENT_S)
    lines = seen[0].split(b"\r\n")
    assert lines[0] == b"POST /p?q=1 HTTP/1.1"
    assert f"Host: 127.0.0.1:{port}".encode() in lines
    assert b"Content-Length: 4" in lines
    assert b"a: 2" in lines
    assert b"A: 1" not in lines
    assert not any(line.lower().startswith(b"transfer-encoding") for line in lines)


def test_a_configured_proxy_is_used_for_plain_text() -> None:
    """It is told the whole address and its own password."""
    with proxying() as (proxy, heads):
        said = post("http://localhost/v1", {}, b"", tls=PLAIN, proxy=proxy, timeout_s=PATIENT_S)
    assert isinstance(said, HttpAnswer)
    assert heads[0].startswith(b"POST http://localhost/v1 HTTP/1.1\r\n")
    assert b"Proxy-Authorization: Basic dXNlcjpwQHNz\r\n" in heads[0]


def test_a_configured_proxy_passes_tls_on_unread(tmp_path: Path) -> None:
    """Host name and certificate are the destination's, its token is not the proxy's to see, and a
    kept connection asks the proxy once."""
    authority = Authority(tmp_path)
    headers = {"Authorization": "Bearer ours", "Content-Type": "application/x-protobuf"}
    with OtlpServer(tls=authority.server()) as server, proxying() as (proxy, heads):
        client = HttpClient(tls=Tls(authority.ca_file), proxy=proxy)
        for _ in range(2):
            url = f"https://localhost:{server.port}/v1/traces"
            said = client.request(url, headers, b"", timeout_s=PATIENT_S)
            assert isinstance(said, HttpAnswer)
            assert said.status == 200
        client.close()
        assert len(heads) == 1
        assert heads[0].startswith(f"CONNECT localhost:{server.port} HTTP/1.1\r\n".encode())
        assert b"Bearer" not in heads[0]
        assert all("proxy-authorization" not in one.headers for one in server.requests)


@pytest.mark.parametrize(
    ("status", "is_lasting"), [(b"407 Who are you", True), (b"403 No", True), (b"502 Dead", False)]
)
def test_a_proxy_may_refuse(status: bytes, is_lasting: bool) -> None:
    """What is wrong with settings lasts, what is wrong behind it passes."""
    with proxying(status) as (proxy, _):
        said = post("https://x.example/", {}, b"", tls=PLAIN, proxy=proxy, timeout_s=PATIENT_S)
    assert isinstance(said, NetworkFault)
    assert said.is_lasting == is_lasting
    assert "p@ss" not in said.reason
