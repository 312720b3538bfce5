"""Payloads in pieces: put together, cut, given up."""

from __future__ import annotations

import random

from chaos_otel.clock import now
from chaos_otel.emit.lines import encode
from chaos_otel.records import Damage, Event, Record
from chaos_otel.sources.inbox import InboxDecoder
from chaos_otel.sources.inbox_pieces import PAYLOAD_BYTES

OP = "00f067aa0ba902b7"


def _event(text: str) -> list[bytes]:
    return encode("V", OP, "", "info", "step", text).splitlines(keepends=True)


def _feed(decoder: InboxDecoder, lines: list[bytes]) -> list[Record]:
    return [one.record for one in decoder.feed(b"".join(lines))]


def _message(record: Record) -> str:
    assert isinstance(record, Event)
    return record.message


def test_pieces_of_many_writers_may_mix_and_come_in_any_order() -> None:
    """Each payload is whole when its last missing piece came."""
    texts = [f"{number}\n\t\\" * 4000 for number in range(10)]
    lines = [line for text in texts for line in _event(text)]
    random.Random(1).shuffle(lines)
    records = _feed(InboxDecoder(now), lines)
    assert sorted(map(_message, records)) == sorted(texts)


def test_a_payload_of_more_than_a_mebibyte_is_cut_and_says_so() -> None:
    """What arrives is its beginning, and how many bytes are missing."""
    text = "0123456789" * 150_000
    (record,) = _feed(InboxDecoder(now), _event(text))
    message, _, cut = _message(record).partition(" [cut: ")
    assert text.startswith(message)
    assert len(text) - len(message) == int(cut.removesuffix(" bytes]"))
    assert len(message) <= PAYLOAD_BYTES


def test_what_never_becomes_whole_is_given_at_the_end_up_to_its_gap() -> None:
    """Marked as cut, and counted as damage; without its first piece it is damage alone."""
    decoder = InboxDecoder(now)
    lines = _event("0123456789" * 2000)
    assert _feed(decoder, [lines[0], lines[1], lines[4], *_event("x" * 5000)[1:]]) == []
    event, damage = (one.record for one in decoder.finish())
    assert _message(event).endswith(" [cut: the rest never came]")
    assert _message(event).startswith("0123456789" * 700)
    assert isinstance(damage, Damage)
    assert damage.count == 2


def test_unfinished_payloads_are_given_up_oldest_first() -> None:
    """At most 64 wait; a thousand beginnings cost the first ones, and are counted."""
    decoder = InboxDecoder(now)
    begun = [_event(f"{number:05d}" * 2000) for number in range(1000)]
    damage = [one for lines in begun for one in _feed(decoder, lines[:1])]
    assert sum(one.count for one in damage if isinstance(one, Damage)) == 1000 - 64
    last = _feed(decoder, begun[-1][1:])
    assert [_message(one) for one in last] == ["00999" * 2000]
    first = _feed(decoder, begun[0][1:])
    assert not any(isinstance(one, Event) for one in first)


def test_a_piece_that_came_twice_is_damage() -> None:
    """It does not disturb the payload."""
    decoder = InboxDecoder(now)
    lines = _event("0123456789" * 1000)
    event, damage = _feed(decoder, [lines[0], lines[0], *lines[1:]])
    assert _message(event) == "0123456789" * 1000
    assert isinstance(damage, Damage)


def test_empty_pieces_are_not_free() -> None:
    """A writer of endless empty pieces takes bounded memory."""
    decoder = InboxDecoder(now)
    evicted = 0
    for first in range(0, 100_000, 1000):
        lines = [
            encode("P", f"p{n // 90_000}", n % 90_000, 0, "") for n in range(first, first + 1000)
        ]
        lines += [encode("P", f"q{first}x{n}", 0, 0, "x" * 3800) for n in range(50)]
        for one in _feed(decoder, lines):
            evicted += one.count if isinstance(one, Damage) else 0
    assert evicted > 0
    assert len(decoder._pieces._unfinished) <= 64
