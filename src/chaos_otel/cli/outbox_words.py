"""Says what waits: lines for people, plain data for programs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from chaos_otel.cli import amounts
from chaos_otel.cli.amounts import counted, duration, size
from chaos_otel.cli.output import printable
from chaos_otel.pipeline.outbox_view import Waiting
from chaos_otel.pipeline.waiting import WaitingRun
from chaos_otel.store.dead_letters import DeadLetter

_S = 10**9
_LETTERS_SHOWN = 20


def lines_of(one: Waiting, *, now_wall_ns: int) -> Iterator[str]:
    """A destination, how it is and what waits for it."""
    state = one.state
    yield printable(one.destination)
    yield f"  state       {_state(one, now_wall_ns=now_wall_ns)}"
    yield f"  waits       {_waits(one, now_wall_ns=now_wall_ns)}"
    if one.dead_letters:
        yield f"  refused     {counted(one.dead_letters, 'record')}, kept as dead letters"
    if state.last_error:
        yield f"  last error  {moment(state.last_error_wall_ns)}  {printable(state.last_error)}"
    if state.last_success_wall_ns:
        yield f"  last sent   {moment(state.last_success_wall_ns)}"


def lines_of_runs(runs: Sequence[WaitingRun]) -> Iterator[str]:
    """The runs that wait, with how far each has come."""
    for run in runs:
        yield f"  {run.run_id}  {moment(run.since_wall_ns)}  {size(run.size_bytes)}, {_sent(run)}"


def lines_of_letters(letters: Sequence[DeadLetter]) -> Iterator[str]:
    """What was refused and why, the last ones."""
    if len(letters) > _LETTERS_SHOWN:
        yield f"  {len(letters) - _LETTERS_SHOWN} more before these (--json prints all)"
    for letter in letters[-_LETTERS_SHOWN:]:
        what = f"{letter.signal} of run {letter.run_id}, {size(len(letter.record))}"
        again = " (sent again at the next delivery)" if letter.again else ""
        yield f"  {moment(letter.at_wall_ns)}  {what}: {printable(letter.reason)}{again}"


def as_data(
    one: Waiting, runs: Iterable[WaitingRun] = (), letters: Iterable[DeadLetter] = ()
) -> dict[str, Any]:
    """The same as plain data; times as people read them, in UTC, None for never."""
    state = one.state
    data: dict[str, Any] = {
        "destination": one.destination,
        "state": state.state,
        "reason": state.reason,
        "runs": len(one.runs),
        "size_bytes": one.size_bytes,
        "oldest": moment(one.oldest_wall_ns or 0),
        "attempts": state.attempts,
        "next_try": moment(state.next_try_wall_ns),
        "last_error": state.last_error,
        "last_error_at": moment(state.last_error_wall_ns),
        "last_success_at": moment(state.last_success_wall_ns),
        "dead_letters": one.dead_letters,
    }
    if runs := list(runs):
        data["waiting"] = [_run_data(run) for run in runs]
    if letters := list(letters):
        data["letters"] = [_letter_data(letter) for letter in letters]
    return data


def moment(wall_ns: int) -> str | None:
    """A time in UTC, to the second; None for never."""
    return amounts.moment(wall_ns) if wall_ns else None


def _state(one: Waiting, *, now_wall_ns: int) -> str:
    state = one.state
    words = f"{state.state}: {printable(state.reason)}" if state.reason else str(state.state)
    ahead_s = (state.next_try_wall_ns - now_wall_ns) / _S
    if state.state == "ready" or not state.next_try_wall_ns:
        return words
    again = f"next try in {duration(ahead_s)}" if ahead_s > 0 else "next try with the next delivery"
    tried = f" (failed {state.attempts} times)" if state.attempts > 1 else ""
    return f"{words}; {again}{tried}"


def _waits(one: Waiting, *, now_wall_ns: int) -> str:
    if one.oldest_wall_ns is None:
        return "nothing"
    age = duration(max(0, now_wall_ns - one.oldest_wall_ns) / _S)
    return f"{counted(len(one.runs), 'run')}, {size(one.size_bytes)}, the oldest for {age}"


def _sent(run: WaitingRun) -> str:
    cursor = run.cursor
    if cursor is None or not (cursor.spans or cursor.logs or cursor.documents):
        return "nothing sent yet"
    counts = ((cursor.spans, "span"), (cursor.logs, "log record"), (cursor.documents, "document"))
    return ", ".join(counted(count, what) for count, what in counts if count) + " sent"


def _run_data(run: WaitingRun) -> dict[str, Any]:
    cursor = run.cursor
    return {
        "run_id": run.run_id,
        "destination": run.destination.key,
        "since": moment(run.since_wall_ns),
        "size_bytes": run.size_bytes,
        "sent_spans": cursor.spans if cursor else 0,
        "sent_logs": cursor.logs if cursor else 0,
        "sent_documents": cursor.documents if cursor else 0,
    }


def _letter_data(letter: DeadLetter) -> dict[str, Any]:
    import base64

    return {
        "run_id": letter.run_id,
        "destination": letter.destination,
        "signal": letter.signal,
        "at": moment(letter.at_wall_ns),
        "reason": letter.reason,
        "sent_again": letter.again,
        "record": base64.b64encode(letter.record).decode("ascii"),
    }
