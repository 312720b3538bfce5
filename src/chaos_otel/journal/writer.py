"""Appends records to a journal without ever holding its caller: a thread does the writing.

Redaction comes first: nothing is queued that a redactor has not seen. Knows the journal's lines
(`line.py`), not what stands in them.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from typing import Final, TypeAlias

from msgspec import structs

from chaos_otel.journal.cleaning import Redactor, redact, without_surrogates
from chaos_otel.journal.line import LINE_BYTES_MAX, encode
from chaos_otel.records import Damage, Output, Record

QUEUE_BYTES: Final = 16 << 20
_BATCH_BYTES: Final = 256 << 10
_QUEUE_FULL: Final = "the disk was slower than the command: queue full"
_TOO_LONG: Final = "longer than a journal line may be"

_Line: TypeAlias = tuple[bytes, int]  # with its line feed; the inbox offset


class JournalWriter:
    """Redacts, numbers, checks and appends records, in the order of `append`.

    Owns `fd`: its thread closes it when the work is done, so a write that hangs can never land in
    another file. `append` never raises and never waits. What cannot be kept is counted and becomes
    a Damage record as soon as there is room; what the disk refused leaves a gap in the numbers.
    """

    def __init__(
        self,
        fd: int,
        redactor: Redactor,
        *,
        next_number: int = 1,
        fresh_line: bool = False,
        queue_bytes: int = QUEUE_BYTES,
    ) -> None:
        self._fd = fd
        self._redactor = redactor
        self._number = next_number
        self._torn = fresh_line
        self._limit_output = queue_bytes
        self._limit_other = queue_bytes + queue_bytes // 4
        self._queue: deque[_Line] = deque()
        self._queued_bytes = 0
        self._dropped: dict[str, Damage] = {}
        self._lock = threading.Lock()
        self._changed = threading.Condition(self._lock)
        self._waiting = False
        self._closing = False
        self._idle = True
        self._written_offset = 0
        self._lost = 0
        self._error = ""
        self._thread = threading.Thread(target=self._run, name="journal", daemon=True)
        self._thread.start()

    @property
    def error(self) -> str:
        """The first failure of the disk in words; empty while all is well."""
        return self._error

    @property
    def written_offset(self) -> int:
        """The inbox offset of what the disk has taken: before it nothing is needed again."""
        return self._written_offset

    @property
    def is_crowded(self) -> bool:
        """Whether the disk is behind: what can wait where it is had better do so."""
        return self._queued_bytes > self._limit_output // 2

    @property
    def lost_records(self) -> int:
        """Records the disk refused."""
        return self._lost

    @property
    def next_number(self) -> int:
        """The number that the next record gets."""
        return self._number

    def append(self, record: Record, *, inbox_offset: int = 0) -> None:
        """Queue a record; `inbox_offset` says how far the inbox has been read (0: no farther).

        Every free text is redacted here but that of Output: its producer has redacted it already,
        since a secret may lie across two pieces.
        """
        if self._dropped and self._queued_bytes < self._limit_output // 2:
            self._report_dropped()
        self._append(record, inbox_offset)

    def _append(self, record: Record, inbox_offset: int) -> None:
        limit = self._limit_output if type(record) is Output else self._limit_other
        if self._queued_bytes >= limit:
            self._drop(_QUEUE_FULL, record)
            return
        try:
            data = self._encoded(record, inbox_offset)
        except (
            Exception
        ) as error:  # a record that cannot be redacted must not be written, nor stop us
            self._drop(f"could not be encoded: {type(error).__name__}", record)
            return
        if len(data) > LINE_BYTES_MAX:
            self._append_long(record, inbox_offset)
            return
        self._number += 1
        with self._lock:
            self._queue.append((data, inbox_offset))
            self._queued_bytes += len(data)
            if self._waiting:
                self._waiting = False
                self._changed.notify_all()

    def _append_long(self, record: Record, inbox_offset: int) -> None:
        """Output comes in pieces anyway, so it may as well come in smaller ones."""
        if isinstance(record, Output):
            for half in _halves(record):
                self._append(half, inbox_offset)
        else:
            self._drop(_TOO_LONG, record)

    def _encoded(self, record: Record, inbox_offset: int) -> bytes:
        if type(record) is not Output:
            record = redact(record, self._redactor)
        try:
            return encode(record, number=self._number, inbox_offset=inbox_offset)
        except UnicodeEncodeError:
            plain = without_surrogates(record)
            return encode(plain, number=self._number, inbox_offset=inbox_offset)

    def _drop(self, reason: str, record: Record) -> None:
        before = self._dropped.get(reason)
        size_bytes = len(record.text) + len(record.raw) if isinstance(record, Output) else 0
        self._dropped[reason] = Damage(
            wall_ns=record.wall_ns,
            mono_ns=record.mono_ns,
            where="journal",
            reason=reason,
            count=before.count + 1 if before else 1,
            size_bytes=before.size_bytes + size_bytes if before else size_bytes,
        )

    def _report_dropped(self) -> None:
        dropped, self._dropped = self._dropped, {}
        for damage in dropped.values():
            self._append(damage, 0)

    def flush(self, timeout_s: float) -> bool:
        """Wait until all that was appended is written or refused; False if that takes longer."""
        with self._changed:
            return self._changed.wait_for(lambda: self._idle and not self._queue, timeout_s)

    def close(self, timeout_s: float) -> None:
        """Write what is queued and what was dropped, for at most `timeout_s`; then end the thread.

        After it nothing may be appended. A disk that hangs keeps only the thread, a daemon.
        """
        if self._dropped:
            self.flush(timeout_s / 2)
            self._report_dropped()
        with self._changed:
            self._closing = True
            self._changed.notify_all()
        self._thread.join(timeout_s)

    def _run(self) -> None:
        try:
            while batch := self._next_batch():
                self._write(batch)
        finally:
            os.close(self._fd)

    def _next_batch(self) -> list[_Line]:
        with self._changed:
            self._idle = True
            while not self._queue and not self._closing:
                self._waiting = True
                self._changed.notify_all()
                self._changed.wait()
            self._waiting = False
            self._idle = False
            batch: list[_Line] = []
            size_bytes = 0
            while self._queue and size_bytes < _BATCH_BYTES:
                line = self._queue.popleft()
                batch.append(line)
                size_bytes += len(line[0])
            self._queued_bytes -= size_bytes
            self._idle = not batch
            self._changed.notify_all()
            return batch

    def _write(self, batch: list[_Line]) -> None:
        data = b"".join([line for line, _ in batch])
        if self._torn:
            data = b"\n" + data
        written = self._write_bytes(data) - self._torn
        if written == len(data) - self._torn:
            self._torn = False
            self._written_offset = max(self._written_offset, *(offset for _, offset in batch))
            return
        self._count_lost(batch, max(0, written), any_written=written >= 0)

    def _write_bytes(self, data: bytes) -> int:
        """Bytes written until the disk refused. A short write alone is no refusal: try the rest."""
        done = 0
        while done < len(data):
            try:
                done += os.write(self._fd, data[done:] if done else data)
            except OSError as error:
                self._error = self._error or (error.strerror or "write failed")
                break
        return done

    def _count_lost(self, batch: list[_Line], written: int, *, any_written: bool) -> None:
        for index, (line, inbox_offset) in enumerate(batch):
            if written < len(line):
                self._lost += len(batch) - index
                # nothing of the line: the file still ends with a line feed, if it did before
                self._torn = written > 0 or (self._torn and not any_written)
                return
            written -= len(line)
            self._written_offset = max(self._written_offset, inbox_offset)


def _halves(output: Output) -> tuple[Output, Output]:
    text, raw = len(output.text) // 2, len(output.raw) // 2
    return (
        structs.replace(output, text=output.text[:text], raw=output.raw[:raw]),
        structs.replace(output, text=output.text[text:], raw=output.raw[raw:], cut_bytes=0),
    )
