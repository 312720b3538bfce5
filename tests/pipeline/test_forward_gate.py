"""When a destination may be tried: backoff, pauses, what several processes know of each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos_otel.exporters.answer import Later, Paused
from chaos_otel.pipeline.forward_gate import LONGEST_WAIT_S, PAUSE_S, Gate, backoff_s
from chaos_otel.pipeline.forward_ledger import Ledger

KEY = "otlp http://127.0.0.1:4318"
S = 10**9


class Wall:
    """A wall clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.ns = 1_800_000_000 * S

    def __call__(self) -> int:
        return self.ns


@pytest.fixture
def wall() -> Wall:
    """The time of all gates of a test."""
    return Wall()


@pytest.fixture
def ledger(tmp_path: Path) -> Iterator[Ledger]:
    """A ledger in a store of its own."""
    ledger = Ledger(str(tmp_path / "state"), KEY)
    yield ledger
    ledger.close()


def _gate(ledger: Ledger, wall: Wall, fingerprint: str = "same", **options: object) -> Gate:
    return Gate(ledger, fingerprint=fingerprint, wall_ns=wall, draw=lambda: 1.0, **options)  # type: ignore[arg-type]


def test_what_is_drawn_lies_anywhere_below_a_bound_that_doubles() -> None:
    """Full jitter: from nothing to 1 s times a power of two, never more than a quarter of an
    hour."""
    bounds = [
        backoff_s(attempt, after_s=None, patience=3, draw=lambda: 1.0) for attempt in range(1, 40)
    ]
    assert bounds[:4] == [2, 4, 8, 16]
    assert max(bounds) == LONGEST_WAIT_S == 900
    assert backoff_s(7, after_s=None, patience=3, draw=lambda: 0.0) == 0


def test_a_time_that_was_asked_for_counts_until_patience_ends() -> None:
    """Retry-After is kept to; who says 0 for ever is asked ever more seldom all the same."""
    assert backoff_s(1, after_s=60, patience=3, draw=lambda: 1.0) == 60
    assert backoff_s(3, after_s=0, patience=3, draw=lambda: 1.0) == 0
    assert backoff_s(4, after_s=0, patience=3, draw=lambda: 1.0) == 16
    assert backoff_s(1, after_s=10**9, patience=3, draw=lambda: 1.0) == 86_400


def test_a_wait_is_kept_by_the_next_process(ledger: Ledger, wall: Wall, tmp_path: Path) -> None:
    """What one process was told, another one that opens the store later keeps to."""
    gate = _gate(ledger, wall)
    gate.trying()
    gate.later(Later("overloaded", after_s=60))
    other_ledger = Ledger(str(tmp_path / "state"), KEY)
    other = _gate(other_ledger, wall)
    assert other.wait_s() == pytest.approx(60)
    wall.ns += 61 * S
    assert other.wait_s() == 0
    other_ledger.close()


def test_failures_of_many_at_one_time_count_as_one(
    ledger: Ledger, wall: Wall, tmp_path: Path
) -> None:
    """Ten processes whose requests fail together raise the number of attempts by one."""
    ledgers = [Ledger(str(tmp_path / "state"), KEY) for _ in range(10)]
    gates = [_gate(one, wall) for one in ledgers]
    for gate in gates:
        gate.trying()
    wall.ns += S
    for gate in gates:
        gate.later(Later("refused"))
    assert _gate(ledger, wall).state.attempts == 1
    for one in ledgers:
        one.close()


def test_a_success_forgets_all_failures(ledger: Ledger, wall: Wall) -> None:
    """After it the destination is ready, and the next failure is the first one."""
    gate = _gate(ledger, wall)
    for _ in range(5):
        gate.trying()
        wall.ns += S
        gate.later(Later("refused"))
    gate.accepted()
    assert (gate.state.state, gate.state.attempts) == ("ready", 0)
    gate.trying()
    wall.ns += S
    gate.later(Later("refused"))
    assert gate.wait_s() == pytest.approx(2)


def test_a_pause_ends_after_an_hour_or_with_other_settings(ledger: Ledger, wall: Wall) -> None:
    """Not before; and a clock that was put back does not make it longer."""
    gate = _gate(ledger, wall)
    gate.pause(Paused("401: the token is not accepted"))
    assert gate.paused
    assert gate.wait_s() == pytest.approx(PAUSE_S)
    assert _gate(ledger, wall, "other").wait_s() == 0
    wall.ns -= 86_400 * S
    assert _gate(ledger, wall).wait_s() == 0
    wall.ns += 86_400 * S + int(PAUSE_S) * S
    assert _gate(ledger, wall).wait_s() == 0


def test_a_pause_is_news_once(ledger: Ledger, wall: Wall) -> None:
    """The process that finds it out tells it; one that finds it again does not."""
    first = _gate(ledger, wall)
    first.pause(Paused("404"))
    assert first.newly_paused
    again = _gate(ledger, wall)
    again.pause(Paused("404"))
    assert not again.newly_paused


def test_changes_are_noted_and_repetitions_are_not(ledger: Ledger, wall: Wall) -> None:
    """The log gets a line when the state changes, not one for each try."""
    told: list[str] = []
    gate = _gate(ledger, wall, note=told.append)
    for _ in range(3):
        gate.trying()
        wall.ns += S
        gate.later(Later("connection refused"))
    gate.accepted()
    gate.accepted()
    assert told == ["waiting: connection refused", "accepts again"]


def test_without_a_store_the_state_is_kept_in_memory(tmp_path: Path, wall: Wall) -> None:
    """A store that cannot be used costs the memory of other processes, not this one's."""
    (tmp_path / "state").write_text("a file in its place")
    ledger = Ledger(str(tmp_path / "state"), KEY)
    assert ledger.problem
    gate = _gate(ledger, wall)
    gate.trying()
    gate.later(Later("refused", after_s=30))
    assert gate.wait_s() == pytest.approx(30)
