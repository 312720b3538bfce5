"""The table of docs/forwarding.md: what a gRPC status means."""

from __future__ import annotations

import pytest
from google.protobuf.any_pb2 import Any as Packed
from google.rpc.error_details_pb2 import DebugInfo, RetryInfo
from google.rpc.status_pb2 import Status
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos_otel.exporters.answer import Answer, Later, Paused, Refused
from chaos_otel.exporters.grpc_answer import GrpcStatus, answer_to

LATER = ("CANCELLED", "DEADLINE_EXCEEDED", "ABORTED", "OUT_OF_RANGE", "UNAVAILABLE", "DATA_LOSS")
FINAL_BUT_MAY_PASS = ("INTERNAL", "UNKNOWN", "RESOURCE_EXHAUSTED")
REFUSED = ("INVALID_ARGUMENT", "ALREADY_EXISTS")
PAUSED = ("UNAUTHENTICATED", "PERMISSION_DENIED", "UNIMPLEMENTED", "NOT_FOUND")


@pytest.mark.parametrize(
    ("codes", "kind"),
    [
        ((*LATER, *FINAL_BUT_MAY_PASS), Later),
        (REFUSED, Refused),
        ((*PAUSED, "FAILED_PRECONDITION"), Paused),
    ],
)
def test_every_status_has_its_answer(codes: tuple[str, ...], kind: type[Answer]) -> None:
    """What the specification lets be sent again is; what else may pass is kept too."""
    for code in codes:
        answer = answer_to(GrpcStatus(code, "said so"))
        assert isinstance(answer, kind), code
        assert f"gRPC {code}: said so" in str(answer)


def _retry_info(seconds: int, nanos: int = 0) -> bytes:
    info, packed, other = RetryInfo(), Packed(), Packed()
    info.retry_delay.seconds, info.retry_delay.nanos = seconds, nanos
    packed.Pack(info)
    other.Pack(DebugInfo(detail="x"))
    told: bytes = Status(code=8, details=[other, packed]).SerializeToString()
    return told


@pytest.mark.parametrize(
    ("asked", "waited_s"),
    [((0,), 0.0), ((1, 500_000_000), 1.5), ((-5,), 0.0), ((10**12,), 24 * 3600.0)],
)
def test_a_server_says_how_long_to_wait(asked: tuple[int, ...], waited_s: float) -> None:
    """By RetryInfo; nonsense is cut to a day."""
    for code in ("RESOURCE_EXHAUSTED", "UNAVAILABLE"):
        answer = answer_to(GrpcStatus(code, "", _retry_info(*asked)))
        assert answer == Later(f"gRPC {code}", waited_s)


@pytest.mark.parametrize(
    "words",
    [
        "grpc: received message larger than max (5000000 vs. 4194304)",
        "gRPC message exceeds maximum size 4194304: 5000000",
        "SERVER: Received message larger than max (5000000 vs. 4194304)",
        "request too large",
    ],
)
def test_a_message_that_is_too_long_is_refused(words: str) -> None:
    """So that it is halved: the same one would never fit."""
    assert isinstance(answer_to(GrpcStatus("RESOURCE_EXHAUSTED", words)), Refused)


@pytest.mark.parametrize(
    "words",
    [
        "grpc: error unmarshalling request: unexpected EOF",
        "Exception deserializing request!",
        "Invalid protobuf byte sequence",
    ],
)
def test_a_record_that_cannot_be_read_is_refused(words: str) -> None:
    """Servers call it INTERNAL; sent again as it is it would hold up all others for ever."""
    assert isinstance(answer_to(GrpcStatus("INTERNAL", words)), Refused)


def test_an_answer_that_is_too_long_is_not_our_requests_fault() -> None:
    """gRPC tells both limits with the same words."""
    words = "Stream removed (CLIENT: Received message larger than max (9 vs. 4))"
    assert isinstance(answer_to(GrpcStatus("RESOURCE_EXHAUSTED", words)), Later)


@settings(deadline=None)
@given(st.sampled_from([*LATER, *REFUSED, *PAUSED]), st.text(), st.binary(max_size=100))
def test_whatever_is_said_has_an_answer(code: str, details: str, details_bin: bytes) -> None:
    """Of one line, and not long."""
    answer = answer_to(GrpcStatus(code, details, details_bin))
    assert len(str(answer)) < 600
    assert "\n" not in str(answer)
