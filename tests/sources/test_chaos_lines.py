"""Ch-aOS's machine lines are found in stdout, whatever pieces it comes in."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from chaos_otel.sources import chaos_lines
from chaos_otel.sources.chaos_lines import LINE_BYTES_MAX, MARKERS, ChaosLines, MachineLine

_PARTS = st.sampled_from(
    [b"\n", b"\r\n", b"CHAOS_", b"CHAOS_EVENT::", b"CHAOS_RUN_ID::x", b"C", b"CHAOS_EVENT:", b"ok",
     b"CHAOS_REPORT::{}", b" ", b"_", b"CHAOS_FOO=1", b"\x1b[0m", bytes(40)]
)  # fmt: skip
_OUTPUT = st.lists(_PARTS, max_size=30).map(b"".join)


def _pieces(output: bytes, cuts: Sequence[int]) -> list[bytes]:
    places = sorted({0, len(output), *(cut % (len(output) + 1) for cut in cuts)})
    return [output[start:end] for start, end in pairwise(places)]


def _divided(pieces: Sequence[bytes]) -> tuple[bytes, list[bytes]]:
    lines = ChaosLines()
    rest = b"".join([lines.divide("", piece) for piece in pieces]) + lines.finish("")
    return rest, [line.text for line in lines.take()]


def _expected(output: bytes) -> tuple[bytes, list[bytes]]:
    every = output.split(b"\n")
    ends = [b"\n"] * (len(every) - 1) + [b""]
    machine = [line.removesuffix(b"\r") for line in every if line.startswith(MARKERS)]
    rest = [
        line + end for line, end in zip(every, ends, strict=True) if not line.startswith(MARKERS)
    ]
    return b"".join(rest), machine


@given(_OUTPUT, st.lists(st.integers(min_value=0, max_value=400), max_size=12))
@example(b"CHAOS_EVENT::{}\nx", [3])
@example(b"x\nCHAOS_\n", [3])
@example(b"xCHAOS_EVENT::{}\n", [1])
def test_any_pieces_give_the_same_lines_and_the_same_rest(output: bytes, cuts: list[int]) -> None:
    """What begins a line with a marker is a machine line; all other bytes are there, in order."""
    assert _divided(_pieces(output, cuts)) == _expected(output)


@given(_OUTPUT, st.integers(min_value=0, max_value=9_000))
def test_large_pieces_are_searched_as_small_ones_are(output: bytes, fill: int) -> None:
    """They are searched another way; NULs and what looks alike make no difference."""
    whole = bytes(fill) + b"_CHAOS\n" * 700 + output + b"\0\n" * 3_000
    assert _divided([whole]) == _expected(whole)


@given(st.lists(st.binary(max_size=60), max_size=20))
def test_garbage_passes_untouched(pieces: list[bytes]) -> None:
    """Bytes without a marker come out as they went in."""
    output = b"".join(pieces)
    assert _divided(pieces) == _expected(output)


def test_a_line_knows_the_operation_that_it_was_printed_in() -> None:
    """Machine lines of a step belong to that step."""
    lines = ChaosLines()
    lines.divide("a", b"CHAOS_EVENT::1\nCHAOS_EVENT::")
    lines.divide("a", b"2\n")
    assert lines.take() == [
        MachineLine("a", b"CHAOS_EVENT::1"),
        MachineLine("a", b"CHAOS_EVENT::2"),
    ]
    assert lines.take() == []


def test_what_is_held_back_can_be_had_back() -> None:
    """A step that ends in the middle of a line that might have become one has its bytes."""
    lines = ChaosLines()
    assert lines.divide("a", b"x\nCHAOS_EV") == b"x\n"
    assert lines.release() == b"CHAOS_EV"
    assert lines.divide("b", b"ENT::{}\n") == b"ENT::{}\n"
    assert lines.take() == []


def test_a_line_without_end_is_let_go_and_counted() -> None:
    """8 MiB are held of one line; what follows it is read again."""
    lines = ChaosLines()
    lines.divide("", b"CHAOS_EVENT::")
    for _ in range(9):
        lines.divide("", bytes(1 << 20))
    assert lines.divide("", b"\nCHAOS_RUN_ID::1\nrest\n") == b"rest\n"
    assert [line.text for line in lines.take()] == [b"CHAOS_RUN_ID::1"]
    assert (lines.lost_lines, lines.lost_bytes > LINE_BYTES_MAX) == (1, True)


def test_no_more_is_held_than_there_is_room_for() -> None:
    """Lines that nobody takes are let go and counted, never kept without end."""
    lines = ChaosLines()
    line = b"CHAOS_EVENT::" + bytes(4 << 20) + b"\n"
    for _ in range(12):
        lines.divide("", line)
    kept = lines.take()
    assert sum(len(one.text) for one in kept) <= chaos_lines.HELD_BYTES_MAX
    assert len(kept) + lines.lost_lines == 12
