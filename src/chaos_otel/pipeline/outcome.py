"""From a journal to what people get: folds records as they come and writes the report at the end.

The same whether a run is followed live or its journal is read again: delivering twice gives the
same.
"""

from __future__ import annotations

import os
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass
from types import TracebackType
from typing import TYPE_CHECKING, Any

from chaos_otel.errors import ChaosOtelError, in_words
from chaos_otel.exporters.report import ReportExporter
from chaos_otel.exporters.report_summary import ReportSummary
from chaos_otel.journal.reader import JournalReader
from chaos_otel.pipeline import counting
from chaos_otel.pipeline.report_place import report_place
from chaos_otel.pipeline.run_folder import DELIVERED, JOURNAL
from chaos_otel.recorder.measures import RunMeasures
from chaos_otel.recorder.recorder import Recorder
from chaos_otel.records import Record, RunEnded, RunStarted

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import ReadableSpan

    from chaos_otel.pipeline.events_file import EventsFile

FSYNC_S = 1.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a run: its summary, where the report and the event document are ("" for
    none), what went wrong."""

    summary: ReportSummary
    report: str = ""
    events: str = ""
    problem: str = ""

    def answer(self) -> dict[str, Any]:
        """The same as plain data, for JSON."""
        return asdict(self)


class JournalFollower:
    """Follows one run's journal into spans and the spans into its report. Owns its descriptors.

    `turn` takes what has come; `finish` takes the rest, writes the outputs and counts the run,
    once. Raises OSError where there is no journal.
    """

    def __init__(
        self,
        folder: str,
        *,
        reserved: str = "",
        events_aside: bool = False,
        state: str = "",
        busy_s: float = counting.WAITED_FOR_S,
    ) -> None:
        """`reserved`: a report path that belongs to a later run already (`report_place`).
        `events_aside`: the event document is to lie in the run's folder. `state` is where the
        counters are, "" for a run that is not counted; `busy_s` how long they are waited for."""
        self._reserved = reserved
        self._events_aside = events_aside
        self._state = state
        self._busy_s = busy_s
        self._folder = folder
        self._fd = os.open(f"{folder}/{JOURNAL}", os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        self._reader = JournalReader(self._fd)
        self._recorder = Recorder(run_id=os.path.basename(folder))
        self._measures = RunMeasures()
        self._exporter = ReportExporter("", spool_folder=folder)
        self._events: EventsFile | None = None
        self._synced_s = time.monotonic()
        self._problems: dict[str, None] = {}  # each once, in order

    def __enter__(self) -> JournalFollower:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._fd)

    @property
    def hooks(self) -> Collection[str]:
        """The tools whose hooks have reported; none before the first record."""
        return self._recorder.run.hooks

    @property
    def name(self) -> str:
        """What the run is called by now; empty before the first record."""
        return self._recorder.run.name if self._reader.last_number else ""

    def turn(self) -> bool:
        """Take in what is new, a MiB or so; whether there was anything. Syncs once a second."""
        now_s = time.monotonic()
        if now_s - self._synced_s >= FSYNC_S:
            self._synced_s = now_s
            self._sync()
        entries = self._reader.read()
        for entry in entries or ():
            self._take(entry.record)
        return entries is not None

    def finish(
        self, *, final: bool = True, end: RunEnded | None = None, waited_for: bool = False
    ) -> Outcome:
        """Write what comes of the journal. What cannot be written is the `problem`.

        Not `final`: the run goes on, and its outputs will be written again. `end` counts where the
        journal has none. `waited_for`: somebody has waited for this since the command ended.
        """
        while self.turn():
            pass
        for entry in self._reader.finish():
            self._take(entry.record)
        if end is not None and self._reader.last_number and self._recorder.run.ended is None:
            self._take(end)
        self._take_spans(self._recorder.finish())
        self._sync()
        report = ""
        events = self._write_events()
        try:
            report = self._write_report(self._recorder.run.started.report_path)
            if final:
                self._count(
                    waited_for=waited_for
                )  # first: what is delivered is not looked at again
                if events is not None:
                    self._mark_delivered()
        except (OSError, ChaosOtelError) as error:
            self._problems[in_words(error)] = None
        self._note_damage()
        return Outcome(
            self._exporter.summary,
            report=report,
            events=events or "",
            problem="; ".join(self._problems),
        )

    def _take(self, record: Record) -> None:
        spans = self._recorder.fold(record)
        self._measures.record(record)
        if isinstance(record, RunStarted) and record.events_path and self._events is None:
            from chaos_otel.pipeline.events_file import EventsFile

            self._events = EventsFile(self._folder, record, aside=self._events_aside)
        if spans:
            self._take_spans(spans)

    def _take_spans(self, spans: list[ReadableSpan]) -> None:
        self._measures.spans(spans)
        self._exporter.export(spans)
        if self._events is not None:
            self._events.export(spans)

    def _write_events(self) -> str | None:
        """Where the event document is, "" for none; None where it could not be written."""
        if self._events is None:
            return ""
        try:
            path, problem = self._events.write()
        except (OSError, ChaosOtelError) as error:
            path, problem = None, in_words(error)
        if problem:
            self._problems[problem] = None
        return path

    def _count(self, *, waited_for: bool) -> None:
        if not self._state or not self._reader.last_number:
            return
        run = self._recorder.run
        after_s = None
        if waited_for and run.ended is not None:
            after_s = (time.monotonic_ns() - run.ended.mono_ns) / 1e9
        problem = counting.count(
            self._folder,
            lambda: self._measures.finish(
                run,
                self._recorder.outcome,
                lost_records=self._reader.damage.lost_records,
                after_s=after_s,
            ),
            state=self._state,
            busy_s=self._busy_s,
        )
        if problem:
            self._problems[problem] = None

    def _sync(self) -> None:
        try:
            os.fsync(self._fd)
        except OSError as error:
            self._problems[f"the journal may not survive a crash: {in_words(error)}"] = None

    def _write_report(self, wanted: str) -> str:
        if not wanted:
            self._exporter.discard()
            return ""
        run_id = self._recorder.run.started.run_id
        with report_place(
            wanted, run_id=run_id, run_folder=self._folder, reserved=self._reserved
        ) as place:
            if place.problem:
                self._problems[place.problem] = None
            self._exporter.close(place.path)
        return place.path

    def _mark_delivered(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
        os.close(os.open(f"{self._folder}/{DELIVERED}", flags, 0o600))

    def _note_damage(self) -> None:
        damage = self._reader.damage
        if damage:
            problem = (
                f"the journal was damaged: {damage.size_bytes} bytes unreadable, "
                f"{damage.lost_records} records lost"
            )
            self._problems[problem] = None
