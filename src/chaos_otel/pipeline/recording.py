"""Takes what the command said and printed, redacts it and appends it to the journal.

Works behind the tap that the runner's loop feeds, in capture and, after its death, in `deliver`. It
brings two orders together: records arrive through a file, output through pipes; an operation's end
is written only when the marks say that all it printed has been seen. Knows nothing of
OpenTelemetry.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable

import msgspec

from chaos_otel.clock import Clock, Moment
from chaos_otel.journal.writer import JournalWriter
from chaos_otel.pipeline.inbox_file import InboxFile
from chaos_otel.pipeline.machine_lines import MachineLines
from chaos_otel.pipeline.output_records import OutputRecords
from chaos_otel.pipeline.output_store import OutputStore
from chaos_otel.privacy.redact import Redactor
from chaos_otel.records import (
    Damage,
    Flushed,
    OperationEnded,
    OperationStarted,
    Output,
    Record,
    RunEnded,
    RunNamed,
)
from chaos_otel.sources.chaos_records import Printed, Said
from chaos_otel.sources.inbox import InboxDecoder, Parsed

SLICE_NS = 1_000_000
MARKS_WAIT_NS = 100_000_000
IDLE_S = 0.05
CROWDED_S = 0.01
READ_AHEAD_RECORDS = 2_000


class Recording:
    """Owns the inbox's reader and the journal's writer.

    `finish` reads what is left in the inbox, writes what is held of the outputs and then `last`,
    and closes both; after it nothing may be called. `flushes` counts the flushes that scripts asked
    for.
    """

    def __init__(
        self,
        inbox: InboxFile | None,
        journal: JournalWriter,
        redactor: Redactor,
        store: OutputStore,
        *,
        clock: Clock,
        since_mono_ns: int,
    ) -> None:
        self._inbox = inbox
        self._journal = journal
        self._redactor = redactor
        self._clock = clock
        self._decoder = InboxDecoder(clock, since_mono_ns=since_mono_ns)
        self._decoded_from = inbox.offset if inbox else 0
        self._waiting: deque[Parsed] = deque()
        self._waiting_since_ns = 0
        self.flushes = 0
        # Output runs ahead of the inbox. What an operation printed is written behind its start, or
        # whoever reads the journal would have to keep it for an operation that may never come.
        self._open_ops = {""}
        self._store = store
        self._outputs = OutputRecords(store, redactor)
        self._lines = MachineLines(store, redactor, clock=clock, since_mono_ns=since_mono_ns)

    @property
    def error(self) -> str:
        """The disk's first failure in words; empty while all is well."""
        return self._journal.error

    def append(self, records: Iterable[Record]) -> None:
        """Write records that came another way than the inbox."""
        for record in records:
            self._append(record)

    def say(self, said: Iterable[Said], *, wait_s: float) -> None:
        """Write all of it, what operations printed included; waits for a disk that is behind, each
        time at most `wait_s`."""
        for one in said:
            if self._journal.is_crowded:
                self._journal.flush(wait_s)
            self._write_one(one)

    def settle(self, wait_s: float) -> None:
        """Have all that was taken in so far on its way to the disk; waits at most `wait_s`."""
        self._journal.flush(wait_s)

    def work(self) -> float:
        """Take in about a millisecond's worth; seconds until the next call is due (0.0: at
        once)."""
        now = self._clock()
        until_ns = now.mono_ns + SLICE_NS
        self._write_outputs(now)
        # A hook tells of an operation before the program prints of it: with the inbox read to its
        # end behind this line, what these lines repeat is known to be told already.
        self._lines.listen()
        while True:
            if self._journal.is_crowded:
                return CROWDED_S  # the inbox keeps what it holds; a full queue would not
            if not self._waiting and not self._read():
                if not self._write_said(until_ns):
                    return IDLE_S
            elif not self._write_waiting(until_ns):
                return 0.001
            if self._clock().mono_ns >= until_ns:
                return 0.0

    def finish(
        self,
        last: Iterable[Record],
        *,
        wait_s: float,
        asked_to_leave: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Bring everything to its end; waits for a disk that writes, for one that hangs at most
        twice `wait_s`.

        False where we were asked to leave first: then `last` is not written, and whoever goes on
        from the journal finds the rest in the inbox.
        """
        whole = self._take_in_the_rest(wait_s, asked_to_leave)
        if whole:
            self._waiting.extend(self._decoder.finish())
            self._write_all_waiting()
        for said in self._lines.finish():
            self._write_one(said)
        for record in self._outputs.end_all(self._clock()):
            self._journal.append(record)
        if whole:
            self.append(last)
        self._journal.close(wait_s)
        if self._inbox is not None:
            self._inbox.close()
        return whole

    def _take_in_the_rest(self, wait_s: float, asked_to_leave: Callable[[], bool]) -> bool:
        keeps_up = True
        more = True
        while more:
            if asked_to_leave():
                return False
            self._write_all_waiting()
            if keeps_up and self._journal.is_crowded:
                keeps_up = self._journal.flush(wait_s)
            more = self._read()
        return True

    def _read(self) -> bool:
        if self._inbox is None or len(self._waiting) > READ_AHEAD_RECORDS:
            return False
        try:
            data = self._inbox.read()
        except OSError as error:
            self._lose_inbox(error)
            return False
        if not data:
            return False
        self._waiting.extend(self._decoder.feed(data))
        self._inbox.give_back(self._journal.written_offset)
        return True

    def _lose_inbox(self, error: OSError) -> None:
        now = self._clock()
        reason = f"the inbox cannot be read: {error.strerror}"
        self.append(
            [Damage(wall_ns=now.wall_ns, mono_ns=now.mono_ns, where="inbox", reason=reason)]
        )
        self._inbox = None

    def _write_waiting(self, until_ns: int) -> bool:
        """Write decoded records until the slice is over; False where one waits for its marks."""
        waiting = self._waiting
        count = 0
        while waiting:
            parsed = waiting[0]
            if parsed.marks and not self._marks_seen(parsed):
                return False
            waiting.popleft()
            self._write(parsed)
            count += 1
            if not count & 15 and self._clock().mono_ns >= until_ns:
                break
        return True

    def _write_all_waiting(self) -> None:
        while self._waiting:
            self._write(self._waiting.popleft())

    def _write_said(self, until_ns: int) -> bool:
        """Write what machine lines say until the slice is over; False where nothing was left."""
        while (said := self._lines.next()) is not None:
            self._write_one(said)
            if self._clock().mono_ns >= until_ns:
                return True
        return False

    def _write_one(self, said: Said) -> None:
        if isinstance(said, Printed):
            self._store.add_printed(said.stream, said.op, said.data)
        else:
            self._write(Parsed(said))

    def _marks_seen(self, parsed: Parsed) -> bool:
        record = parsed.record
        if not isinstance(record, OperationEnded | Flushed) or self._store.left(
            record.op, parsed.marks
        ):
            self._waiting_since_ns = 0
            return True
        now_ns = self._clock().mono_ns
        if not self._waiting_since_ns:
            self._waiting_since_ns = now_ns
        if now_ns - self._waiting_since_ns < MARKS_WAIT_NS:
            return False
        self._waiting_since_ns = 0
        return True

    def _write(self, parsed: Parsed) -> None:
        record = parsed.record
        if isinstance(record, Output):  # raw text: it goes the way of what comes through a pipe
            self._store.add(record.stream, record.op, record.text.encode("utf-8", "replace"))
            return
        if isinstance(record, OperationStarted | RunNamed):
            self._open_ops.add(record.op)
        elif isinstance(record, OperationEnded | Flushed) and record.op:
            self._end_operation(record.op, Moment(record.wall_ns, record.mono_ns))
        self.flushes += isinstance(record, Flushed)
        self._append(record, inbox_offset=self._decoded_from + parsed.offset)

    def _append(self, record: Record, *, inbox_offset: int = 0) -> None:
        """The end of the run says how much was taken out of all that was written before it."""
        if isinstance(record, RunEnded):
            record = msgspec.structs.replace(record, redactions=self._redactor.count)
        self._journal.append(record, inbox_offset=inbox_offset)

    def _end_operation(self, op: str, moment: Moment) -> None:
        self._open_ops.discard(op)
        for output in self._outputs.end(op, moment):
            self._journal.append(output)

    def _write_outputs(self, now: Moment) -> None:
        for output in self._outputs.due(now, self._open_ops):
            self._journal.append(output)
