"""When an inbox line was written, on both clocks, whatever the emitter's wall clock says.

Emitters mostly know the wall clock alone, and durations come from the monotonic one. The distance
between the two is the same for every process of a machine, so the reader's own pair of readings
turns one into the other. When the wall clock is set, that distance changes, and lines written
before are read with the new one; so the last few distances are kept, and a line gets the latest
moment that is not in the future: of a jump's two candidates the wrong one is either ahead of now
or further back.
"""

from __future__ import annotations

import re

from chaos_otel.clock import Moment

_S = 1_000_000_000
_TIME = re.compile(
    r"([0-9]{1,12})(?:[.,]([0-9]{1,9})[0-9]*)?(?:@([0-9]{1,10})(?:[.,]([0-9]{1,9})[0-9]*)?)?"
)
_EARLIEST_WALL_NS = 946_684_800 * _S  # 2000-01-01
_LATEST_WALL_NS = 7_258_118_400 * _S  # 2200-01-01
_SLACK_NS = 100_000_000
_DISTANCES_KEPT = 8


class EmitterTimes:
    """Turns TIME fields into moments not after the reading and not before `since_mono_ns`."""

    def __init__(self, since_mono_ns: int) -> None:
        self._since_ns = since_mono_ns
        self._now = Moment(0, since_mono_ns)
        self._distances: list[int] = []
        self._last_second = ("", 0)

    def reading(self, now: Moment) -> None:
        """Note the reader's clocks; `now` is behind all lines decoded until the next call."""
        self._now = now
        distance = now.wall_ns - now.mono_ns
        known = self._distances
        if known and abs(known[0] - distance) < _SLACK_NS // 2:
            known[0] = distance
        else:
            known.insert(0, distance)
            del known[_DISTANCES_KEPT:]

    def moment(self, field: str) -> Moment:
        """The moment that a TIME field means; now where it is empty, unreadable or absurd."""
        second, known_ns = self._last_second
        micros = field[len(second) :]
        if (
            len(micros) == 6
            and micros.isdecimal()
            and micros.isascii()
            and field.startswith(second)
        ):
            wall_ns = known_ns + int(micros) * 1000
            return Moment(wall_ns, self._derived(wall_ns))
        return self._read(field)

    def _read(self, field: str) -> Moment:
        found = _TIME.fullmatch(field)
        if found is None:
            return self._now
        seconds, fraction, mono_seconds, mono_fraction = found.groups()
        wall_ns = _nanoseconds(seconds, fraction)
        if not _EARLIEST_WALL_NS < wall_ns < _LATEST_WALL_NS:
            return self._now
        self._last_second = (seconds + ".", wall_ns - wall_ns % _S)
        if mono_seconds is not None:
            mono_ns = _nanoseconds(mono_seconds, mono_fraction)
            if self._since_ns <= mono_ns <= self._now.mono_ns + _SLACK_NS:
                return Moment(wall_ns, min(mono_ns, self._now.mono_ns))
        return Moment(wall_ns, self._derived(wall_ns))

    def _derived(self, wall_ns: int) -> int:
        now_ns = self._now.mono_ns
        if len(self._distances) == 1:  # the wall clock was never set
            return max(self._since_ns, min(wall_ns - self._distances[0], now_ns))
        latest = self._since_ns - 1
        for distance in self._distances:
            candidate = wall_ns - distance
            if latest < candidate <= now_ns + _SLACK_NS:
                latest = candidate
        if (
            latest < self._since_ns
        ):  # ahead of now by every distance, or before the beginning by all
            return self._since_ns if wall_ns - self._distances[0] < self._since_ns else now_ns
        return min(latest, now_ns)


def _nanoseconds(seconds: str, fraction: str | None) -> int:
    return int(seconds) * _S + (int(fraction.ljust(9, "0")) if fraction else 0)
