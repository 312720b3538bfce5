"""One line of the journal: a record in its envelope of version, number, inbox offset and checksum.

`docs/journal-format.md` describes it. Knows nothing of files.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Final

import msgspec

from chaos_otel.records import Record

VERSION: Final = 1
# A message of 1 MiB whose every byte needs six ("\u0001") still fits; no record is longer.
LINE_BYTES_MAX: Final = 8 << 20

_HEAD = b'{"v":1,"n":%d,"i":%d,"r":%b'
_START = b'{"v":1,"n":'
_SUM = b',"c":"%08x"}'
_SUM_BYTES = 16
_encoder = msgspec.json.Encoder()


class Entry(msgspec.Struct, frozen=True, gc=False):
    """A record, its number in the journal, and how far the inbox had been read by then."""

    number: int = msgspec.field(name="n")
    inbox_offset: int = msgspec.field(name="i")
    record: Record = msgspec.field(name="r")


_decoder = msgspec.json.Decoder(Entry)


def encode(record: Record, *, number: int, inbox_offset: int) -> bytes:
    """The whole line, line feed included.

    Raises UnicodeEncodeError for lone surrogates.
    """
    head = _HEAD % (number, inbox_offset, _encoder.encode(record))
    return head + _SUM % zlib.crc32(head) + b"\n"


def decode(line: bytes) -> Entry | None:
    """The entry of a line without its line feed, or None if it is not whole, ours and a record."""
    if line[:11] != _START or line[-_SUM_BYTES:] != _SUM % zlib.crc32(line[:-_SUM_BYTES]):
        return None
    try:
        return _decoder.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def is_foreign(line: bytes) -> bool:
    """Whether the line is whole but of a version that we do not know."""
    return (
        line.startswith(b'{"v":')
        and not line.startswith(b'{"v":1,')
        and line[-_SUM_BYTES:] == _SUM % zlib.crc32(line[:-_SUM_BYTES])
    )


def salvage(damaged: bytes) -> Iterator[Entry | int]:
    """The entries inside a damaged line and, between them, the counts of bytes that are none.

    A line swallows its neighbour when the line feed between them is lost. Text inside a record
    cannot be taken for an entry, because its quotes are escaped. Time is linear in the length.
    """
    start = damaged.find(_START)
    lost = len(damaged) if start < 0 else start
    while start >= 0:
        following = damaged.find(_START, start + 1)
        end = len(damaged) if following < 0 else following
        checksum = damaged.rfind(b',"c":"', start, end)
        stop = checksum + _SUM_BYTES
        entry = decode(damaged[start:stop]) if checksum >= 0 and stop <= end else None
        if entry is None:
            lost += end - start
        else:
            if lost:
                yield lost
            yield entry
            lost = end - stop
        start = following
    if lost:
        yield lost
