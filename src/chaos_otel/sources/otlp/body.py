"""The body of an HTTP request: of a known length or in chunks, packed or not, bounded either way.

Knows nothing of what a body holds.
"""

from __future__ import annotations

import zlib
from typing import Final, Protocol

BODY_BYTES_MAX: Final = 4 << 20
UNPACKED_BYTES_MAX: Final = 16 << 20
_GZIP: Final = 16 + zlib.MAX_WBITS
_LINE_BYTES_MAX: Final = 1_024


class Source(Protocol):
    """What a connection gives."""

    def read(self, size_bytes: int, /) -> bytes:
        """So many bytes, fewer only at the end."""

    def readline(self, size_bytes: int, /) -> bytes:
        """Up to the next line feed, at most so many bytes."""


class Unreadable(Exception):
    """The body cannot be taken; `status` is what HTTP says to it."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def read_body(source: Source, *, length: str | None, transfer: str, encoding: str) -> bytes:
    """All of the body, unpacked; `length`, `transfer` and `encoding` are the headers' values.

    Raises Unreadable, and OSError where the client went away or was too slow.
    """
    if encoding not in ("", "identity", "gzip"):
        raise Unreadable(415, "the body is neither plain nor gzip")
    if transfer:
        if transfer != "chunked":
            raise Unreadable(501, "the only transfer encoding that is known is chunked")
        body = _chunks(source)
    else:
        body = _whole(source, length)
    return _unpacked(body) if encoding == "gzip" else body


def _whole(source: Source, length: str | None) -> bytes:
    if length is None:
        raise Unreadable(411, "the body's length is missing")
    if not (length.isascii() and length.isdecimal() and len(length) < 20):
        raise Unreadable(400, "the body's length is no number")
    if int(length) > BODY_BYTES_MAX:
        raise _too_large()
    return _exactly(source, int(length))


def _chunks(source: Source) -> bytes:
    """RFC 9112, 7.1."""
    body = bytearray()
    while size_bytes := _chunk_size(source):
        if len(body) + size_bytes > BODY_BYTES_MAX:
            raise _too_large()
        body += _exactly(source, size_bytes)
        if source.readline(_LINE_BYTES_MAX).strip():
            raise Unreadable(400, "a chunk does not end where it should")
    for _ in range(100):  # trailers
        if not source.readline(_LINE_BYTES_MAX).strip():
            return bytes(body)
    raise Unreadable(400, "too much behind the last chunk")


def _chunk_size(source: Source) -> int:
    digits = source.readline(_LINE_BYTES_MAX).partition(b";")[0].strip()
    if not digits or len(digits) > 8 or digits.strip(b"0123456789abcdefABCDEF"):
        raise Unreadable(400, "a chunk without its size")
    return int(digits, 16)


def _exactly(source: Source, size_bytes: int) -> bytes:
    body = source.read(size_bytes)
    if len(body) < size_bytes:
        raise Unreadable(400, "the body is shorter than its length")
    return body


def _unpacked(body: bytes) -> bytes:
    """Several members behind one another are one body, as gzip has it."""
    unpacked = bytearray()
    try:
        while body:
            member = zlib.decompressobj(_GZIP)
            unpacked += member.decompress(body, UNPACKED_BYTES_MAX + 1 - len(unpacked))
            if len(unpacked) > UNPACKED_BYTES_MAX:
                raise _too_large()
            if not member.eof:
                raise Unreadable(400, "the gzip body is cut short")
            body = member.unused_data
    except zlib.error as error:
        raise Unreadable(400, "the body is not gzip") from error
    return bytes(unpacked)


def _too_large() -> Unreadable:
    return Unreadable(
        413,
        f"the body is too large: {BODY_BYTES_MAX >> 20} MiB, {UNPACKED_BYTES_MAX >> 20} unpacked",
    )
