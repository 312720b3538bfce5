"""Marks come out of the stream whole, and nothing else does."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.runner.marks import Marks

NONCE = b"0123456789abcdef"
OP = "00000000000000a1"


def mark(op: str, nonce: bytes = NONCE) -> bytes:
    return b"\x1b_chaos:" + nonce + b":" + op.encode() + b"\x1b\\"


WHOLE = mark(OP)
PARTS = st.one_of(
    st.binary(max_size=20),
    st.sampled_from([WHOLE, mark("0" * 16), mark(OP, b"ff"), mark("g" * 16), b"\x1b", WHOLE[:30]]),
)


@given(st.lists(PARTS))
def test_the_pieces_are_the_data(parts: list[bytes]) -> None:
    """Put together they give every byte back, marks included."""
    data = b"".join(parts)
    assert b"".join(piece.data for piece in Marks(NONCE).split(data)) == data


@given(st.lists(PARTS))
def test_what_is_passed_on_holds_no_mark_of_ours(parts: list[bytes]) -> None:
    """Each piece is a whole mark or contains none."""
    for piece in Marks(NONCE).split(b"".join(parts)):
        assert (piece.op is not None) == (
            WHOLE[:25] in piece.data
            and len(piece.data) == 43
            and piece.data.endswith(b"\x1b\\")
            and piece.data.startswith(WHOLE[:25])
            and set(piece.data[25:41]) <= set(b"0123456789abcdef")
        )


def test_an_id_of_zeros_is_outside_of_any() -> None:
    """The format says so."""
    assert [piece.op for piece in Marks(NONCE).split(mark("0" * 16))] == [""]


def test_order_is_kept() -> None:
    """Output, mark, output."""
    pieces = list(Marks(NONCE).split(b"before" + WHOLE + WHOLE + b"behind"))
    assert [(piece.data, piece.op) for piece in pieces] == [
        (b"before", None),
        (WHOLE, OP),
        (WHOLE, OP),
        (b"behind", None),
    ]


def test_every_beginning_of_a_mark_is_known() -> None:
    """Behind any output, and no whole mark is taken for a beginning."""
    marks = Marks(NONCE)
    for size in range(1, len(WHOLE)):
        assert marks.partial(b"out\x1bput" + WHOLE[:size]) == size
    assert marks.partial(WHOLE) == 0
    assert marks.partial(b"output") == 0
    assert marks.partial(WHOLE[:20] + b"x") == 0
