"""A run that somebody stopped, and the hooks that reported in it."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel import semconv
from chaos_otel.recorder import Recorder
from chaos_otel.records import Hooked, Interrupted, Record, RunEnded, RunStarted

AT: dict[str, Any] = {"wall_ns": 1_795_291_972_000_000_000, "mono_ns": 5_000_000_000}


def run_span(*records: Record) -> ReadableSpan:
    """The span of a run with these records in it."""
    recorder = Recorder()
    started = RunStarted(**AT, run_id="1" * 32, trace_id="2" * 32, span_id="3" * 16, name="run")
    for record in (started, *records):
        recorder.fold(record)
    return recorder.finish()[-1]


@pytest.mark.parametrize(
    ("code", "error_type"),
    [(0, "interrupted"), (7, "exit_7")],
)
def test_a_run_that_was_stopped_did_not_succeed(code: int, error_type: str) -> None:
    """Although its command left with 0; another status says more."""
    span = run_span(Interrupted(**AT, reason="Ctrl-C"), RunEnded(**AT, exit_code=code))
    assert span.attributes is not None and not span.status.is_ok
    assert span.attributes[semconv.ERROR_TYPE] == error_type
    (event,) = span.events
    assert event.attributes == {semconv.EVENT_MESSAGE: "Ctrl-C"}


def test_the_hooks_that_reported() -> None:
    """Each once, in order."""
    tools = ("pyinfra", "ansible", "pyinfra")
    hooks = [Hooked(**AT, tool=tool) for tool in tools]
    span = run_span(*hooks, RunEnded(**AT, exit_code=0))
    assert span.attributes is not None
    assert span.attributes[semconv.RUN_HOOKS] == ("pyinfra", "ansible")
