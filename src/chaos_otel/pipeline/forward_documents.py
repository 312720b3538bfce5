"""Event documents of several runs in one request, each run's books kept for itself."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from chaos_otel.exporters.answer import Delivered
from chaos_otel.pipeline.forward_dispatch import Dispatch
from chaos_otel.pipeline.forward_run import RunForwarding

# each holds two descriptors open until the answer is there
RUNS_MAX: Final = 100


class DocumentBatch:
    """`forward_courier.Receipt` for the documents of runs. Owns the runs until they are done."""

    def __init__(self, dispatch: Dispatch) -> None:
        self._dispatch = dispatch
        self._runs: list[RunForwarding] = []
        self._done = 0
        self.documents: list[dict[str, Any]] = []

    def fill(self, coming: Iterable[RunForwarding]) -> None:
        """Take runs until the request is full or there are no more. Raises nothing but what
        `coming` does."""
        for run in coming:
            document = _document(run)
            if document is None:
                run.close()
                continue
            self._runs.append(run)
            self.documents.append(document)
            if len(self._runs) >= min(RUNS_MAX, self._dispatch.pace.batch_size):
                return

    def send(self) -> bool:
        """Send them; whether nothing is left to do. Raises OutOfTimeError."""
        answer = self._dispatch.courier.deliver("events", self.documents, self)
        return isinstance(answer, Delivered)

    def done(self, count: int) -> None:
        """The next so many runs are done with."""
        for run in self._runs[self._done : self._done + count]:
            run.document_sent()
            run.close()
        self._done += count

    def bad(self, index: int, body: bytes, reason: str) -> None:
        """The document of that run was refused for what it is."""
        self._dispatch.ledger.bury(
            self._runs[index].run_id, signal="events", record=body, reason=reason
        )

    def close(self) -> None:
        """Let go of the runs that were not done with."""
        for run in self._runs[self._done :]:
            run.close()


def _document(run: RunForwarding) -> dict[str, Any] | None:
    try:
        return run.document()
    except OSError:
        return None  # its folder has gone
