"""One run on its way to one destination: reads its journal, sends what is due, keeps the cursor."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from chaos_otel.pipeline.destinations_file import FORWARD, read_destinations
from chaos_otel.pipeline.forward_dispatch import Dispatch, Stream
from chaos_otel.pipeline.forward_lock import run_lock
from chaos_otel.pipeline.forward_receipt import RunReceipt
from chaos_otel.pipeline.run_folder import JOURNAL
from chaos_otel.pipeline.waiting import finish_run


class RunForwarding:
    """Owns the run's lock for this destination and its journal's descriptor.

    `is_over` says whether the journal is complete; with `needs_end` one that does not say how the
    run ended is left to be closed first. `mine`: nobody else forwards it. `done`: there is nothing
    left to do for it here; `given_up`: because somebody has revoked or dropped it. `delivered` and
    `buried` count records.
    """

    def __init__(
        self,
        dispatch: Dispatch,
        folder: str,
        *,
        is_over: Callable[[], bool],
        needs_end: bool = False,
    ) -> None:
        self._dispatch = dispatch
        self._needs_end = needs_end
        self._folder = folder
        self._is_over = is_over
        self._held = ExitStack()
        self._stream: Stream | None = None
        self._listed: tuple[int, ...] = ()
        self.mine = self._held.enter_context(run_lock(folder, dispatch.destination.key))
        cursor = dispatch.ledger.open_cursor(
            os.path.basename(folder), waiting_bytes=_size_bytes(f"{folder}/{JOURNAL}")
        )
        self.done = not self.mine or cursor.state != "waiting"
        self.given_up = cursor.state == "dropped"
        self.delivered = 0
        self._receipt = RunReceipt(dispatch.ledger, cursor)

    def close(self) -> None:
        """Let go of it, however far it has come."""
        if self._stream is not None:
            self._stream.close()
            self._stream = None
        self._held.close()

    @property
    def run_id(self) -> str:
        """Which run it is."""
        return os.path.basename(self._folder)

    @property
    def buried(self) -> int:
        """How many of its records became dead letters."""
        return self._receipt.buried

    @property
    def script(self) -> str:
        """The run's name, as far as its journal has been read."""
        return self._stream.script if self._stream is not None else ""

    def step(self) -> bool:
        """Read a little, or send one batch; False where there is nothing to do at the moment.

        Call it only while the destination may be tried. Raises OutOfTimeError.
        """
        if self._is_given_up():
            return False
        stream, pace = self._open(), self._dispatch.pace
        grew = self._read(stream)
        if self.done:
            return False
        due_s = 0.0 if self._is_over() else pace.flush_interval_s
        found = stream.batch(pace.batch_size, older_than_s=due_s)
        if found is None:
            if stream.finished:
                self._finish()
            return grew
        if self._is_given_up():  # to open it may have taken a while
            return False
        self._send(stream, *found)
        return True

    def document(self) -> dict[str, Any] | None:
        """The event document of a run that is over; None where it is not, or was sent before."""
        if not self._is_listed():
            return None
        stream = self._open()
        while not (stream.finished or self.done):
            self._read(stream)
        found = stream.batch(1, older_than_s=0.0)
        if found is None and stream.finished:
            self._finish()
        document: dict[str, Any] | None = found[1][0] if found is not None else None
        return document

    def document_sent(self) -> None:
        """It has been acknowledged, or is a dead letter."""
        self._receipt.reached("events", 1)
        self._finish()

    def _open(self) -> Stream:
        if self._stream is None:
            self._stream = self._dispatch.stream(self._folder, self._receipt.cursor)
        return self._stream

    def _read(self, stream: Stream) -> bool:
        if stream.finished or stream.waiting >= self._dispatch.pace.batch_size:
            return False
        over = self._is_over()  # asked first: what came before the end is read before the end
        grew = stream.read()
        if not grew and over:
            if self._needs_end and not stream.ended:
                self.done = True
                return False
            stream.finish()
            return True
        return grew

    def _send(self, stream: Stream, signal: str, items: list[object], first: int) -> None:
        courier = self._dispatch.courier
        before = courier.accepted
        try:
            courier.deliver(signal, items, self._receipt.of(signal, stream, first))  # type: ignore[arg-type]
        finally:
            self.delivered += courier.accepted - before

    def _finish(self) -> None:
        self.done = True
        self._receipt.finish()
        if self._dispatch.ledger.database is not None:
            finish_run(self._folder, self._dispatch.ledger.database)

    def _is_given_up(self) -> bool:
        if not self._is_listed():
            self.done = self.given_up = True
        return self.given_up

    def _is_listed(self) -> bool:
        """Whether the run is still to go there: somebody may have revoked or dropped it."""
        try:
            status = os.stat(f"{self._folder}/{FORWARD}")
        except OSError:
            return False
        seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        if seen != self._listed:
            keys = {one.key for one in read_destinations(self._folder)}
            if self._dispatch.destination.key not in keys:
                return False
            self._listed = seen
        return True


def _size_bytes(path: str) -> int:
    try:
        return os.lstat(path).st_size
    except OSError:
        return 0
