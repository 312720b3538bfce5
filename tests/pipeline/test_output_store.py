"""What is kept of an output, and whose it is."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.pipeline.output_store import HELD_BYTES, MARGIN_BYTES, OutputStore

pieces = st.lists(st.binary(min_size=1, max_size=40_000), max_size=12)


@given(pieces=pieces, limit_bytes=st.integers(0, 100_000), take_at=st.integers(0, 12))
def test_head_and_tail_are_kept_and_the_rest_is_counted(
    pieces: list[bytes], limit_bytes: int, take_at: int
) -> None:
    """First half and last half of the limit, exactly; nothing is missing where all fits."""
    store = OutputStore(limit_bytes)
    whole = b"".join(pieces)
    taken = b""
    for number, piece in enumerate(pieces):
        if number == take_at:
            taken += b"".join(head for _, head in store.take_heads(["op"]))
        store.add(1, "op", piece)
    rests = store.end("op")
    if not pieces:
        assert rests == []
        return
    ((_, rest),) = rests
    head = taken + rest.head
    if not rest.cut_bytes:
        assert head + rest.tail == whole
        assert len(whole) <= limit_bytes
        return
    tail_bytes = limit_bytes // 2
    assert rest.tail_bytes == tail_bytes
    assert head == whole[: limit_bytes - tail_bytes]
    assert whole.endswith(rest.tail)
    assert len(head) + rest.cut_bytes + tail_bytes == len(whole)
    assert len(rest.tail) == min(tail_bytes + MARGIN_BYTES, len(whole) - len(head))


def test_streams_and_operations_are_apart() -> None:
    """By both; the root's output is nobody's."""
    store = OutputStore(1000, root="root")
    store.add(1, "a", b"a1")
    store.add(2, "a", b"a2")
    store.add(1, "root", b"none")
    assert dict(store.take_heads(["a"])) == {("a", 1): b"a1", ("a", 2): b"a2"}
    assert dict(store.take_heads(["a", ""])) == {("", 1): b"none"}


def test_an_operation_is_left_when_its_marks_were_seen_on_all_streams() -> None:
    """Or when a stream is over, on which no mark can come."""
    store = OutputStore(1000)
    store.mark(1, "a")
    store.mark(2, "a")
    assert not store.left("a", (1, 2))
    store.mark(1, "")
    assert store.left("a", (1,)) and not store.left("a", (1, 2))
    store.close(2)
    assert store.left("a", (1, 2))


def test_memory_is_bounded_and_what_is_over_it_counted() -> None:
    """However many operations print."""
    store = OutputStore(1 << 50)
    piece = b"x" * (1 << 20)
    for number in range(64):
        store.add(1, f"op{number}", piece)
    kept = sum(len(rest.head) + len(rest.tail) for _, rest in store.end_all())
    assert kept + store.lost_bytes == 64 << 20
    assert kept <= HELD_BYTES + 2 * len(piece)
