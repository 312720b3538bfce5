"""Payloads that came in pieces, put together in bounded memory."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from chaos_otel.sources.inbox_fields import NotARecord

PAYLOAD_BYTES: Final = 1 << 20
_UNFINISHED_KEPT: Final = 64
_ALL_KEPT_BYTES: Final = 16 << 20
_PIECE_OVERHEAD_BYTES: Final = 100  # so that empty pieces are not free
_TOKEN = re.compile(rb"[0-9A-Za-z]{1,40}")
_NUMBER = re.compile(rb"[0-9]{1,5}")


@dataclass(slots=True)
class _Unfinished:
    """The pieces of one payload so far. `size_bytes` counts those, too, that were not kept."""

    parts: dict[int, bytes] = field(default_factory=dict)
    count: int | None = None
    size_bytes: int = 0
    kept_bytes: int = 0


class PieceStore:
    """Collects pieces and gives a payload back when its last missing piece comes.

    At most 64 unfinished payloads and 16 MiB in all; the oldest is given up first. A payload is cut
    at 1 MiB and says how much is missing.
    """

    def __init__(self) -> None:
        self._unfinished: dict[bytes, _Unfinished] = {}
        self._kept_bytes = 0
        self._evicted: list[int] = []

    def add(self, piece: bytes) -> bytes | None:
        """Take a P line's payload; the whole one if this completes it. Raises NotARecord."""
        token, number, last, content = _split(piece)
        payload = self._unfinished.setdefault(token, _Unfinished())
        beyond = payload.count is not None and number >= payload.count
        if number in payload.parts or beyond or (last and number < max(payload.parts, default=0)):
            raise NotARecord("a piece that does not belong")
        if last:
            payload.count = number + 1
        self._keep(payload, number=number, content=content)
        if len(payload.parts) == payload.count:
            return _joined(self._drop(token))
        self._evict()
        return None

    def take_evicted(self) -> list[int]:
        """The sizes of the payloads given up since the last call."""
        evicted, self._evicted = self._evicted, []
        return evicted

    def leftovers(self) -> Iterator[bytes]:
        """What the unfinished payloads amount to, each up to its first gap; empties the store."""
        for token in list(self._unfinished):
            payload = self._drop(token)
            payload.count = next(n for n in range(len(payload.parts) + 1) if n not in payload.parts)
            head = b"".join(payload.parts[n] for n in range(payload.count))
            yield _readable(head) + b" [cut: the rest never came]" if head else b""

    def _keep(self, payload: _Unfinished, *, number: int, content: bytes) -> None:
        room = max(0, PAYLOAD_BYTES - payload.kept_bytes)
        payload.size_bytes += len(content)
        payload.parts[number] = content[:room]
        payload.kept_bytes += len(payload.parts[number])
        self._kept_bytes += len(payload.parts[number]) + _PIECE_OVERHEAD_BYTES

    def _drop(self, token: bytes) -> _Unfinished:
        payload = self._unfinished.pop(token)
        self._kept_bytes -= payload.kept_bytes + len(payload.parts) * _PIECE_OVERHEAD_BYTES
        return payload

    def _evict(self) -> None:
        while len(self._unfinished) > _UNFINISHED_KEPT or self._kept_bytes > _ALL_KEPT_BYTES:
            self._evicted.append(self._drop(next(iter(self._unfinished))).size_bytes)


def _split(piece: bytes) -> tuple[bytes, int, bool, bytes]:
    fields = piece.split(b"\t", 4)
    if len(fields) != 5:
        raise NotARecord("too few fields")
    _, token, number, last, content = fields
    if not (_TOKEN.fullmatch(token) and _NUMBER.fullmatch(number) and last in (b"0", b"1")):
        raise NotARecord("a piece without its numbers")
    return token, int(number), last == b"1", content


def _joined(payload: _Unfinished) -> bytes:
    whole = b"".join(payload.parts[number] for number in range(len(payload.parts)))
    missing_bytes = payload.size_bytes - payload.kept_bytes
    return _readable(whole) + b" [cut: %d bytes]" % missing_bytes if missing_bytes else whole


def _readable(cut: bytes) -> bytes:
    """Without half an escape at its end."""
    backslashes = len(cut) - len(cut.rstrip(b"\\"))
    return cut[:-1] if backslashes % 2 else cut
