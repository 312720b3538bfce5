"""Who may send what to the receiver, and what is answered: over real connections."""

from __future__ import annotations

import gzip
import http.client
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from tests.sources.otlp.messages import PARENT, SPAN, TRACE, traces

from chaos_otel.sources.otlp.body import BODY_BYTES_MAX, UNPACKED_BYTES_MAX
from chaos_otel.sources.otlp.requests import JSON, PROTOBUF, decode
from chaos_otel.sources.otlp.server import CONNECTIONS_MAX, Server

TOKEN = "0123456789abcdef0123456789abcdef"
PATH = f"/{TOKEN}/v1/traces"


class Receiver:
    """A server in a thread, and what it took."""

    def __init__(self, *, connection_s: float = 10.0) -> None:
        listening = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = listening.getsockname()[1]
        self.taken: list[Any] = []
        self.refuses = (0, "")
        self.server = Server(
            listening.detach(), token=TOKEN, take=self._take, connection_s=connection_s
        )
        threading.Thread(target=self.server.serve, daemon=True).start()

    def _take(self, signal: str, request: Any) -> tuple[int, str]:
        self.taken.append((signal, request))
        return self.refuses

    def post(self, body: Any, path: str = PATH, **headers: str) -> http.client.HTTPResponse:
        """The answer to a request, its body still to be read."""
        return self.send("POST", path, body, **{"content_type": PROTOBUF, **headers})

    def send(
        self, method: str, path: str, body: Any = None, **headers: str
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, body, named)
        return connection.getresponse()

    def raw(self, data: bytes) -> bytes:
        """Everything that is answered to these bytes."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as connection:
            connection.sendall(data)
            return b"".join(iter(lambda: connection.recv(65536), b""))


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    """Serve, and stop serving."""
    made = Receiver()
    yield made
    made.server.shutdown()
    made.server.server_close()


def _in_json(request: ExportTraceServiceRequest) -> str:
    """As the specification has it: ids in hexadecimal digits."""
    said = MessageToDict(request)
    for span in said["resourceSpans"][0]["scopeSpans"][0]["spans"]:
        span |= {"traceId": TRACE.hex(), "spanId": SPAN.hex(), "parentSpanId": PARENT.hex()}
    return json.dumps(said)


def test_a_request_in_protobuf_is_taken_and_answered_in_kind(receiver: Receiver) -> None:
    """200 and an empty response; the connection ends, so that idle ones take no place."""
    answer = receiver.post(traces(3).SerializeToString())
    assert (answer.status, answer.getheader("content-type")) == (200, PROTOBUF)
    assert answer.read() == b""
    assert answer.getheader("connection") == "close"
    assert receiver.taken == [("traces", traces(3))]


def test_a_request_in_json_is_taken_and_answered_in_kind(receiver: Receiver) -> None:
    """Hexadecimal ids, numbers as strings, unknown fields ignored."""
    said = json.loads(_in_json(traces()))
    said["somethingNew"] = [1]
    answer = receiver.post(json.dumps(said), content_type="application/json; charset=utf-8")
    assert (answer.status, answer.read()) == (200, b"{}")
    ((_, request),) = receiver.taken
    span = request.resource_spans[0].scope_spans[0].spans[0]
    assert (span.trace_id, span.span_id, span.parent_span_id) == (TRACE, SPAN, PARENT)
    assert span.end_time_unix_nano - span.start_time_unix_nano == 1_000_000_000


def test_gzip_and_chunks_are_unpacked(receiver: Receiver) -> None:
    """A body may be packed, in several members, in chunks, or all of that."""
    body = traces(50).SerializeToString()
    packed = gzip.compress(body[:100]) + gzip.compress(body[100:])
    assert receiver.post(packed, content_encoding="gzip").status == 200
    chunks = iter([packed[:7], packed[7:]])
    assert receiver.post(chunks, content_encoding="gzip").status == 200
    assert receiver.post(iter([body])).status == 200
    assert receiver.taken == [("traces", traces(50))] * 3


def test_what_was_not_taken_is_counted_in_the_answer(receiver: Receiver) -> None:
    """`partial_success`, so that a program does not send it again."""
    receiver.refuses = (2, "beyond the limit")
    answer = receiver.post(traces(3).SerializeToString())
    response = ExportTraceServiceResponse.FromString(answer.read())
    assert answer.status == 200
    assert response.partial_success.rejected_spans == 2
    assert response.partial_success.error_message == "beyond the limit"
    answer = receiver.post(_in_json(traces()), content_type=JSON)
    assert json.loads(answer.read())["partialSuccess"]["rejectedSpans"] == "2"


@pytest.mark.parametrize(
    "path",
    [
        "/v1/traces",
        "/",
        "//v1/traces",
        f"/{TOKEN[:-1]}/v1/traces",
        f"/{TOKEN}0/v1/traces",
        f"/{TOKEN.upper()}/v1/traces",
        f"/{TOKEN}/v2/traces",
        f"/{TOKEN}/v1/profiles",
        f"/x/../{TOKEN}/v1/traces",
        "/\xc3\xa9/v1/traces",
    ],
)
def test_a_wrong_token_or_path_is_not_found(receiver: Receiver, path: str) -> None:
    """404 without a word, whatever the method, and nothing is taken."""
    for method in ("POST", "GET", "PUT", "DELETE", "OPTIONS"):
        line = f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"
        answer = receiver.raw(line.encode("latin-1"))
        assert answer.startswith(b"HTTP/1.1 404 ")
        assert answer.endswith(b"\r\n\r\n")
    assert receiver.taken == []


@pytest.mark.parametrize(
    ("status", "body", "headers"),
    [
        (400, b"\xff\xff\xff", {}),
        (400, b"{", {"content_type": JSON}),
        (400, b"[]", {"content_type": JSON}),
        (400, b'{"resourceSpans": 3}', {"content_type": JSON}),
        (400, b'{"spanId": 3}', {"content_type": JSON}),
        (400, b'{"spanId": "xy"}', {"content_type": JSON}),
        (400, b"[" * 100_000, {"content_type": JSON}),
        (400, b"\xff", {"content_type": JSON}),
        (400, b"no gzip", {"content_encoding": "gzip"}),
        (400, gzip.compress(b"x" * 999, mtime=0)[:-9], {"content_encoding": "gzip"}),
        (400, b"", {"content_length": "-1"}),
        (400, b"", {"content_length": "²"}),
        (413, b"", {"content_length": "99999999999"}),
        (413, b"x" * (BODY_BYTES_MAX + 1), {}),
        (413, gzip.compress(bytes(UNPACKED_BYTES_MAX + 1), mtime=0), {"content_encoding": "gzip"}),
        (415, b"", {"content_type": "text/plain"}),
        (415, b"", {"content_encoding": "br"}),
        (501, b"", {"transfer_encoding": "gzip"}),
    ],
)
def test_what_is_no_request_is_refused_with_a_reason(
    receiver: Receiver, status: int, body: bytes, headers: dict[str, str]
) -> None:
    """A 4xx that nobody tries again, a reason as `google.rpc.Status`, and the next one works."""
    length = {} if "content_length" in headers else {"content_length": str(len(body))}
    named = {"content_type": PROTOBUF, **length, **headers}
    head = "".join(f"{name.replace('_', '-')}: {value}\r\n" for name, value in named.items())
    data = f"POST {PATH} HTTP/1.1\r\nHost: x\r\n{head}\r\n".encode("latin-1")
    answer = receiver.raw(data + body)
    assert answer.startswith(b"HTTP/1.1 %d " % status), answer[:200]
    assert len(answer.partition(b"\r\n\r\n")[2]) > 5
    assert receiver.taken == []
    assert receiver.post(traces().SerializeToString()).status == 200


def test_a_request_without_a_length_is_refused(receiver: Receiver) -> None:
    """411: there is nothing to know its end by."""
    data = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n\r\n"
    assert receiver.raw(data.encode()).startswith(b"HTTP/1.1 411 ")


@pytest.mark.parametrize(
    "chunks",
    [b"zz\r\n", b"\r\n", b"5\r\nabcdefgh\r\n", b"ffffffffff\r\n", b"0\r\n" + b"a: b\r\n" * 200],
)
def test_damaged_chunks_are_refused(receiver: Receiver, chunks: bytes) -> None:
    """400, and the connection ends."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
    data = f"{head}Transfer-Encoding: chunked\r\n\r\n".encode() + chunks
    assert receiver.raw(data).startswith(b"HTTP/1.1 400 ")


def test_too_many_bytes_in_chunks_are_refused(receiver: Receiver) -> None:
    """The limit holds where no length was announced."""
    head = f"POST {PATH} HTTP/1.1\r\nHost: x\r\nContent-Type: {PROTOBUF}\r\n"
    data = f"{head}Transfer-Encoding: chunked\r\n\r\n{BODY_BYTES_MAX + 1:x}\r\n".encode()
    assert receiver.raw(data).startswith(b"HTTP/1.1 413 ")


@given(st.binary(max_size=300))
def test_any_bytes_are_a_request_or_a_value_error(body: bytes) -> None:
    """Decoding raises nothing else, in either encoding."""
    for content_type in (PROTOBUF, JSON):
        try:
            assert isinstance(decode("traces", body, content_type), ExportTraceServiceRequest)
        except ValueError as error:
            assert "traces request" in str(error)


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.floats(),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    (
                        "resourceSpans",
                        "scopeSpans",
                        "spans",
                        "traceId",
                        "spanId",
                        "attributes",
                        "key",
                    )
                ),
                inner,
                max_size=3,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_a_request_or_a_value_error(said: object) -> None:
    """Documents of a shape that is nearly right, too."""
    try:
        decode("traces", json.dumps(said).encode(), JSON)
    except ValueError as error:
        assert "traces request" in str(error)


def test_slow_and_silent_clients_are_cut_off_and_hold_nobody() -> None:
    """More of them than there are places: whoever comes behind them is served all the same."""
    receiver = Receiver(connection_s=0.5)
    slow = [
        socket.create_connection(("127.0.0.1", receiver.port), timeout=60)
        for _ in range(CONNECTIONS_MAX + 8)
    ]
    for number, connection in enumerate(slow):
        if number % 2:
            connection.sendall(b"POST /")
    assert receiver.post(traces().SerializeToString()).status == 200
    for connection in slow:
        with closing(connection):
            assert connection.recv(65536)[:8] in (b"", b"HTTP/1.1")


def test_a_byte_at_a_time_does_not_last_for_ever() -> None:
    """A client that always sends a little is cut off as well."""
    receiver = Receiver(connection_s=0.5)
    until_s = time.monotonic() + 60
    with socket.create_connection(("127.0.0.1", receiver.port), timeout=60) as connection:
        connection.sendall(b"POST / HTTP/1.1\r\nX: ")
        with pytest.raises(OSError):
            while time.monotonic() < until_s:
                connection.sendall(b"x")
                time.sleep(0.02)


def test_many_at_a_time_are_all_taken(receiver: Receiver) -> None:
    """Twice as many as there are places."""
    body = traces().SerializeToString()
    threads = [
        threading.Thread(target=lambda: receiver.post(body).read())
        for _ in range(2 * CONNECTIONS_MAX)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(receiver.taken) == 2 * CONNECTIONS_MAX
