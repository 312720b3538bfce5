"""The tap that is there when the command starts, and becomes a recording when that has been loaded.

Quick to import. What it loads (redaction, the journal's encoder) takes some 50 ms, and the
command's output must not wait for it: a thread loads while the loop pumps and the store keeps.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from chaos_otel import clock
from chaos_otel.pipeline.output_store import OutputStore
from chaos_otel.pipeline.plan import Plan
from chaos_otel.pipeline.preparation import Prepared
from chaos_otel.runner.contract import Ended

if TYPE_CHECKING:
    from chaos_otel.pipeline.recording import Recording

LOADING_S = 0.01
LOAD_WAIT_S = 10.0
JOURNAL_WAIT_S = 5.0


class LateTap:
    """Implements `runner.contract.Tap` for capture. `problems` is what people should know
    afterwards."""

    def __init__(self, prepared: Prepared) -> None:
        self.problems: list[str] = []
        self._prepared = prepared
        self._plan = prepared.plan
        limit_bytes = self._plan.output_limit_bytes if self._plan else 0
        root = self._plan.process_span_id if self._plan else ""
        self._store = OutputStore(limit_bytes, root=root)
        self._recording: Recording | None = None
        self._loader: threading.Thread | None = None

    def command_started(self, pid: int) -> None:
        """Begin to load; from now on nothing that we do delays the command's start."""
        if self._plan is None:
            return
        if self._prepared.handover is not None:
            self._prepared.handover.command_started(pid)
        arguments = (self._plan, pid, clock.now())
        self._loader = threading.Thread(target=self._load, args=arguments, daemon=True)
        self._loader.start()

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

    def finish(self, ended: Ended) -> None:
        """Write the rest and the run's end. Takes long only where a disk does."""
        if self._loader is not None:
            self._loader.join(LOAD_WAIT_S)
        recording = self._recording
        if recording is None:
            if self._plan is not None:
                self.problems.append("the run could not be recorded: its recorder did not start")
            return
        from chaos_otel.pipeline.closing import run_ended

        assert self._plan is not None
        last = run_ended(ended, self._plan)
        recording.finish([last], wait_s=JOURNAL_WAIT_S)
        if recording.error:
            where = self._plan.folder
            self.problems.append(f"the journal in {where} is not whole: {recording.error}")

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
            self.problems.append(f"the run could not be recorded: {error}")
