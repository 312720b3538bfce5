"""What came of forwarding, as lines for people. Quick to import: it stands in a run's summary."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from chaos_otel.cli.amounts import counted
from chaos_otel.cli.output import printable

_WIDTH = 160


def summed(told: Mapping[str, Any]) -> dict[str, Any]:
    """For programs: the records of the run and of those before it as one figure."""
    values = {**told, "delivered": told["delivered"] + told["earlier"]}
    for name in ("earlier", "waits", "news", "metrics", "next_try_wall_ns"):
        del values[name]
    return values


def forwarded_line(told: Mapping[str, Any]) -> str:
    """One destination after `deliver`."""
    parts = [f"{counted(told['delivered'], 'record')} delivered"]
    if told["waiting"]:
        parts.append(f"{counted(told['waiting'], 'run')} waiting")
    return _line(told["destination"], [*parts, *_losses(told), *_why(told)])


def progress_line(told: Iterable[Mapping[str, Any]]) -> str:
    """All destinations while `deliver` works, on one line of a terminal."""
    parts = [f"{one['destination']}: {counted(one['earlier'], 'record')}" for one in told]
    return printable(" · ".join(parts))[:79]


def summary_lines(forwarded: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """The destinations of a run, a line each."""
    for told in forwarded:
        yield f"  forward   {_line(told['destination'], [*_parts(told), *_losses(told)])}"


def losses(forwarded: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What has to be told to those who want no summary: what was lost, and a pause that is news."""
    for told in forwarded:
        parts = list(_losses(told))
        if told["news"]:
            parts.insert(0, f"paused: {told['problem']}")
        if told["store"]:
            parts.append(told["store"])
        if parts:
            yield _line(told["destination"], parts)


def _parts(told: Mapping[str, Any]) -> Iterator[str]:
    if not told["delivered"] and told["metrics"]:
        yield "metrics delivered"
    elif told["delivered"] or not told["waits"]:
        yield f"{counted(told['delivered'], 'record')} delivered"
    if told["earlier"]:
        yield f"{told['earlier']:,} of earlier runs"
    if told["waits"] and told["state"] == "paused":
        yield f"paused: {told['problem']}"
    elif told["waits"]:
        yield f"the rest is waiting{_because(told)}" if told["delivered"] else _waiting(told)
    elif told["problem"]:
        yield told["problem"]


def _waiting(told: Mapping[str, Any]) -> str:
    return f"this run is waiting{_because(told)}"


def _because(told: Mapping[str, Any]) -> str:
    return f": {told['problem']}" if told["problem"] else ": there was no more time"


def _why(told: Mapping[str, Any]) -> Iterator[str]:
    if not told["problem"]:
        return
    yield f"paused: {told['problem']}" if told["state"] == "paused" else told["problem"]


def _losses(told: Mapping[str, Any]) -> Iterator[str]:
    if told["rejected"]:
        why = f" ({told['rejection']})" if told["rejection"] else ""
        yield f"{told['rejected']:,} rejected{why}"
    if told["buried"]:
        yield f"{told['buried']:,} refused for what they are (chaos-otel outbox show)"


def _line(destination: str, parts: Iterable[str]) -> str:
    text = printable(f"{destination}: {', '.join(parts)}")
    return text if len(text) <= _WIDTH else text[: _WIDTH - 1] + "…"
