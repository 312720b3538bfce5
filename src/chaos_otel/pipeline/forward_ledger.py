"""What one destination's forwarding keeps in the store: cursors, state, dead letters, counters.

A store that cannot be used costs the memory of what was done, never the delivery: from then on it
is kept here, and what is sent again later has the same ids.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from chaos_otel import instruments, semconv
from chaos_otel.config.destination import Signal
from chaos_otel.errors import StateError, in_words
from chaos_otel.measures import Increment, Labels
from chaos_otel.store import counters, dead_letters, destinations, outbox
from chaos_otel.store.database import Database
from chaos_otel.store.dead_letters import DeadLetter
from chaos_otel.store.destinations import DestinationState, RateLimit
from chaos_otel.store.outbox import Cursor

TALLY_S: Final = 1.0
BUSY_S: Final = 5.0
_T = TypeVar("_T")


class Ledger:
    """For one thread. Owns its connection. `problem` says why the store is not used."""

    def __init__(self, state_folder: str, key: str, *, busy_s: float = BUSY_S) -> None:
        self.key = key
        self.problem = ""
        self.database: Database | None = None
        self._tally: Counter[tuple[str, Labels]] = Counter()
        self._tallied_s = time.monotonic()
        try:
            self.database = Database(state_folder, busy_s=busy_s)
        except (StateError, OSError) as error:
            self.problem = in_words(error)

    def close(self) -> None:
        """Write the tally, close the store."""
        self.write_tally()
        if self.database is not None:
            self.database.close()
            self.database = None

    def load_state(self, known: DestinationState) -> DestinationState:
        """How the destination is."""
        return self._ask(lambda database: destinations.load_state(database, self.key), known)

    def save_state(self, state: DestinationState) -> None:
        """So it is from now on."""
        self._ask(lambda database: destinations.save_state(database, state), None)

    def take(self, size_bytes: int, limit: RateLimit) -> float:
        """How long the rate limit has us wait for a request of this size; 0.0: it may go."""
        return self._ask(
            lambda database: destinations.take(
                database, self.key, size_bytes=size_bytes, limit=limit, now_wall_ns=time.time_ns()
            ),
            0.0,
        )

    def open_cursor(self, run_id: str, *, waiting_bytes: int) -> Cursor:
        """How far the run has come here."""
        return self._ask(
            lambda database: outbox.open_cursor(
                database,
                self.key,
                run_id,
                waiting_bytes=waiting_bytes,
                now_wall_ns=time.time_ns(),
            ),
            Cursor(self.key, run_id),
        )

    def advance(
        self, cursor: Cursor, *, spans: int = 0, logs: int = 0, documents: int = 0
    ) -> Cursor:
        """So far, in all, it has been acknowledged; 0 for what is not meant."""
        reached = cursor._replace(
            spans=max(cursor.spans, spans),
            logs=max(cursor.logs, logs),
            documents=max(cursor.documents, documents),
        )
        return self._ask(
            lambda database: outbox.advance(
                database,
                cursor,
                spans=reached.spans,
                logs=reached.logs,
                documents=reached.documents,
            ),
            reached,
        )

    def finish(self, cursor: Cursor) -> None:
        """All of the run is there."""
        self._ask(lambda database: outbox.finish(database, cursor), None)

    def bury(self, run_id: str, *, signal: Signal, record: bytes, reason: str) -> None:
        """Keep a record that was refused for what it is."""
        self._ask(
            lambda database: dead_letters.bury(
                database,
                self.key,
                run_id,
                signal=signal,
                record=record,
                reason=reason,
                now_wall_ns=time.time_ns(),
            ),
            None,
        )

    def to_send_again(self) -> list[DeadLetter]:
        """Dead letters that somebody wants to be tried once more."""
        return self._ask(
            lambda database: dead_letters.to_send_again(database, self.key, limit=100), []
        )

    def remove_letters(self, numbers: Sequence[int]) -> None:
        """They have been sent."""
        self._ask(lambda database: dead_letters.remove_letters(database, numbers), 0)

    def count_request(self, signal: Signal, outcome: str) -> None:
        """Count what came of a request."""
        labels = (
            (semconv.LABEL_DESTINATION, self.key),
            (semconv.LABEL_OUTCOME, outcome),
            (semconv.LABEL_SIGNAL, signal),
        )
        self._tally[instruments.SELF_DELIVERIES.name, labels] += 1

    def count_delivered(self, signal: Signal, records: int) -> None:
        """Count records that were accepted."""
        labels = ((semconv.LABEL_DESTINATION, self.key), (semconv.LABEL_SIGNAL, signal))
        self._tally[instruments.SELF_DELIVERED.name, labels] += records

    def count_dropped(self, reason: str, records: int) -> None:
        """Count records that will not arrive."""
        if records:
            labels = ((semconv.LABEL_REASON, reason),)
            self._tally[instruments.SELF_DROPPED.name, labels] += records

    def write_tally(self, *, if_due: bool = False) -> None:
        """Add to the store's counters what was counted here; with `if_due` once a second."""
        if not self._tally or (if_due and time.monotonic() - self._tallied_s < TALLY_S):
            return
        self._tallied_s = time.monotonic()
        tally, self._tally = self._tally, Counter()
        measures = [Increment(name, labels, value) for (name, labels), value in tally.items()]
        self._ask(
            lambda database: counters.add(database, measures, now_wall_ns=time.time_ns()), None
        )

    def _ask(self, question: Callable[[Database], _T], otherwise: _T) -> _T:
        if self.database is None:
            return otherwise
        try:
            return question(self.database)
        except (StateError, OSError) as error:
            self.problem = in_words(error)
            return otherwise
