"""Whether a destination may be tried now: what one process was told to wait for, all others wait
for too."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Final

from chaos_otel.exporters.answer import Later, Paused
from chaos_otel.pipeline.forward_ledger import Ledger
from chaos_otel.store.destinations import DestinationState

FIRST_WAIT_S: Final = 1.0
LONGEST_WAIT_S: Final = 900.0
# a destination may name its own time, within reason
LONGEST_ASKED_S: Final = 86_400.0
PAUSE_S: Final = 3600.0
_LOOK_AGAIN_S: Final = 0.5
_SAVE_SUCCESS_S: Final = 60.0
_S: Final = 10**9


def backoff_s(
    attempts: int, *, after_s: float | None, patience: int, draw: Callable[[], float]
) -> float:
    """How long to wait after so many failures in a row: what was asked for, else anything up to a
    bound that doubles ("full jitter": those who failed together do not come back together).

    After more than `patience` failures at least the latter. `draw` gives a number from 0 to 1.
    """
    drawn_s = float(draw() * min(LONGEST_WAIT_S, FIRST_WAIT_S * 2 ** min(attempts, 16)))
    if after_s is None:
        return drawn_s
    asked_s = min(max(0.0, after_s), LONGEST_ASKED_S)
    return asked_s if attempts <= patience else max(asked_s, drawn_s)


class Gate:
    """One destination's state as the store has it.

    `fingerprint` is of the settings: a pause ends when they change. `failures` counts those in a
    row that this process has seen. Unless it `learns`, answers change nothing. `note` is told each
    change, in words. For one thread.
    """

    def __init__(
        self,
        ledger: Ledger,
        *,
        fingerprint: str,
        patience: int = 3,
        note: Callable[[str], object] = lambda text: None,
        wall_ns: Callable[[], int] = time.time_ns,
        draw: Callable[[], float] = random.random,
    ) -> None:
        self._ledger = ledger
        self.fingerprint = fingerprint
        self._patience = patience
        self._note = note
        self._wall_ns = wall_ns
        self._draw = draw
        self._looked_s = time.monotonic()
        self._tried_wall_ns = wall_ns()
        self.state = ledger.load_state(DestinationState(ledger.key))
        self.learns = True
        self.newly_paused = False
        self.asked_to_wait = False
        self.failures = 0

    @property
    def paused(self) -> bool:
        """Whether only other settings, or an hour, can help."""
        state = self.state
        return (
            state.state == "paused"
            and state.fingerprint == self.fingerprint
            and self._left_s(PAUSE_S) > 0
        )

    def wait_s(self) -> float:
        """How long it is to be left alone; 0: it may be tried now."""
        if self.state.state == "ready":
            return 0.0
        if time.monotonic() - self._looked_s > _LOOK_AGAIN_S:
            self._look()
        if self.state.state == "paused":
            return self._left_s(PAUSE_S) if self.paused else 0.0
        return self._left_s(LONGEST_ASKED_S)

    def trying(self) -> None:
        """A request goes out now."""
        self._tried_wall_ns = self._wall_ns()

    def accepted(self) -> None:
        """It took something."""
        if not self.learns:
            return
        self.failures = 0
        now_ns = self._wall_ns()
        state = self.state
        if state.state != "ready":
            self._note("accepts again")
        old = now_ns - state.last_success_wall_ns > _SAVE_SUCCESS_S * _S
        if state.state != "ready" or state.attempts or old:
            self._save(
                state._replace(
                    state="ready",
                    reason="",
                    attempts=0,
                    next_try_wall_ns=0,
                    last_success_wall_ns=now_ns,
                    fingerprint="",
                )
            )

    def later(self, answer: Later, *, most_attempts: int = 1 << 30) -> None:
        """Not now. Failures of several processes at one time count as one; this one, as the
        `most_attempts`th in a row at most."""
        if not self.learns:
            return
        self._look()
        self.failures += 1
        self.asked_to_wait = answer.after_s is not None
        told = self.state.state == "waiting" and self.state.last_error_wall_ns > self._tried_wall_ns
        if told and not self.asked_to_wait:
            return
        attempts = min(self.state.attempts + 1, max(most_attempts, self.state.attempts))
        wait_s = backoff_s(
            attempts, after_s=answer.after_s, patience=self._patience, draw=self._draw
        )
        self._failed("waiting", answer.reason, attempts=attempts, wait_s=wait_s)

    def pause(self, answer: Paused) -> None:
        """It is of no use until a setting changes; noted as news once."""
        if not self.learns:
            return
        self._look()
        self.newly_paused = self.newly_paused or not self.paused
        self._failed("paused", answer.reason, attempts=self.state.attempts + 1, wait_s=PAUSE_S)

    def _failed(self, word: str, reason: str, *, attempts: int, wait_s: float) -> None:
        now_ns = self._wall_ns()
        if self.state.state != word or self.state.reason != reason:
            self._note(f"{word}: {reason}")
        self._save(
            self.state._replace(
                state=word,  # type: ignore[arg-type]
                reason=reason,
                attempts=attempts,
                next_try_wall_ns=now_ns + int(wait_s * _S),
                last_error=reason,
                last_error_wall_ns=now_ns,
                fingerprint=self.fingerprint,
            )
        )

    def _left_s(self, at_most_s: float) -> float:
        """A clock that was put back must not make us wait for years."""
        left_s = (self.state.next_try_wall_ns - self._wall_ns()) / _S
        return left_s if 0 < left_s <= at_most_s else 0.0

    def _look(self) -> None:
        self._looked_s = time.monotonic()
        self.state = self._ledger.load_state(self.state)

    def _save(self, state: DestinationState) -> None:
        self.state = state
        self._ledger.save_state(state)
