"""Finds every place where a report departs from its layout, or contradicts itself.

`docs/report-format.md` is the layout in words, `layout.py` as data.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from chaos_otel.reports.json_text import JsonText
from chaos_otel.reports.layout import (
    ENTRY,
    HOST,
    HOST_KEYS,
    REPORT,
    RETRY_INFO,
    STATISTICS,
    SUMMARY,
    Check,
    Finding,
    check_keys,
    check_object,
    shown,
)
from chaos_otel.reports.walk import Elements, Members, Path, walk, written

_COUNTED = (
    "total_operations",
    "changed_operations",
    "successful_operations",
    "failed_operations",
)
_ROUNDING_S = 0.0001


class Validation:
    """Goes through a report once: `findings`, then how much there was in it."""

    def __init__(self, text: JsonText) -> None:
        self._text = text
        self._summary: dict[str, Any] = {}
        self._sums = _Sums()
        self._host_sums = _Sums()
        self._host: dict[str, Any] = {}
        self._has_hosts = False
        self.hosts = 0
        self.operations = 0

    def findings(self) -> Iterator[Finding]:
        """Each departure in the order of the file. Raises ReportError where it is no JSON."""
        for path, value in walk(self._text):
            match path:
                case ():
                    yield from self._report(value)
                case ("summary",):
                    yield from check_object(path, value, SUMMARY)
                    self._summary = value if isinstance(value, dict) else {}
                case ("hosts",):
                    if not isinstance(value, Members):
                        yield Finding("hosts", f"is {shown(value)}, not an object")
                    else:
                        self._has_hosts = True
                        yield from _repeated(path, value)
                case ("hosts", _):
                    yield from self._end_of_host(path, value)
                case ("hosts", _, "history"):
                    if not isinstance(value, Elements):
                        yield Finding(written(path), f"is {shown(value)}, not a list")
                case ("hosts", _, str() as key):
                    yield from self._host_value(path, key, value)
                case ("hosts", _, "history", _):
                    yield from self._entry(path, value)

    def _report(self, value: Any) -> Iterator[Finding]:
        if not isinstance(value, Members):
            yield Finding("the report", f"is {shown(value)}, not an object")
            return
        yield from check_keys((), value.keys, REPORT)
        if self._has_hosts:
            yield from self._against_hosts()

    def _against_hosts(self) -> Iterator[Finding]:
        yield from self._sums.compare(("summary",), self._summary, "the hosts")
        duration: Any = self._summary.get("total_duration")
        difference_s = 0.0
        if not SUMMARY["total_duration"](duration):
            difference_s = abs(duration - self._sums.duration_s)
        if difference_s > _ROUNDING_S * (1 + self.hosts):
            said = f"is {duration}, but the hosts' durations add up to"
            yield Finding("summary.total_duration", f"{said} {self._sums.duration_s:.4f}")
        if self._summary.get("status") == "success" and self._sums.counts["failed_operations"]:
            yield Finding("summary.status", 'is "success", but operations failed')

    def _host_value(self, path: Path, key: str, value: Any) -> Iterator[Finding]:
        self._host[key] = value
        if key in HOST and (problem := HOST[key](value)):
            yield Finding(written(path), problem)

    def _end_of_host(self, path: Path, value: Any) -> Iterator[Finding]:
        self.hosts += 1
        if not isinstance(value, Members):
            yield Finding(written(path), f"is {shown(value)}, not an object")
        else:
            yield from check_keys(path, value.keys, HOST_KEYS)
            yield from self._host_sums.compare(path, self._host, "its history")
            yield from self._host_duration(path)
        self._sums.add(self._host)
        self._host, self._host_sums = {}, _Sums()

    def _host_duration(self, path: Path) -> Iterator[Finding]:
        """Only outermost operations count, so a host's duration is at most its history's sum."""
        duration: Any = self._host.get("duration")
        most = self._host_sums.duration_s
        operations = self._host_sums.counts["total_operations"]
        if not HOST["duration"](duration) and duration > most + _ROUNDING_S * (1 + operations):
            place = written((*path, "duration"))
            yield Finding(place, f"is {duration}, more than its history's {most:.4f}")

    def _entry(self, path: Path, value: Any) -> Iterator[Finding]:
        self.operations += 1
        yield from check_object(path, value, ENTRY, inner="retry_statistics")
        if not isinstance(value, dict):
            self._host_sums.add_entry({})
            return
        self._host_sums.add_entry(value)
        statistics = value.get("retry_statistics", {})
        if "retry_statistics" not in value:
            return
        below = (*path, "retry_statistics")
        yield from check_object(below, statistics, STATISTICS, inner="retry_info")
        if not isinstance(statistics, dict) or "retry_info" not in statistics:
            return
        info = statistics["retry_info"]
        yield from check_object((*below, "retry_info"), info, RETRY_INFO)
        if isinstance(info, dict):
            yield from _contradictions(below, value, statistics, info)


class _Sums:
    """What the parts of a host, or of the report, add up to.

    A count of a wrong type adds nothing; after a duration of a wrong type the sum is unknown (nan,
    which differs from nothing).
    """

    def __init__(self) -> None:
        self.counts = dict.fromkeys(_COUNTED, 0)
        self.duration_s = 0.0

    def add(self, host: dict[str, Any]) -> None:
        for key in _COUNTED:
            if not HOST[key](host.get(key)):
                self.counts[key] += host[key]
        fits = not HOST["duration"](host.get("duration"))
        self.duration_s += host["duration"] if fits else math.nan

    def add_entry(self, entry: dict[str, Any]) -> None:
        self.counts["total_operations"] += 1
        self.counts["changed_operations"] += entry.get("changed") is True
        self.counts["successful_operations"] += entry.get("success") is True
        self.counts["failed_operations"] += entry.get("success") is False
        fits = not ENTRY["duration"](entry.get("duration"))
        self.duration_s += entry["duration"] if fits else math.nan

    def compare(self, path: Path, said: dict[str, Any], whose: str) -> Iterator[Finding]:
        for key, found in self.counts.items():
            value = said.get(key)
            if not HOST[key](value) and value != found:
                yield Finding(written((*path, key)), f"is {value}, but {whose} add up to {found}")


def _repeated(path: Path, members: Members) -> Iterator[Finding]:
    seen = set()
    for key in members.keys:
        if key in seen:
            yield Finding(written((*path, key)), "stands more than once")
        seen.add(key)


def _contradictions(
    path: Path, entry: dict[str, Any], statistics: dict[str, Any], info: dict[str, Any]
) -> Iterator[Finding]:
    """What is said twice must be said alike; what is missing or of a wrong type says nothing."""
    entry, statistics = _fitting(entry, ENTRY), _fitting(statistics, STATISTICS)
    info = _fitting(info, RETRY_INFO)
    for key in ("stdout", "stderr"):
        if key in statistics and key in entry and statistics[key] != entry[key]:
            yield Finding(written((*path, key)), f"is not the operation's {key}")
    for key in ("retry_attempts", "max_retries", "retry_succeeded"):
        if key in info and key in statistics and info[key] != statistics[key]:
            place = written((*path, "retry_info", key))
            yield Finding(place, f"is {shown(info[key])}, not {shown(statistics[key])}")
    attempts = statistics.get("retry_attempts")
    if attempts is None:
        return
    if info.get("was_retried", attempts > 0) is not (attempts > 0):
        place = written((*path, "retry_info", "was_retried"))
        yield Finding(place, f"is {shown(info['was_retried'])} after {attempts} retries")
    wanted = entry.get("success") if attempts else None
    if statistics.get("retry_succeeded", wanted) is not wanted:
        problem = f"is {shown(statistics['retry_succeeded'])}, not {shown(wanted)}"
        yield Finding(written((*path, "retry_succeeded")), problem)


def _fitting(value: dict[str, Any], checks: Mapping[str, Check]) -> dict[str, Any]:
    return {
        key: value[key] for key, check in checks.items() if key in value and not check(value[key])
    }
