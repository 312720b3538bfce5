"""The journal's line: what it looks like, and what is found again in a damaged one."""

from __future__ import annotations

import json
import zlib

from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.journal.line import Entry, decode, encode, is_foreign, salvage
from chaos_otel.records import Event, OperationStarted, Output, Tag

TAG = Tag(wall_ns=1, mono_ns=2, key="region", value="eu")


def test_line_is_the_documented_one() -> None:
    """Field order and checksum are those of docs/journal-format.md."""
    line = encode(TAG, number=17, inbox_offset=2210)
    assert line.endswith(b"\n")
    document = json.loads(line)
    assert list(document) == ["v", "n", "i", "r", "c"]
    assert (document["v"], document["n"], document["i"]) == (1, 17, 2210)
    assert document["r"] == {
        "kind": "tag",
        "wall_ns": 1,
        "mono_ns": 2,
        "key": "region",
        "value": "eu",
    }
    covered = line[: line.rindex(b',"c"')]
    assert document["c"] == f"{zlib.crc32(covered):08x}"


@given(st.text(st.characters(exclude_categories=["Cs"])), st.binary(), st.integers(0, 2**62))
def test_round_trip(text: str, raw: bytes, number: int) -> None:
    """Every text and every byte string comes back as it was."""
    for record in (
        Event(wall_ns=1, mono_ns=2, type="info", message=text, attributes={text: text}),
        Output(wall_ns=1, mono_ns=2, op="", stream=2, raw=raw, text=text),
    ):
        line = encode(record, number=number, inbox_offset=5)
        assert line.count(b"\n") == 1
        assert decode(line[:-1]) == Entry(number=number, inbox_offset=5, record=record)


@given(st.data())
def test_any_flipped_byte_is_noticed(data: st.DataObject) -> None:
    """No line with one byte changed is taken for whole."""
    line = encode(TAG, number=17, inbox_offset=2210)[:-1]
    place = data.draw(st.integers(0, len(line) - 1))
    bits = data.draw(st.integers(1, 255))
    damaged = line[:place] + bytes([line[place] ^ bits]) + line[place + 1 :]
    assert decode(damaged) is None


def test_valid_checksum_around_what_is_no_record() -> None:
    """A checksum does not make a record: unknown kinds, wrong types and deep nests are none."""
    for body in (
        b'{"kind":"nonsense"}',
        b'{"kind":"tag"}',
        b"[" * 100_000 + b"]" * 100_000,
        b"\xff",
    ):
        head = b'{"v":1,"n":1,"i":0,"r":' + body
        assert decode(head + b',"c":"%08x"}' % zlib.crc32(head)) is None


def test_foreign_version_is_told_from_damage() -> None:
    """A whole line of another version is foreign, a torn one is not."""
    head = b'{"v":2,"n":1,"anything":true'
    line = head + b',"c":"%08x"}' % zlib.crc32(head)
    assert is_foreign(line)
    assert not is_foreign(line[:-3])
    assert not is_foreign(encode(TAG, number=1, inbox_offset=0)[:-1])


def test_salvage_finds_neighbours_without_their_line_feed() -> None:
    """Records whose line feeds are gone come out in order, the bytes between them counted."""
    first = encode(TAG, number=1, inbox_offset=0)[:-1]
    second = encode(TAG, number=2, inbox_offset=0)[:-1]
    found = list(salvage(b"xyz" + first + b"\0\0" + second + b"!"))
    numbers = [item.number if isinstance(item, Entry) else -item for item in found]
    assert numbers == [-3, 1, -2, 2, -1]


def test_text_cannot_forge_a_line() -> None:
    """A journal line inside a message stays part of the message, also in a torn record."""
    forged = encode(TAG, number=9, inbox_offset=0).decode()
    record = OperationStarted(
        wall_ns=1, mono_ns=2, op="a" * 16, name=forged, attributes={"c": forged}
    )
    line = encode(record, number=1, inbox_offset=0)
    assert [item for item in salvage(line[:-20]) if isinstance(item, Entry)] == []
