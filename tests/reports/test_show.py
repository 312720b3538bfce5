"""What people see of a report: failures first, bounded, whatever stands in it."""

from __future__ import annotations

from typing import Any

import pytest

from chaos_otel.errors import ReportError
from chaos_otel.reports.show import view

from .conftest import Document, Opener


def entry(name: str, success: bool = True, **more: Any) -> dict[str, Any]:
    return {"operation": name, "changed": False, "success": success, "duration": 1.0, **more}


def with_history(document: Document, *entries: dict[str, Any]) -> Document:
    document["hosts"]["@local"]["history"] = list(entries)
    return document


def test_the_documented_report(opened: Opener, document: Document) -> None:
    """Counts as they stand, operations with what matters of them."""
    seen = view(opened(document), "x", limit=10)
    assert (seen.status, seen.total, seen.changed, seen.failed) == ("failure", 2, 1, 1)
    (host,) = seen.hosts
    assert (host.name, host.total, host.failed, host.duration_s) == ("@local", 2, 1, 3.5)
    copy, build = host.rows()
    assert (copy.operation, copy.retries, copy.stderr) == ("copy", 2, ("no route to host",))
    assert (build.operation, build.changed, build.stderr) == ("build", True, ())


def test_failures_first_and_no_more_than_asked(opened: Opener, document: Document) -> None:
    """The first failures, then the last of the others, each in order of completion."""
    entries = [entry(f"{'bad' if n % 10 == 5 else 'good'} {n}", n % 10 != 5) for n in range(100)]
    (host,) = view(opened(with_history(document, *entries)), "x", limit=13).hosts
    names = [row.operation for row in host.rows()]
    assert names == [*(f"bad {n}" for n in range(5, 100, 10)), "good 97", "good 98", "good 99"]
    (host,) = view(opened(with_history(document, *entries)), "x", limit=3).hosts
    assert [row.operation for row in host.rows()] == ["bad 5", "bad 15", "bad 25"]


def test_the_end_of_a_long_stderr(opened: Opener, document: Document) -> None:
    """Its last five lines, of a failure only; of an endless line the end."""
    lines = "".join(f"line {n}\n" for n in range(100)) + "\n\n"
    entries = [
        entry("bad", False, stderr=lines),
        entry("good", stderr=lines),
        entry("long", False, stderr="x" * 100_000),
    ]
    (host,) = view(opened(with_history(document, *entries)), "x", limit=5).hosts
    bad, long, good = host.rows()
    assert bad.stderr == tuple(f"line {n}" for n in range(95, 100))
    assert good.stderr == ()
    assert [len(line) for line in long.stderr] == [4000]


def test_departures_are_shown_as_empty(opened: Opener, document: Document) -> None:
    """A report of somebody else with other entries in it can still be looked at."""
    document["summary"]["total_operations"] = "many"
    document["hosts"]["@local"]["duration"] = None
    document["hosts"]["web1"] = None
    odd: list[Any] = [{"type": "setup"}, 3, None, entry("x", retry_statistics=[])]
    document["hosts"]["@local"]["history"] = odd
    seen = view(opened(document), "x", limit=10)
    assert seen.total == 0
    assert [host.name for host in seen.hosts] == ["@local", "web1"]
    assert [row.operation for row in seen.hosts[0].rows()] == ["", "x"]


@pytest.mark.parametrize("content", ["[]", "{}", '{"summary": {}}', '"text"', '{"hosts": 3}'])
def test_what_is_no_report(opened: Opener, content: str) -> None:
    """Other JSON is refused, with advice."""
    with pytest.raises(ReportError, match="validate"):
        view(opened(content), "x", limit=10)
