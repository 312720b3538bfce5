"""From an emitter's wall clock to moments that durations can be taken of."""

from __future__ import annotations

import pytest

from chaos_otel.clock import Moment
from chaos_otel.sources.inbox_times import EmitterTimes

S = 1_000_000_000
HOUR = 3600 * S
WALL, MONO = 1_795_291_972 * S, 50_000 * S


def _field(wall_ns: int) -> str:
    return f"{wall_ns // S}.{wall_ns % S // 1000:06d}"


def _times(*readings: Moment, since: int = MONO - 2 * HOUR) -> EmitterTimes:
    times = EmitterTimes(since)
    for reading in readings:
        times.reading(reading)
    return times


def test_the_wall_time_is_kept_and_the_monotonic_one_follows_it() -> None:
    """A line written two seconds ago is two seconds ago on both clocks."""
    times = _times(Moment(WALL, MONO))
    assert times.moment(_field(WALL - 2 * S)) == Moment(WALL - 2 * S, MONO - 2 * S)


def test_a_backlog_keeps_its_times() -> None:
    """Lines that are read a minute late, over many readings, are not moved to their reading."""
    times = _times(Moment(WALL, MONO), Moment(WALL + 60 * S, MONO + 60 * S))
    assert times.moment(_field(WALL + S)).mono_ns == MONO + S


@pytest.mark.parametrize("jump", [HOUR, -HOUR, 10 * 365 * 24 * HOUR])
def test_lines_on_both_sides_of_a_jump_are_where_they_were(jump: int) -> None:
    """The wall clock is set between two readings; what was written before it is read after it."""
    times = _times(Moment(WALL, MONO), Moment(WALL + jump + 10 * S, MONO + 10 * S))
    before = times.moment(_field(WALL + 4 * S))
    behind = times.moment(_field(WALL + jump + 6 * S))
    assert before.mono_ns == MONO + 4 * S
    assert behind.mono_ns == MONO + 6 * S


@pytest.mark.parametrize("wall_ns", [WALL + HOUR, WALL + 10 * 365 * 24 * HOUR])
def test_an_emitter_ahead_of_us_is_now(wall_ns: int) -> None:
    """Its clock is its own affair; nothing was written after it was read."""
    assert _times(Moment(WALL, MONO)).moment(_field(wall_ns)) == Moment(wall_ns, MONO)


def test_an_emitter_behind_us_is_not_before_the_run() -> None:
    """No duration is longer than the run."""
    times = _times(Moment(WALL, MONO), since=MONO - S)
    assert times.moment(_field(WALL - HOUR)).mono_ns == MONO - S


@pytest.mark.parametrize(
    "field",
    ["", "now", "1e9", "-5", "0", "946684799.9", "7258118401", "99999999999999", "1795291972.x"],
)
def test_an_absurd_time_is_now(field: str) -> None:
    """Empty, unreadable, before 2000 or after 2200."""
    assert _times(Moment(WALL, MONO)).moment(field) == Moment(WALL, MONO)


@pytest.mark.parametrize(
    ("field", "wall_ns"),
    [
        ("1795291971", WALL - S),
        ("1795291971,5", WALL - S // 2),
        ("1795291971.123456789", WALL - S + 123_456_789),
        ("1795291971.1234567891234", WALL - S + 123_456_789),
    ],
)
def test_the_ways_to_write_a_time(field: str, wall_ns: int) -> None:
    """No decimals, a comma, nine decimals, more than nine."""
    assert _times(Moment(WALL, MONO)).moment(field).wall_ns == wall_ns


def test_the_emitters_monotonic_clock_is_believed() -> None:
    """Where it is possible: not after now, not before the run."""
    times = _times(Moment(WALL, MONO))
    wall = str((WALL + HOUR) // S)
    assert times.moment(f"{wall}@{MONO // S - 7}.25").mono_ns == MONO - 7 * S + S // 4
    assert times.moment(f"{wall}@{MONO // S + 60}").mono_ns == MONO
    assert times.moment(f"{WALL // S - 3}@12").mono_ns == MONO - 3 * S
