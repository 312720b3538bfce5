"""The tap that is there when the command starts, and becomes a recording when that has been loaded.

Quick to import. What it loads (redaction, the journal's encoder) takes some 50 ms, and the
command's output must not wait for it: a thread loads while the loop pumps and the store keeps.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from chaos_otel import clock
from chaos_otel.errors import in_words
from chaos_otel.pipeline.file_limit import raise_file_limit
from chaos_otel.pipeline.output_store import OutputStore
from chaos_otel.pipeline.plan import Plan
from chaos_otel.pipeline.preparation import Prepared
from chaos_otel.runner.contract import Ended, Exit

if TYPE_CHECKING:
    from chaos_otel.pipeline.recording import Recording

LOADING_S = 0.01
LOAD_WAIT_S = 60.0  # 200 runs at once on two cores load for 40 s
JOURNAL_WAIT_S = 5.0


class LateTap:
    """Implements `runner.contract.Tap` for capture.

    After `finish`, `problems` is what people should know, `unwritten` the end of the command if the
    journal does not have it.
    """

    def __init__(self, prepared: Prepared) -> None:
        self.problems: list[str] = []
        self.unwritten: Exit | None = None
        self._prepared = prepared
        self._plan = prepared.plan
        limit_bytes = self._plan.output_limit_bytes if self._plan else 0
        root = self._plan.process_span_id if self._plan else ""
        self._store = OutputStore(limit_bytes, root=root)
        self._recording: Recording | None = None
        self._loader: threading.Thread | None = None

    def command_started(self, pid: int) -> None:
        """Begin to load; from now on nothing that we do delays the command's start."""
        raise_file_limit()
        if self._plan is None:
            return
        if self._prepared.handover is not None:
            self._prepared.handover.command_started(pid)
        arguments = (self._plan, pid, clock.now())
        loader = threading.Thread(target=self._load, args=arguments, daemon=True)
        try:
            loader.start()
        except RuntimeError as error:
            self._not_recorded(error)
        else:
            self._loader = loader

    def output(self, stream: int, op: str, data: bytes) -> None:
        """Keep what is to be kept of it."""
        self._store.add(stream, op, data)

    def marked(self, stream: int, op: str) -> None:
        """Note whose the stream is now."""
        self._store.mark(stream, op)

    def closed(self, stream: int) -> None:
        """Let `deliver` close its copy too, at once: then the command sees that nobody reads."""
        self._store.close(stream)
        if self._prepared.handover is not None:
            self._prepared.handover.stream_closed(stream)

    def work(self) -> float:
        """A slice of recording, as soon as there is one."""
        if self._recording is not None:
            return self._recording.work()
        return LOADING_S if self._loader is not None else 3600.0

    def finish(self, ended: Ended, asked_to_leave: Callable[[], bool]) -> None:
        """Write the rest and the run's end.

        Takes long where a disk or a busy machine does, or where the command said much at its end;
        leaves what is left to `deliver` when we are asked to leave.
        """
        self._wait_for_loader(asked_to_leave)
        recording, self._recording = self._recording, None
        self.unwritten = ended.exit
        try:
            if recording is not None:
                self._close(recording, ended, asked_to_leave)
            elif self._plan is not None and not self.problems:
                self.problems.append("the run could not be recorded: it takes too long to begin")
        except Exception as error:  # the edge: what the command left with is known by now
            self._not_recorded(error)

    def abandon(self, error: Exception) -> None:
        """Leave inbox and journal, as far as they are written, to `deliver`."""
        self._wait_for_loader(lambda: False)
        self.problems.append(f"this run was recorded without us: {in_words(error)}")
        recording, self._recording = self._recording, None
        try:
            if recording is not None:
                recording.finish((), wait_s=JOURNAL_WAIT_S)
        except Exception as another:  # the edge, again
            self._not_recorded(another)

    def _wait_for_loader(self, asked_to_leave: Callable[[], bool]) -> None:
        if self._loader is None:
            return
        until_s = time.monotonic() + LOAD_WAIT_S
        while self._loader.is_alive() and time.monotonic() < until_s and not asked_to_leave():
            self._loader.join(0.1)

    def _close(
        self, recording: Recording, ended: Ended, asked_to_leave: Callable[[], bool]
    ) -> None:
        from chaos_otel.pipeline.closing import run_ended

        assert self._plan is not None
        last = [run_ended(ended, self._plan)]
        whole = recording.finish(last, wait_s=JOURNAL_WAIT_S, asked_to_leave=asked_to_leave)
        if not recording.error:
            self.unwritten = None if whole else ended.exit
        else:
            where = self._plan.folder
            self.problems.append(f"the journal in {where} is not whole: {recording.error.lower()}")

    def _not_recorded(self, error: Exception) -> None:
        self.problems.append(f"the run could not be recorded: {in_words(error)}")

    def _load(self, plan: Plan, pid: int, moment: clock.Moment) -> None:
        try:
            from chaos_otel.pipeline.opening import open_recording, process_started

            folder = self._prepared.folder
            assert folder is not None
            recording = open_recording(
                plan,
                self._store,
                entries=self._prepared.environment,
                journal_fd=folder.journal_fd,
            )
            recording.append([process_started(plan, pid, moment)])
            self._recording = recording
        except Exception as error:  # the edge: whatever it is, the command goes on
            self._not_recorded(error)
