"""The tap of a recording that is there from the start: `runner.contract.Tap`."""

from __future__ import annotations

from collections.abc import Callable

from chaos_otel.pipeline.output_store import OutputStore
from chaos_otel.pipeline.recording import Recording

FLUSH_WAIT_S = 5.0


class RecordingTap:
    """Stores what is printed and records in slices."""

    def __init__(
        self,
        recording: Recording,
        store: OutputStore,
        *,
        on_flush: Callable[[], None] | None = None,
    ) -> None:
        """`on_flush` is called whenever the script has said that it is complete."""
        self._recording = recording
        self._store = store
        self._on_flush = on_flush
        self._flushes = 0

    def output(self, stream: int, op: str, data: bytes) -> None:
        """Keep what is to be kept of it."""
        self._store.add(stream, op, data)

    def marked(self, stream: int, op: str) -> None:
        """Note whose the stream is now."""
        self._store.mark(stream, op)

    def closed(self, stream: int) -> None:
        """Nobody waits for its marks any more."""
        self._store.close(stream)

    def work(self) -> float:
        """A slice of recording."""
        due_s = self._recording.work()
        if self._on_flush is not None and self._recording.flushes > self._flushes:
            self._flushes = self._recording.flushes
            self._recording.settle(FLUSH_WAIT_S)
            self._on_flush()
        return due_s
