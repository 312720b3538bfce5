"""Validation: what the exporter writes is fine, and every departure is named by its place."""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from typing import Any

import pytest

from chaos_otel.reports.validate import Validation

from .conftest import Document, Opener

ENTRY = 'hosts."@local".history[1]'


def findings(opened: Opener, content: str | Document) -> list[str]:
    return [str(finding) for finding in Validation(opened(content)).findings()]


def history(document: Document) -> Any:
    return document["hosts"]["@local"]["history"]


def reordered(value: dict[str, Any], first: str) -> dict[str, Any]:
    return {first: value[first], **value}


def test_the_documented_report_is_fine(opened: Opener, document: Document) -> None:
    """The page's own example has no departure, and is counted."""
    validation = Validation(opened(document))
    assert list(validation.findings()) == []
    assert (validation.hosts, validation.operations) == (1, 2)


def test_an_empty_report_is_fine(opened: Opener, document: Document) -> None:
    """A run of no host is one, too."""
    zeros = dict.fromkeys(document["summary"], 0) | {"status": "success"}
    assert findings(opened, {"summary": zeros, "hosts": {}}) == []


def _swap(path: list[str | int], first: str) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = reordered(target[path[-1]], first)

    return change


def _set(*path: str | int, to: Any) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        target[path[-1]] = to

    return change


def _delete(*path: str | int) -> Callable[[Document], None]:
    def change(document: Document) -> None:
        target: Any = document
        for step in path[:-1]:
            target = target[step]
        del target[path[-1]]

    return change


AT: list[str | int] = ["hosts", "@local", "history", 1]
INFO = [*AT, "retry_statistics", "retry_info"]


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (_delete("summary"), ["summary: is missing"]),
        (_delete("hosts"), ["hosts: is missing"]),
        (_delete("summary", "status"), ["summary.status: is missing"]),
        (_set("extra", to=1), ["extra: is no key of the layout"]),
        (_set("hosts", "@local", "os", to=1), ['hosts."@local".os: is no key of the layout']),
        (_set(*INFO, "a.b", to=1), [f'{ENTRY}.retry_statistics.retry_info."a.b": is no key']),
        (_delete(*INFO, "was_retried"), [f"{ENTRY}.retry_statistics.retry_info.was_retried: is m"]),
        (_delete(*INFO), [f"{ENTRY}.retry_statistics.retry_info: is missing"]),
        (_swap(["summary"], "status"), ["summary.status: stands where total_operations belongs"]),
        (_swap(INFO, "max_retries"), [f"{ENTRY}.retry_statistics.retry_info.max_retries: stands"]),
        (_swap(AT, "stdout"), [f"{ENTRY}.stdout: stands where operation belongs"]),
        (_swap(["hosts", "@local"], "history"), ['hosts."@local".history: stands where total']),
        (_set(*AT, "changed", to="no"), [f'{ENTRY}.changed: is "no", not true or false']),
        (_set(*AT, "operation", to=None), [f"{ENTRY}.operation: is null, not text"]),
        (_set(*AT, "duration", to=-0.5), [f"{ENTRY}.duration: is -0.5; a duration is never"]),
        (_set(*AT, "duration", to=True), [f"{ENTRY}.duration: is true, not a number"]),
        (_set(*AT, "duration", to=math.nan), [f"{ENTRY}.duration: is NaN, not a finite"]),
        (_set(*AT, "duration", to=math.inf), [f"{ENTRY}.duration: is Infinity, not a finite"]),
        (_set(*AT, "duration", to=2.26541), [f"{ENTRY}.duration: is 2.26541; four decimals"]),
        (_set(*AT, "retry_statistics", to=[]), [f"{ENTRY}.retry_statistics: is a list, not an"]),
        (_set(*INFO, to=3), [f"{ENTRY}.retry_statistics.retry_info: is 3, not an object"]),
        (_set("summary", "status", to="good"), ['summary.status: is "good", not "success" or']),
        (_set("summary", to=[]), ["summary: is a list, not an object"]),
        (_set("hosts", to=[]), ["hosts: is a list, not an object"]),
        (_set("summary", "total_operations", to=2.0), ["summary.total_operations: is 2.0, not a"]),
        (_set("summary", "total_operations", to=3), ["summary.total_operations: is 3, but the"]),
        (_set("summary", "total_duration", to=9.0), ["summary.total_duration: is 9.0, but the"]),
        (_set("summary", "status", to="success"), ['summary.status: is "success", but']),
        (
            _set("hosts", "@local", "duration", to=4.0),
            ['hosts."@local".duration: is 4.0, more', "summary.total_duration: is 3.5, but the"],
        ),
        (
            _set("hosts", "@local", "changed_operations", to=2),
            [
                'hosts."@local".changed_operations: is 2, but its history add up to 1',
                "summary.changed_operations: is 1, but the hosts add up to 2",
            ],
        ),
        (
            _set(*AT, "retry_statistics", "stderr", to=""),
            [f"{ENTRY}.retry_statistics.stderr: is not the operation's stderr"],
        ),
        (
            _set(*INFO, "max_retries", to=5),
            [f"{ENTRY}.retry_statistics.retry_info.max_retries: is 5, not 2"],
        ),
        (
            _set(*INFO, "was_retried", to=False),
            [f"{ENTRY}.retry_statistics.retry_info.was_retried: is false after 2 retries"],
        ),
        (
            _set(*AT[:3], 0, "retry_statistics", "retry_succeeded", to=True),
            [
                'hosts."@local".history[0].retry_statistics.retry_info.retry_succeeded: is null',
                'hosts."@local".history[0].retry_statistics.retry_succeeded: is true, not null',
            ],
        ),
    ],
)
def test_each_departure_is_named(
    opened: Opener, document: Document, change: Callable[[Document], None], expected: list[str]
) -> None:
    """One change, its place and nothing else (but what follows from it)."""
    change(document)
    found = findings(opened, document)
    assert len(found) == len(expected), found
    for finding, beginning in zip(found, expected, strict=True):
        assert finding.startswith(beginning)


@pytest.mark.parametrize("value", [[], 3, "text", None])
@pytest.mark.parametrize("path", [(), ("hosts", "@local"), ("hosts", "@local", "history", 1)])
def test_wrong_type_of_a_container(
    opened: Opener, document: Document, path: tuple[str | int, ...], value: Any
) -> None:
    """What is no object where one belongs is named, first of all."""
    if path:
        _set(*path, to=value)(document)
        found = findings(opened, document)
    else:
        found = findings(opened, json.dumps(value))
    assert "not an object" in found[0]


def test_history_that_is_no_list(opened: Opener, document: Document) -> None:
    """Its host is named."""
    document["hosts"]["@local"]["history"] = {"0": "x"}
    assert findings(opened, document)[0] == 'hosts."@local".history: is an object, not a list'


@pytest.mark.parametrize(
    ("old", "new", "finding"),
    [
        ('"status": "failure"', '"status": "failure", "status": "failure"', "summary.status"),
        ('"hosts": {', '"hosts": {"@local": {}, ', 'hosts."@local"'),
        (
            '"changed": true',
            '"changed": true, "changed": true',
            'hosts."@local".history[0].changed',
        ),
        ('"duration": 3.5', '"duration": 3.5, "duration": 3.5', 'hosts."@local".duration'),
        ('{\n    "summary"', '{"hosts": {}, "summary"', "hosts"),
    ],
)
def test_repeated_keys(
    opened: Opener, document: Document, old: str, new: str, finding: str
) -> None:
    """A key that stands twice is named, which no parsed document would show."""
    text = json.dumps(document, indent=4)
    assert old in text
    found = findings(opened, text.replace(old, new, 1))
    assert f"{finding}: stands more than once" in found


def test_names_of_hosts_are_quoted(opened: Opener, document: Document) -> None:
    """A host may be called anything; its place stays readable."""
    document["hosts"]['we"b.1'] = None
    assert findings(opened, document)[0].startswith(r'hosts."we\"b.1": is null')


def test_findings_come_one_by_one(opened: Opener, document: Document) -> None:
    """A hopeless file is not read to its end for its first findings."""
    history(document).extend([{}] * 100_000)
    validation = Validation(opened(document))
    next(validation.findings())
    assert validation.operations < 10
