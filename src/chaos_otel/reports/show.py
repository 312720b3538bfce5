"""Picks from a report what people want to see first, in little memory however long it is.

Failures come before all else. Knows nothing of colours and terminals.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Any

from chaos_otel.errors import ReportError
from chaos_otel.reports.json_text import JsonText
from chaos_otel.reports.layout import ENTRY, HOST, SUMMARY
from chaos_otel.reports.walk import walk

STDERR_LINES = 5
_STDERR_CHARACTERS = 4_000


@dataclass(frozen=True, slots=True)
class Shown:
    """An operation; `stderr` is its end, a few lines, of a failed one only."""

    operation: str
    changed: bool
    success: bool
    duration_s: float
    retries: int
    stderr: tuple[str, ...] = ()


@dataclass(slots=True)
class HostView:
    """A host: its counts as the report has them, the first failures and the last of the others."""

    name: str
    limit: int
    total: int = 0
    changed: int = 0
    failed: int = 0
    duration_s: float = 0.0
    failures: list[Shown] = field(default_factory=list)
    others: deque[Shown] = field(default_factory=deque)

    def add(self, shown: Shown) -> None:
        """Take an operation in; of the others the earlier go when there are more than `limit`."""
        if not shown.success:
            if len(self.failures) < self.limit:
                self.failures.append(shown)
            return
        self.others.append(shown)
        if len(self.others) > self.limit:
            self.others.popleft()

    def rows(self) -> list[Shown]:
        """Failures, then the others, `limit` at most, each in order of completion."""
        room = max(0, self.limit - len(self.failures))
        others = list(self.others)
        return self.failures + others[len(others) - min(room, len(others)) :]


@dataclass(slots=True)
class ReportView:
    """A report: its summary's values and its hosts."""

    status: str = ""
    total: int = 0
    changed: int = 0
    failed: int = 0
    duration_s: float = 0.0
    hosts: list[HostView] = field(default_factory=list)


def view(text: JsonText, name: str, *, limit: int) -> ReportView:
    """Read a report; at most `limit` operations are kept of each host.

    Raises ReportError for what is no JSON or no report; smaller departures from the layout are
    shown as empty: `validate` is what names them.
    """
    report = ReportView()
    host = HostView("", limit)
    seen = set()
    for path, value in walk(text):
        match path:
            case ("summary",) if isinstance(value, dict):
                _summarise(report, value)
            case ("hosts", str() as host_name):
                host.name = host_name
                report.hosts.append(host)
                host = HostView("", limit)
            case ("hosts", _, str() as key):
                _note(host, key, value)
            case ("hosts", _, "history", _) if isinstance(value, dict):
                host.add(_shown(value))
        seen.add(path[:1])
    if not {("summary",), ("hosts",)} <= seen:
        raise ReportError(f"{name} is no report", hint="chaos-otel report validate says why")
    return report


def _summarise(report: ReportView, value: dict[str, Any]) -> None:
    fits = {key: value[key] for key, check in SUMMARY.items() if not check(value.get(key))}
    report.status = fits.get("status", "unknown")
    report.total = fits.get("total_operations", 0)
    report.changed = fits.get("changed_operations", 0)
    report.failed = fits.get("failed_operations", 0)
    report.duration_s = fits.get("total_duration", 0.0)


def _note(host: HostView, key: str, value: Any) -> None:
    if key not in HOST or HOST[key](value):
        return
    match key:
        case "total_operations":
            host.total = value
        case "changed_operations":
            host.changed = value
        case "failed_operations":
            host.failed = value
        case "duration":
            host.duration_s = value


def _shown(entry: dict[str, Any]) -> Shown:
    fits = {key: entry[key] for key, check in ENTRY.items() if not check(entry.get(key))}
    statistics = entry.get("retry_statistics")
    retries = statistics.get("retry_attempts") if isinstance(statistics, dict) else 0
    success = fits.get("success", False)
    stderr = "" if success else fits.get("stderr", "")[-_STDERR_CHARACTERS:].rstrip()
    return Shown(
        operation=fits.get("operation", ""),
        changed=fits.get("changed", False),
        success=success,
        duration_s=fits.get("duration", 0.0),
        retries=retries if isinstance(retries, int) else 0,
        stderr=tuple(stderr.split("\n")[-STDERR_LINES:]) if stderr else (),
    )
