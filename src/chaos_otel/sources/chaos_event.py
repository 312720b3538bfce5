"""The decoder of Ch-aOS's machine lines: from one line of stdout to records.

    CHAOS_RUN_ID::ID  CHAOS_EVENT::{json}  CHAOS_LOGBOOK::{json}  CHAOS_REPORT::{json}
    CHAOS_RUN_ENDED::ID

Version 0.7 says all of an operation in its progress line. The first version's progress lines have
no time, no duration and no output, and a report at the end that has them: what such a line says is
provisional, and the report supersedes it. Every line is dirty: one that does not fit costs itself,
is counted as damage, and never raises. Knows nothing of streams and journals.
"""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, Final

from chaos_otel.clock import Clock, Moment
from chaos_otel.records import Damage, Superseded, Tag
from chaos_otel.sources import chaos_document
from chaos_otel.sources.chaos_fields import Fields, Unfit
from chaos_otel.sources.chaos_lines import (
    LOGBOOK,
    MARKERS,
    REPORT,
    RUN_ENDED,
    RUN_ID,
    MachineLine,
)
from chaos_otel.sources.chaos_nested import NestedOperations
from chaos_otel.sources.chaos_records import Said, ended, event, operation
from chaos_otel.sources.chaos_told import Told, told
from chaos_otel.sources.chaos_values import Redactor, cut
from chaos_otel.sources.inbox_times import EmitterTimes

TIMES_KEPT: Final = 50_000
_ID_CHARACTERS = 200
_VERSIONED = b'"api_version"'
_VERSIONED_WITHIN_BYTES = 200


class ChaosDecoder:
    """Takes lines in their order. `new_id` makes the ids of operations.

    `since_mono_ns` is the run's start: nothing ended before it.
    """

    def __init__(
        self,
        clock: Clock,
        redactor: Redactor,
        *,
        since_mono_ns: int,
        new_id: Callable[[], str],
    ) -> None:
        self._clock = clock
        self._redactor = redactor
        self._new_id = new_id
        self._times = EmitterTimes(since_mono_ns)
        self._now = Moment(0, since_mono_ns)
        self._json = json.JSONDecoder()
        self._nested = NestedOperations()
        # when the first version's operations ended, by host and name: its report does not say
        self._ends: dict[tuple[str, str], deque[Moment]] = {}
        self._ends_kept = 0

    def decode(self, line: MachineLine) -> Iterator[Said]:
        """What a line says; a long report is told piece by piece. Never raises."""
        self._now = self._clock()
        self._times.reading(self._now)
        text = line.text
        while text:
            marker = next((one for one in MARKERS if text.startswith(one)), b"")
            rest: list[bytes] = []
            try:
                yield from self._say(marker, text[len(marker) :], line.op, rest)
            except Unfit as fault:
                yield self._damage(f"Ch-aOS: {fault.problem}", len(text))
            except (ValueError, RecursionError):
                yield self._damage("Ch-aOS: a line that is torn or no JSON", len(text))
            except Exception as error:  # the edge: a line that nobody thought of costs itself
                yield self._damage(f"Ch-aOS: {type(error).__name__}", len(text))
            text = rest[0] if rest else b""

    def finish(self) -> Iterator[Said]:
        """No more lines come: inner operations whose outer one never ended stand for themselves."""
        for one, parent, end in self._nested.take_all():
            yield from operation(one, self._new_id(), end, self._redactor, parent=parent)

    def _say(self, marker: bytes, text: bytes, op: str, rest: list[bytes]) -> Iterator[Said]:
        """The records of what follows on a marker. Into `rest` goes a second line that another
        writer's lost line feed has put behind the first."""
        if marker == RUN_ID:
            yield self._tag("ch_aos.run_id", text.decode("utf-8", "backslashreplace").strip())
            return
        if marker == RUN_ENDED or (marker == LOGBOOK and _repeats(text)):
            return
        value, behind = self._decoded(text)
        if behind.startswith(MARKERS):
            rest.append(behind)
        elif behind:
            yield self._damage("Ch-aOS: a line with other output behind it", len(behind))
        fields = Fields(value)
        if marker in (LOGBOOK, REPORT):
            yield from self._document(fields, op)
        elif fields.raw("type") == "progress":
            yield from self._progress(fields, op)
        else:
            yield from self._event(fields)

    def _decoded(self, text: bytes) -> tuple[Any, bytes]:
        decoded = text.decode("utf-8", "backslashreplace")
        value, end = self._json.raw_decode(decoded.lstrip())
        behind = decoded.lstrip()[end:].strip()
        return value, behind.encode("utf-8", "backslashreplace")

    def _progress(self, fields: Fields, op: str) -> Iterator[Said]:
        one = told(fields, host=fields.text("host"), logs=fields.object("logs"))
        if one.timestamp_s is None:
            yield self._provisional(one, op)
            return
        end = self._moment(one.timestamp_s)
        if one.parent_hash and self._nested.hold(one, op, end):
            return
        yield from self._whole(one, op, end)

    def _whole(self, one: Told, parent: str, end: Moment) -> Iterator[Said]:
        """An operation and, inside it, those that were held for it."""
        own_id = self._new_id()
        inner = (
            said
            for child, _, child_end in self._nested.take(one)
            for said in self._whole(child, own_id, child_end)
        )
        yield from operation(one, own_id, end, self._redactor, parent=parent, inner=inner)

    def _provisional(self, one: Told, op: str) -> Said:
        if self._ends_kept < TIMES_KEPT:
            self._ends.setdefault((one.host, one.name), deque()).append(self._now)
            self._ends_kept += 1
        own_id = self._new_id()
        return ended(one, own_id, self._now, self._redactor, parent=op, provisional=True)

    def _document(self, document: Fields, op: str) -> Iterator[Said]:
        """What the first versions say at the end."""
        if chaos_document.is_logbook(document) or "hosts" not in document:
            return
        known = list(chaos_document.operations(document))  # all of it fits, or none counts
        yield Superseded(wall_ns=self._now.wall_ns, mono_ns=self._now.mono_ns)
        ends, self._ends, self._ends_kept = self._ends, {}, 0
        for _, one in known:
            waiting = ends.get((one.host, one.name))
            end = waiting.popleft() if waiting else self._now
            yield from operation(one, self._new_id(), end, self._redactor, parent=op)

    def _event(self, fields: Fields) -> Iterator[Said]:
        kind = cut(fields.text("type", "event"), _ID_CHARACTERS)
        timestamp_s = fields.number("timestamp")
        at = self._now if timestamp_s is None else self._moment(timestamp_s)
        if kind == "run_end" and "status" in fields:
            yield self._tag("ch_aos.status", fields.text("status"))
        if kind == "run_start":  # its hailer says who by name, and from where
            hostname = fields.object("hailer").text("hostname")
            fields = Fields({"type": kind, "hostname": hostname, "run_id": fields.raw("run_id")})
        if kind == "fact":
            message = fields.text("command") or kind
            yield event(fields, at, self._redactor, type="debug", message=message)
        else:
            message = f"{kind} {fields.text('stage')}".rstrip()
            yield event(fields, at, self._redactor, type="info", message=message)

    def _moment(self, timestamp_s: float) -> Moment:
        return self._times.moment(f"{timestamp_s:.6f}")

    def _tag(self, key: str, value: str) -> Tag:
        now = self._now
        return Tag(
            wall_ns=now.wall_ns, mono_ns=now.mono_ns, key=key, value=cut(value, _ID_CHARACTERS)
        )

    def _damage(self, reason: str, size_bytes: int) -> Damage:
        now = self._now
        return Damage(
            wall_ns=now.wall_ns,
            mono_ns=now.mono_ns,
            where="input",
            reason=reason,
            size_bytes=size_bytes,
        )


def _repeats(logbook: bytes) -> bool:
    """Whether it is of a version that has said all of it before: megabytes not worth a look."""
    return _VERSIONED in logbook[:_VERSIONED_WITHIN_BYTES]
