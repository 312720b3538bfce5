"""Turns kept raw output into redacted records. Loaded after the command started."""

from __future__ import annotations

from collections.abc import Container

from chaos_otel.clock import Moment
from chaos_otel.pipeline.output_store import Key, OutputStore, Rest
from chaos_otel.privacy.redact import Redactor
from chaos_otel.privacy.stream import StreamRedactor
from chaos_otel.privacy.tail import redact_tail
from chaos_otel.records import Damage, Output, Record

FLUSH_NS = 100_000_000


class OutputRecords:
    """Redacts what an `OutputStore` holds: heads as they come, tails when they are known."""

    def __init__(self, store: OutputStore, redactor: Redactor) -> None:
        self._store = store
        self._redactor = redactor
        self._streams: dict[Key, StreamRedactor] = {}
        self._flushed_ns = 0

    def due(self, now: Moment, open_ops: Container[str]) -> list[Record]:
        """What can be written by now of these operations, so that a journal can be followed; at
        most ten times a second."""
        if now.mono_ns - self._flushed_ns < FLUSH_NS:
            return []
        self._flushed_ns = now.mono_ns
        records: list[Record] = []
        for key, head in self._store.take_heads(open_ops):
            records += _records(key, self._stream(key).feed(head), now)
        return records

    def end(self, op: str, now: Moment) -> list[Record]:
        """All that is still held of an operation, which has ended."""
        return self._redact(self._store.end(op), now)

    def end_all(self, now: Moment) -> list[Record]:
        """All that is still held, and what could not be."""
        records = self._redact(self._store.end_all(), now)
        lost = self._store.lost_bytes
        if lost:
            reason = "more output than can be held at once"
            damage = Damage(
                wall_ns=now.wall_ns,
                mono_ns=now.mono_ns,
                where="output",
                reason=reason,
                size_bytes=lost,
            )
            records.append(damage)
        return records

    def _stream(self, key: Key) -> StreamRedactor:
        stream = self._streams.get(key)
        if stream is None:
            stream = self._streams[key] = self._redactor.stream()
        return stream

    def _redact(self, rests: list[tuple[Key, Rest]], now: Moment) -> list[Record]:
        records: list[Record] = []
        for key, rest in rests:
            stream = self._stream(key)
            del self._streams[key]
            head = stream.feed(rest.head)
            if not rest.cut_bytes:
                records += _records(key, head + stream.feed(rest.tail) + stream.finish(), now)
                continue
            records += _records(key, head + stream.skip(), now)
            tail = redact_tail(self._redactor, rest.tail, keep_bytes=rest.tail_bytes)
            records += _records(key, tail, now, cut_bytes=rest.cut_bytes)
        return records


def _records(key: Key, data: bytes, now: Moment, *, cut_bytes: int = 0) -> list[Record]:
    if not data and not cut_bytes:
        return []
    op, stream = key
    text, raw = "", b""
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        raw = data
    output = Output(
        wall_ns=now.wall_ns,
        mono_ns=now.mono_ns,
        op=op,
        stream=stream,
        text=text,
        raw=raw,
        cut_bytes=cut_bytes,
    )
    return [output]
