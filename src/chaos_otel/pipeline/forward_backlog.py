"""What waits for one destination from before: one run after another, the oldest first."""

from __future__ import annotations

import time
from collections.abc import Callable, Container, Iterator
from typing import Final

from chaos_otel.errors import StateError
from chaos_otel.exporters.answer import Delivered, Refused
from chaos_otel.pipeline.forward_dispatch import Dispatch
from chaos_otel.pipeline.forward_documents import DocumentBatch
from chaos_otel.pipeline.forward_run import RunForwarding
from chaos_otel.pipeline.run_folder import is_delivered
from chaos_otel.pipeline.stored_runs import dead_run
from chaos_otel.pipeline.waiting import WaitingRun, waiting_runs

LOOK_AGAIN_S: Final = 30.0
MayGo = Callable[[WaitingRun], bool]


class Backlog:
    """Runs that are over and wait: those in `only`, less those in `leave`; in front of them, with
    `letters`, the dead letters that are to be tried again. `delivered` counts records, `finished`
    runs."""

    def __init__(
        self,
        dispatch: Dispatch,
        runs: str,
        *,
        may_go: MayGo,
        letters: bool = True,
        leave: Container[str] = (),
        only: Container[str] | None = None,
    ) -> None:
        self._dispatch = dispatch
        self._runs = runs
        self._may_go = may_go
        self._letters = letters
        self._leave = leave
        self._only = only
        self._coming: Iterator[RunForwarding] | None = self._find()
        self._current: RunForwarding | None = None
        self._looked_s = time.monotonic()
        self.delivered = 0
        self.finished = 0

    def close(self) -> None:
        """Let go of the run that is on its way."""
        if self._current is not None:
            self._current.close()
            self._current = None

    @property
    def exhausted(self) -> bool:
        """Whether there was nothing more when it last looked."""
        return self._coming is None and self._current is None

    def look_again(self) -> None:
        """Look for more, if it is long enough since it last did."""
        if self.exhausted and time.monotonic() - self._looked_s >= LOOK_AGAIN_S:
            self._coming = self._find()

    def step(self) -> bool:
        """Send one batch, or go on to the next run; False where there is nothing left.

        Call it only while the destination may be tried. Raises OutOfTimeError.
        """
        if self._dispatch.destination.kind == "endpoint":
            return self._step_documents()
        if self._current is None:
            return self._next()
        run, before = self._current, self._current.delivered
        try:
            moved = run.step() and not run.done
        except OSError:
            moved = False  # its folder has gone
        finally:
            self.delivered += run.delivered - before
        if not moved:
            self.finished += run.done
            self.close()
        return True

    def _step_documents(self) -> bool:
        """Send the documents of as many runs as one request takes."""
        if self._coming is None:
            return False
        batch = DocumentBatch(self._dispatch)
        try:
            batch.fill(self._coming)
            if batch.documents:
                before = self._dispatch.courier.accepted
                whole = batch.send()
                self.delivered += self._dispatch.courier.accepted - before
                self.finished += len(batch.documents) if whole else 0
                self._coming = self._coming if whole else self._find()
                return True
        finally:
            batch.close()
        self._coming = None
        self._looked_s = time.monotonic()
        return False

    def _next(self) -> bool:
        if self._coming is None:
            return False
        self._current = next(self._coming, None)
        if self._current is None:
            self._coming = None
            self._looked_s = time.monotonic()
            return False
        return True

    def _find(self) -> Iterator[RunForwarding]:
        if self._letters:
            self._send_letters()
        dispatch = self._dispatch
        for run in waiting_runs(self._runs, dispatch.ledger.database, dispatch.destination.key):
            if not self._is_meant(run):
                continue
            found = RunForwarding(
                dispatch, run.folder, is_over=lambda: True, needs_end=not is_delivered(run.folder)
            )
            if found.done:
                found.close()
            else:
                yield found

    def _is_meant(self, run: WaitingRun) -> bool:
        if run.run_id in self._leave or (self._only is not None and run.run_id not in self._only):
            return False
        return is_over(run.folder) and self._may_go(run)

    def _send_letters(self) -> None:
        """Dead letters that somebody wants to be tried once more."""
        ledger = self._dispatch.ledger
        for letter in ledger.to_send_again():
            answer = self._dispatch.courier.send(letter.signal, letter.record)
            if isinstance(answer, Delivered):
                ledger.remove_letters([letter.number])
                ledger.count_delivered(letter.signal, 1)
            elif isinstance(answer, Refused):
                ledger.bury(
                    letter.run_id,
                    signal=letter.signal,
                    record=letter.record,
                    reason=answer.reason,
                )
            else:
                return


def is_over(folder: str) -> bool:
    """Whether nobody works on the run any more."""
    if is_delivered(folder):
        return True
    try:
        with dead_run(folder) as dead:
            return dead
    except (OSError, StateError):
        return False
