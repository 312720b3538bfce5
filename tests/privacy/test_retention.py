"""Which runs may be removed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.privacy.retention import Removable, StoredRun, WaitingRun, overdue, removable

NOW = 1_800_000_000.0
DAY = 86_400.0


def run(name: str, days: float | None, *, size: int = 10, delivered: bool = True,
        live: bool = False) -> StoredRun:  # fmt: skip
    ended = None if days is None else NOW - days * DAY
    return StoredRun(name, size, ended, delivered, live)


def decide(*runs: StoredRun, max_bytes: int = 1_000) -> Removable:
    return removable(runs, now_wall_s=NOW, max_age_s=14 * DAY, max_bytes=max_bytes)


def test_what_is_young_and_small_stays() -> None:
    """Nothing is removed within age and size."""
    assert decide(run("a", 13), run("b", 1, delivered=False)) == Removable((), ())


def test_age_removes_delivered_or_not() -> None:
    """Past its age a run goes; one that was not delivered is told apart."""
    assert decide(run("a", 20), run("b", 15, delivered=False)) == Removable(("a",), ("b",))


def test_size_removes_the_oldest_delivered_first() -> None:
    """Over the size limit, delivered runs go from the oldest on, then the others."""
    runs = (run("u", 9, delivered=False), run("a", 3), run("b", 5), run("c", 1))
    assert decide(*runs, max_bytes=25) == Removable(("b", "a"), ())
    assert decide(*runs, max_bytes=5) == Removable(("b", "a", "c"), ("u",))


def test_a_live_run_is_never_removed() -> None:
    """However old and large it is."""
    assert decide(run("a", 99, size=10_000, live=True), max_bytes=1) == Removable((), ())


def test_a_run_without_an_end_is_as_old_as_its_id() -> None:
    """A UUIDv7 begins with the start of the run; another id says nothing."""
    old = f"{int((NOW - 20 * DAY) * 1000):012x}7{'0' * 19}"
    assert decide(run(old, None, delivered=False), run("odd", None)) == Removable((), (old,))


def test_a_run_from_the_future_stays() -> None:
    """A clock that was wrong removes nothing."""
    assert decide(run("a", -4000)) == Removable((), ())


@given(st.lists(st.builds(
    StoredRun, st.uuids().map(lambda uuid: uuid.hex), st.integers(0, 50),
    st.none() | st.floats(NOW - 30 * DAY, NOW), st.booleans(), st.booleans(),
), unique_by=lambda one: one.run_id))  # fmt: skip
def test_what_stays_is_within_the_limits(runs: list[StoredRun]) -> None:
    """After the removal only live runs can be too old, and only they can be too much."""
    gone = decide(*runs, max_bytes=100)
    left = [one for one in runs if one.run_id not in {*gone.delivered, *gone.lost}]
    assert all(one.live or one.ended_wall_s is None or NOW - one.ended_wall_s <= 14 * DAY
               for one in left)  # fmt: skip
    assert sum(one.size_bytes for one in left) <= 100 or all(one.live for one in left)
    assert not {one.run_id for one in runs if one.live} & {*gone.delivered, *gone.lost}


def test_what_waits_is_given_up_by_age_first_then_by_size() -> None:
    """The oldest of the rest go until the rest fits; one from the future is new."""
    runs = [
        WaitingRun("old", 10, since_wall_s=0),
        WaitingRun("second", 10, since_wall_s=500),
        WaitingRun("third", 10, since_wall_s=600),
        WaitingRun("future", 10, since_wall_s=10**12),
    ]
    going = overdue(runs, now_wall_s=1000, max_age_s=600, max_bytes=25)
    assert going.too_old == ("old",)
    assert going.too_many == ("second",)
    assert overdue(runs, now_wall_s=500, max_age_s=600, max_bytes=40) == ((), ())
