"""The few lines after a command, on stderr. Quick to import: people wait for their prompt."""

from __future__ import annotations

import signal
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

from chaos_otel.cli.amounts import duration
from chaos_otel.cli.forward_lines import summary_lines
from chaos_otel.cli.output import printable
from chaos_otel.pipeline.capture import Finished

Paint: TypeAlias = Callable[[str, str], str]

_NAME_WIDTH = 48
_SLOWEST_SHOWN = 3


def lines(finished: Finished, paint: Paint) -> Iterator[str]:
    """How a run went: result, duration, operations by outcome, the slowest, where the report is.

    `paint(text, colour)` colours a text or leaves it as it is.
    """
    summary = finished.answer.get("summary") or {}
    yield _result(finished, summary, paint)
    if summary:
        yield _operations(summary, paint)
        yield from _failures(summary, paint)
        yield from _slowest(summary, paint)
    if finished.channels.reason:
        yield f"  output    not captured: {finished.channels.reason}"
    yield from summary_lines(finished.answer.get("forwarded", ()))
    if finished.answer.get("report"):
        yield f"  report    {printable(finished.answer['report'])}"
    if finished.answer.get("events"):
        yield f"  events    {printable(finished.answer['events'])}"


def not_consented(keys: Sequence[str]) -> str:
    """The line about destinations that are configured and get nothing."""
    more = f" (and {len(keys) - 1} more)" if len(keys) > 1 else ""
    remedy = "nobody has consented; chaos-otel consent grant"
    return f"  not sent  {printable(keys[0])}{more}: {remedy}"


def _result(finished: Finished, summary: dict[str, Any], paint: Paint) -> str:
    ended = finished.ended
    failed = ended.exit.exit_code != 0 or ended.timed_out or summary.get("status") == "failure"
    word = paint("failure", "red") if failed else paint("success", "green")
    seconds = max(0, ended.ended_mono_ns - ended.started_mono_ns) / 1e9
    name = _short(summary.get("run_name") or finished.name)
    how = _how(finished)
    return f"chaos-otel: {word}  {name}  in {duration(seconds)}" + (f"  ({how})" if how else "")


def _how(finished: Finished) -> str:
    ended = finished.ended
    if ended.timed_out:
        return "timed out"
    if ended.exit.signal is not None:
        return f"ended by {_signal_name(ended.exit.signal)}"
    return f"exit status {ended.exit.exit_code}" if ended.exit.exit_code else ""


def _signal_name(signum: int) -> str:
    try:
        return signal.Signals(signum).name
    except ValueError:
        return f"signal {signum}"


def _operations(summary: dict[str, Any], paint: Paint) -> str:
    counts = summary["counts"]
    parts = [f"{counts['total']} in all", f"{counts['total'] - counts['failed']} ok"]
    if counts["changed"]:
        parts.append(paint(f"{counts['changed']} changed", "yellow"))
    if counts["failed"]:
        parts.append(paint(f"{counts['failed']} failed", "red"))
    if summary["unfinished"]:
        parts.append(f"{summary['unfinished']} unfinished")
    hosts = f" on {summary['hosts']} hosts" if summary["hosts"] > 1 else ""
    return f"  steps     {', '.join(parts)}{hosts}"


def _failures(summary: dict[str, Any], paint: Paint) -> Iterator[str]:
    for label, failure in zip(_labels("failed"), summary["failures"], strict=False):
        detail = f": {failure['detail']}" if failure["detail"] else ""
        yield f"  {label}{paint(_short(failure['operation']), 'red')}{_short(detail, 100)}"


def _slowest(summary: dict[str, Any], paint: Paint) -> Iterator[str]:
    slowest = summary["slowest"][:_SLOWEST_SHOWN]
    if summary["counts"]["total"] < 2:
        return
    for label, timed in zip(_labels("slowest"), slowest, strict=False):
        yield f"  {label}{_short(timed['operation'])}  {duration(timed['duration_s'])}"


def _labels(first: str) -> Iterator[str]:
    yield f"{first:<10}"
    while True:
        yield " " * 10


def _short(text: str, width: int = _NAME_WIDTH) -> str:
    """One line of it, harmless to a terminal."""
    plain = "".join(char if char.isprintable() else " " for char in text)
    return plain if len(plain) <= width else plain[: width - 1] + "…"
