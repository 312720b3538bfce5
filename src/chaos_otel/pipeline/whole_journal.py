"""What a successor has to know of a journal: how far it goes, and what was open where it stops."""

from __future__ import annotations

import os
from dataclasses import dataclass

from chaos_otel.journal.line import Entry
from chaos_otel.journal.reader import JournalReader
from chaos_otel.records import OperationEnded, OperationStarted, ProcessStarted, RunEnded


@dataclass(slots=True)
class WholeJournal:
    """`open_op` is the operation begun last of those not ended; `inbox_offset` how far the inbox
    was taken in; `last_…_ns` when the last record was made; `torn`: the file ends without a line
    feed."""

    last_number: int = 0
    inbox_offset: int = 0
    torn: bool = False
    damaged_bytes: int = 0
    process_started: bool = False
    ended: bool = False
    open_op: str = ""
    last_wall_ns: int = 0
    last_mono_ns: int = 0


def read_whole(fd: int) -> WholeJournal:
    """Read a journal that nobody writes to any more, from its start."""
    reader = JournalReader(fd)
    whole = WholeJournal()
    open_ops: dict[str, None] = {}
    while (entries := reader.read()) is not None:
        _note_all(entries, whole, open_ops)
    _note_all(reader.finish(), whole, open_ops)
    whole.last_number = reader.last_number
    whole.damaged_bytes = reader.damage.size_bytes
    whole.torn = _torn(fd)
    whole.open_op = next(reversed(open_ops), "")
    return whole


def _note_all(entries: list[Entry], whole: WholeJournal, open_ops: dict[str, None]) -> None:
    for entry in entries:
        _note(entry.record, whole, open_ops)
        whole.last_wall_ns = entry.record.wall_ns
        whole.last_mono_ns = entry.record.mono_ns
        whole.inbox_offset = max(whole.inbox_offset, entry.inbox_offset)


def _note(record: object, whole: WholeJournal, open_ops: dict[str, None]) -> None:
    if isinstance(record, OperationStarted):
        open_ops[record.op] = None
    elif isinstance(record, OperationEnded):
        open_ops.pop(record.op, None)
    elif isinstance(record, ProcessStarted):
        whole.process_started = True
    elif isinstance(record, RunEnded):
        whole.ended = True


def _torn(fd: int) -> bool:
    size = os.fstat(fd).st_size
    return size > 0 and os.pread(fd, 1, size - 1) != b"\n"
