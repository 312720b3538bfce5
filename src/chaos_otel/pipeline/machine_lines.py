"""The machine lines of a command's output, as what they say, one record at a time.

Loaded after the command started.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

from chaos_otel import ids
from chaos_otel.clock import Clock
from chaos_otel.pipeline.output_store import OutputStore
from chaos_otel.privacy.redact import Redactor
from chaos_otel.records import Damage
from chaos_otel.sources.chaos_event import ChaosDecoder
from chaos_otel.sources.chaos_lines import MachineLine
from chaos_otel.sources.chaos_records import Said


class MachineLines:
    """Takes lines out of a store and tells what they say, in order."""

    def __init__(
        self, store: OutputStore, redactor: Redactor, *, clock: Clock, since_mono_ns: int
    ) -> None:
        self._store = store
        self._clock = clock
        self._decoder = ChaosDecoder(
            clock, redactor, since_mono_ns=since_mono_ns, new_id=ids.new_span_id
        )
        self._lines: deque[MachineLine] = deque()
        self._saying: Iterator[Said] = iter(())

    def listen(self) -> None:
        """Take the lines that have come by now; only these are told."""
        self._lines.extend(self._store.take_lines())

    def next(self) -> Said | None:
        """What is said next; None where all that was listened to has been told."""
        while True:
            for said in self._saying:
                return said
            if not self._lines:
                return None
            self._saying = self._decoder.decode(self._lines.popleft())

    def finish(self) -> Iterator[Said]:
        """All that is left, the last line without its end too, and what could not be held."""
        self._store.end_lines()
        self.listen()
        while (said := self.next()) is not None:
            yield said
        yield from self._decoder.finish()
        lines, size_bytes = self._store.lost_lines
        if lines:
            now = self._clock()
            yield Damage(
                wall_ns=now.wall_ns,
                mono_ns=now.mono_ns,
                where="input",
                reason="Ch-aOS: lines too long to hold",
                count=lines,
                size_bytes=size_bytes,
            )
