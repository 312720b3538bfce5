"""What a gRPC status means for an OTLP export. Pure: docs/forwarding.md has it as a table.

Retryable as the OTLP specification lists them; what it calls final and may well pass (INTERNAL,
UNKNOWN: a broken proxy between) waits too, since giving up costs the records.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from google.protobuf.message import DecodeError
from google.rpc.error_details_pb2 import RetryInfo
from google.rpc.status_pb2 import Status

from chaos_otel.exporters.answer import Answer, Later, Paused, Refused
from chaos_otel.exporters.diagnosis import IS_NOT_GRPC
from chaos_otel.exporters.reason import quoted
from chaos_otel.exporters.retry_after import LONGEST_S

_REFUSED = ("INVALID_ARGUMENT", "ALREADY_EXISTS")
_ADVICE = {
    "UNAUTHENTICATED": "check the token in its headers",
    "PERMISSION_DENIED": "check what its token may do",
    "UNIMPLEMENTED": "it does not take this signal, or not its compression, or it is no OTLP port",
    "NOT_FOUND": "check its address",
    "FAILED_PRECONDITION": "check its settings",
}
# what servers of C++, Go and Java say of a message that is too long
_TOO_LARGE = re.compile(r"larger than max|exceeds (the )?(max|limit)|too (large|big|long)", re.I)
_NO_GRPC = re.compile(
    r"http1\.x server|parsing HTTP/2|Expected SETTINGS|No status received|Bad GRPC frame|"
    r"END_STREAM flag received",
    re.I,
)
# INTERNAL, in Go, Java and Python: a record that cannot be read, not a server that is unwell
_UNREADABLE = re.compile(r"unmarshal|deserializ|invalid protobuf", re.I)
# our own limit, in gRPC's words: its answer, not our request
_ANSWER_TOO_LARGE = "CLIENT: Received message larger than max"
# a proxy or web server between, which said no in HTTP: as the same status over HTTP
_HTTP_STATUS = re.compile(
    r"(?:Received http2 header with status:|HTTP proxy returned response code) (\d{3})"
)
_WRONG_HTTP = range(300, 500)
_HTTP_ANSWERS = "an HTTP server answers there: check address, port (4317 by custom) and proxy"
_PASSING_HTTP = (408, 425, 429)
_TOO_LARGE_HTTP = 413


class GrpcStatus(NamedTuple):
    """`code` is the status's name; `details_bin` the serialised google.rpc.Status, if any."""

    code: str
    details: str
    details_bin: bytes = b""


def answer_to(said: GrpcStatus) -> Answer:
    """For any status but OK."""
    words = f"gRPC {said.code}" + (f": {quoted(said.details)}" if said.details else "")
    if _NO_GRPC.search(said.details):
        return Paused(IS_NOT_GRPC.reason)
    if _ANSWER_TOO_LARGE in said.details:
        return Later("its answer is too long")
    if found := _HTTP_STATUS.search(said.details):
        return _by_http_status(int(found[1]), words)
    if said.code == "RESOURCE_EXHAUSTED" and _TOO_LARGE.search(said.details):
        return Refused(words)
    if said.code in _REFUSED or (said.code == "INTERNAL" and _UNREADABLE.search(said.details)):
        return Refused(words)
    if said.code in _ADVICE:
        return Paused(f"{words}; {_ADVICE[said.code]}")
    return Later(words, _retry_info_s(said.details_bin))


def _by_http_status(status: int, words: str) -> Answer:
    if status == _TOO_LARGE_HTTP:
        return Refused(words)
    if status in _WRONG_HTTP and status not in _PASSING_HTTP:
        return Paused(f"{words}; {_HTTP_ANSWERS}")
    return Later(words)


def _retry_info_s(details_bin: bytes) -> float | None:
    """How long the server asks us to wait, 0 to a day."""
    try:
        details = Status.FromString(details_bin).details
        for detail in details:
            info = RetryInfo()
            if detail.Is(RetryInfo.DESCRIPTOR) and detail.Unpack(info):
                asked_s = float(info.retry_delay.seconds + info.retry_delay.nanos / 1e9)
                return min(max(asked_s, 0.0), LONGEST_S)
    except DecodeError:
        pass
    return None
