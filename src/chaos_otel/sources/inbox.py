"""The inbox decoder: from the bytes that emitters appended to records.

The grammar is in `docs/journal-format.md`. Every input is dirty: a torn, foreign or unreadable
line costs itself, is counted as damage, and never raises. Knows nothing of files, redaction and
journals.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from chaos_otel.clock import Clock
from chaos_otel.records import Damage, OperationEnded, OperationStarted, Record
from chaos_otel.sources.inbox_fields import NotARecord, record
from chaos_otel.sources.inbox_pieces import PieceStore
from chaos_otel.sources.inbox_times import EmitterTimes

_LONGEST_LINE = 10_005  # four digits, a space, and what four digits can announce
_RECENT_STARTS_KEPT = 65_536
_LINE_BEGINS = re.compile(rb"(?=([0-9]{1,4}) [A-Z]\t)")
_LINE_WITHIN = re.compile(rb"[0-9] [A-Z]\t")
_ESCAPE = re.compile(rb"\\([\\tn])")
_UNESCAPED = {b"\\": b"\\", b"t": b"\t", b"n": b"\n"}


class Parsed(NamedTuple):
    """A record, the streams (1, 2) whose marks must have been seen before it counts, and where its
    line ends: the bytes fed up to there."""

    record: Record
    marks: tuple[int, ...] = ()
    offset: int = 0


class InboxDecoder:
    """Turns the bytes of an inbox into records; an unfinished last line, and pieces, wait for more.

    `since_mono_ns` is a moment before every line: the run's start, as a successor reads it from the
    journal; by default the moment of creation.
    """

    def __init__(self, clock: Clock, *, since_mono_ns: int | None = None) -> None:
        self._clock = clock
        now = clock()
        self._times = EmitterTimes(now.mono_ns if since_mono_ns is None else since_mono_ns)
        self._pieces = PieceStore()
        self._rest = b""
        self._fed_bytes = 0
        self._line_end = 0
        self._at_start = True
        self._starts: dict[str, int] = {}
        self._damage: dict[str, list[int]] = {}

    @property
    def consumed(self) -> int:
        """How many of the bytes fed so far were whole lines; an unfinished last one is not."""
        return self._fed_bytes - len(self._rest)

    def feed(self, data: bytes) -> list[Parsed]:
        """Decode what follows on what was fed before. Never raises, whatever the bytes.

        Damage of one reason comes as one record a call, behind the others.
        """
        now = self._clock()
        self._times.reading(now)
        self._line_end = self.consumed
        self._fed_bytes += len(data)
        lines = (self._rest + data).split(b"\n")
        rest = lines.pop()
        if self._at_start:
            lines, rest = self._skip_hole(lines, rest)
        if len(rest) > _LONGEST_LINE:
            self._damaged("a line that does not end", len(rest) - _LONGEST_LINE)
            rest = rest[-_LONGEST_LINE:]
        self._rest = rest
        parsed: list[Parsed] = []
        for line in lines:
            self._line_end += len(line) + 1
            self._line(line, parsed)
        return self._with_damage(parsed)

    def finish(self) -> list[Parsed]:
        """The end: an unfinished line is damage; pieces are put together as far as they go."""
        self._times.reading(self._clock())
        self._line_end = self._fed_bytes
        parsed: list[Parsed] = []
        rest, self._rest = self._rest.lstrip(b"\0"), b""
        if rest:
            self._damaged("a last line that is torn", len(rest))
        for payload in self._pieces.leftovers():
            self._damaged("pieces that never came", 0)
            if payload:
                self._payload(payload, parsed)
        return self._with_damage(parsed)

    def _skip_hole(self, lines: list[bytes], rest: bytes) -> tuple[list[bytes], bytes]:
        """NULs at the start are the space that was given back behind an earlier reader."""
        if lines:
            first = lines[0].lstrip(b"\0")
            self._line_end += len(lines[0]) - len(first)
            lines[0] = first
            self._at_start = False
        else:
            rest = rest.lstrip(b"\0")
            self._at_start = not rest
        return lines, rest

    def _line(self, line: bytes, parsed: list[Parsed]) -> None:
        length, space, payload = line.partition(b" ")
        whole = b""
        if space and length.isdigit() and len(length) <= 4 and int(length) == len(payload):
            # a torn line may lack just as much as the next one is long
            if not _LINE_WITHIN.search(payload) or not (whole := _whole_at_the_end(payload)):
                self._payload(payload, parsed)
                return
        else:
            whole = _whole_at_the_end(line)
        self._damaged("a line that is torn or foreign", len(line) - len(whole))
        if whole:
            self._payload(whole.partition(b" ")[2], parsed)

    def _payload(self, payload: bytes, parsed: list[Parsed]) -> None:
        try:
            if payload.startswith(b"P\t"):
                self._piece(payload, parsed)
                return
            made, marks = record(_fields(payload), self._times.moment)
            parsed.append(Parsed(self._in_order(made), marks, self._line_end))
        except NotARecord as fault:
            self._damaged(str(fault), len(payload))

    def _piece(self, payload: bytes, parsed: list[Parsed]) -> None:
        whole = self._pieces.add(payload)
        for count_bytes in self._pieces.take_evicted():
            self._damaged("pieces that never came", count_bytes)
        if whole is None:
            return
        if whole.startswith(b"P\t"):
            raise NotARecord("a piece made of pieces")
        self._payload(whole, parsed)

    def _in_order(self, made: Record) -> Record:
        """No operation ends before it began, even if the emitter's clock was set in between."""
        starts = self._starts
        if isinstance(made, OperationStarted):
            if len(starts) >= _RECENT_STARTS_KEPT:
                starts.pop(next(iter(starts)))
            starts[made.op] = made.mono_ns
        elif isinstance(made, OperationEnded):
            started_ns = starts.pop(made.op, 0)
            if started_ns > made.mono_ns:
                return _ended_at(made, started_ns)
        return made

    def _damaged(self, reason: str, size_bytes: int) -> None:
        counts = self._damage.setdefault(reason, [0, 0])
        counts[0] += 1
        counts[1] += size_bytes

    def _with_damage(self, parsed: list[Parsed]) -> list[Parsed]:
        if self._damage:
            now = self._times.moment("")
            for reason, (count, size_bytes) in self._damage.items():
                parsed.append(
                    Parsed(
                        Damage(
                            wall_ns=now.wall_ns,
                            mono_ns=now.mono_ns,
                            where="inbox",
                            reason=reason,
                            count=count,
                            size_bytes=size_bytes,
                        )
                    )
                )
            self._damage.clear()
        return parsed


def _fields(payload: bytes) -> list[str]:
    """Unescaped text of each field; bytes that are not UTF-8 are shown as \\xNN."""
    if b"\\" not in payload:
        return payload.decode("utf-8", "backslashreplace").split("\t")
    return [
        _ESCAPE.sub(lambda found: _UNESCAPED[found[1]], field).decode("utf-8", "backslashreplace")
        for field in payload.split(b"\t")
    ]


def _whole_at_the_end(line: bytes) -> bytes:
    """The whole line that a torn one runs into, or nothing."""
    tail = line[-_LONGEST_LINE:]
    for found in _LINE_BEGINS.finditer(tail):
        if int(found[1]) == len(tail) - found.end(1) - 1:
            return tail[found.start() :]
    return b""


def _ended_at(ended: OperationEnded, mono_ns: int) -> OperationEnded:
    values = {name: getattr(ended, name) for name in ended.__struct_fields__}
    return OperationEnded(**{**values, "mono_ns": mono_ns})
