"""Reads a journal that may grow or be damaged: what is whole comes out, the rest is counted.

Knows the journal's lines (`line.py`), not what stands in them.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from chaos_otel.journal.line import LINE_BYTES_MAX, Entry, decode, is_foreign, salvage
from chaos_otel.records import RunStarted

_READ_BYTES: Final = 1 << 20


@dataclass(slots=True)
class JournalDamage:
    """What could not be read, counted.

    `stretches` of damaged bytes one behind another, `size_bytes` in them; `lost_records` missing
    from the numbers; `repeated_records` skipped because their number had been read or they are
    another run's; `foreign_lines` whole but of another version (also in `size_bytes`).
    """

    stretches: int = 0
    size_bytes: int = 0
    lost_records: int = 0
    repeated_records: int = 0
    foreign_lines: int = 0

    def __bool__(self) -> bool:
        return bool(self.stretches or self.lost_records or self.repeated_records)


class JournalReader:
    """Follows a journal from its start: each record once, in order; no bytes make it raise.

    Reads `fd` by position, so others may share it; does not close it. Holds at most one line
    (`LINE_BYTES_MAX`) and one batch in memory.
    """

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._offset = 0
        self._rest = b""
        self._overlong = False
        self._in_stretch = False
        self._last_number = 0
        self._run_id: str | None = None
        self._in_foreign_run = False
        self.damage = JournalDamage()
        self.error = ""

    @property
    def offset(self) -> int:
        """How far the file has been read, in bytes."""
        return self._offset

    @property
    def last_number(self) -> int:
        """The number of the last record, from which a successor goes on."""
        return self._last_number

    def read(self) -> list[Entry] | None:
        """The records of the next MiB or so; an empty list may still be followed by more.

        None when there is nothing new in the file, or it cannot be read (`error` says why).
        """
        try:
            data = os.pread(self._fd, _READ_BYTES, self._offset)
        except OSError as error:
            self.error = error.strerror or "read failed"
            return None
        if not data:
            return None
        self._offset += len(data)
        return self._take(data)

    def finish(self) -> list[Entry]:
        """The journal is closed: what is left, also of an unfinished last line.

        Call it when `read` has said None: it gives all that is still unread in one list.
        """
        entries: list[Entry] = []
        while (more := self.read()) is not None:
            entries += more
        rest, self._rest = self._rest, b""
        self._overlong = False
        if rest:
            self._take_damaged(rest, entries)
        return entries

    def _take(self, data: bytes) -> list[Entry]:
        entries: list[Entry] = []
        *lines, rest = data.split(b"\n")
        if lines:
            lines[0] = self._rest + lines[0]
            self._rest = b""
            if self._overlong:
                self._overlong = False
                self._count_damage(len(lines.pop(0)) + 1)
        for line in lines:
            entry = decode(line)
            if entry is not None:
                self._take_entry(entry, entries)
            elif line:
                self._take_damaged(line, entries, feed_bytes=1)
        self._keep(rest)
        return entries

    def _keep(self, rest: bytes) -> None:
        self._rest += rest
        if self._overlong or len(self._rest) > LINE_BYTES_MAX:
            self._overlong = True
            self._count_damage(len(self._rest))
            self._rest = b""

    def _take_damaged(self, line: bytes, entries: list[Entry], *, feed_bytes: int = 0) -> None:
        self.damage.foreign_lines += is_foreign(line)
        for found in salvage(line):
            if isinstance(found, int):
                self._count_damage(found)
            else:
                feed_bytes = 0
                self._take_entry(found, entries)
        if feed_bytes:
            self.damage.size_bytes += feed_bytes

    def _count_damage(self, size_bytes: int) -> None:
        self.damage.stretches += not self._in_stretch
        self._in_stretch = True
        self.damage.size_bytes += size_bytes

    def _take_entry(self, entry: Entry, entries: list[Entry]) -> None:
        self._in_stretch = False
        expected = self._last_number + 1
        if type(entry.record) is RunStarted:
            self._run_id = self._run_id or entry.record.run_id
            self._in_foreign_run = entry.record.run_id != self._run_id
        if self._in_foreign_run or entry.number < expected:
            self.damage.repeated_records += 1
            return
        self.damage.lost_records += entry.number - expected
        self._last_number = entry.number
        entries.append(entry)
