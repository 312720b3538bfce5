"""Runs on disk, and senders that remember, for tests of forwarding."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from chaos_otel import ids
from chaos_otel.config.destination import Destination, Signal
from chaos_otel.exporters.answer import Answer, Delivered
from chaos_otel.journal.line import encode
from chaos_otel.pipeline.destinations_file import write_destinations
from chaos_otel.records import (
    OperationEnded,
    OperationStarted,
    Output,
    Record,
    RunEnded,
    RunStarted,
)

KEY = "otlp http://127.0.0.1:9"


def destination(key: str = KEY, *, kind: Any = "otlp", means: Any = "flag") -> Destination:
    """One that nobody listens at."""
    url = key.partition(" ")[2]
    signals: tuple[Signal, ...] = ("events",) if kind == "endpoint" else ("traces", "logs")
    return Destination(key, kind, {one: f"{url}/v1/{one}" for one in signals}, means=means)


def records(run_id: str, steps: int, *, ended: bool = True) -> Iterable[Record]:
    """A run with steps that print a line each."""
    now = time.time_ns()
    yield RunStarted(
        wall_ns=now, mono_ns=1, run_id=run_id, trace_id=run_id, span_id="ab" * 8, name="deploy"
    )
    for number in range(steps):
        op = f"{number + 1:016x}"
        yield OperationStarted(wall_ns=now, mono_ns=number, op=op, name=f"step {number}")
        yield Output(wall_ns=now, mono_ns=number, op=op, stream=1, text=f"line {number}\n")
        yield OperationEnded(wall_ns=now, mono_ns=number + 1, op=op)
    if ended:
        yield RunEnded(wall_ns=now, mono_ns=steps + 1, exit_code=0)


def write_run(
    state: Path,
    steps: int = 3,
    *,
    to: Iterable[Destination] = (),
    delivered: bool = True,
    ended: bool = True,
) -> Path:
    """The folder of a run that nobody works on."""
    run_id = ids.new_run_id(time.time_ns())
    folder = state / "runs" / run_id
    folder.mkdir(parents=True)
    for one in (state, state / "runs", folder):
        one.chmod(0o700)
    append(folder, records(run_id, steps, ended=ended))
    for name in ("lock", *(["delivered"] if delivered else [])):
        (folder / name).touch(0o600)
    write_destinations(str(folder), [one.to_json() for one in to])
    return folder


def append(folder: Path, added: Iterable[Record], *, first: int = 1) -> None:
    """Write records at the end of a run's journal."""
    with open(folder / "journal.jsonl", "ab") as file:
        for number, record in enumerate(added, first):
            file.write(encode(record, number=number, inbox_offset=0))
    (folder / "journal.jsonl").chmod(0o600)


class RememberingSender:
    """Answers as `reply(signal, body)` says, and keeps what it took."""

    def __init__(self, reply: Callable[[Signal, bytes], Answer] | None = None) -> None:
        self.reply = reply or (lambda signal, body: Delivered())
        self.taken: list[tuple[Signal, bytes]] = []
        self.tried = 0

    def send(self, signal: Signal, body: bytes, *, timeout_s: float, key: str = "") -> Answer:
        """Answer, and remember what was taken."""
        self.tried += 1
        answer = self.reply(signal, body)
        if isinstance(answer, Delivered):
            self.taken.append((signal, body))
        return answer

    def close(self) -> None:
        """Nothing is open."""
