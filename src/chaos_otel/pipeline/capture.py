"""Capture: run a command, stay invisible, write down what it did.

The order is the promise: everything that has to be there before the command starts, the command,
and only then what is heavy to load. Whatever of ours fails becomes a line in `problems`; the
command runs all the same. Quick to import.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from chaos_otel.config.environment import Environment
from chaos_otel.errors import StartError
from chaos_otel.pipeline.handover import Handover
from chaos_otel.pipeline.late_tap import LateTap
from chaos_otel.pipeline.preparation import Prepared, discard, prepare
from chaos_otel.pipeline.request import Request
from chaos_otel.runner.contract import Channels, Ended, Process
from chaos_otel.runner.signals import Signals
from chaos_otel.runner.spawn import replace
from chaos_otel.runner.start import start
from chaos_otel.runner.supervise import supervise

LOCAL_OUTPUTS_WAIT_S = 5.0


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run went: what to leave with and what to tell.

    `answer` is what `deliver` said (`outcome.answer`); empty where it was not waited for or said
    nothing. `folder` is where the journal lies, empty if the run was not recorded.
    """

    ended: Ended
    channels: Channels
    name: str = ""
    folder: str = ""
    answer: dict[str, Any] = field(default_factory=dict)
    problems: tuple[str, ...] = ()


def capture(request: Request, environment: Environment) -> Finished:
    """Run the command to its end. Raises StartError and its kin only where it could not be
    started."""
    prepared = prepare(request, environment)
    tap = LateTap(prepared)
    with _signals(prepared, request) as signals:
        process = _start(request, prepared, signals)
        tap.command_started(process.pid)
        ended = supervise(
            process,
            prepared.channels,
            signals,
            tap,
            nonce=prepared.nonce,
            timeout_s=request.timeout_s,
            kill_after_s=request.kill_after_s,
            recognised_by=prepared.recognised_by,
        )
        tap.finish(ended)
        answer = _handed_over(prepared.handover, ended, signals, wait=request.wait)
    faults = [f"recording stopped early: {ended.tap_fault}"] if ended.tap_fault else []
    return Finished(
        ended,
        prepared.channels,
        name=prepared.plan.name if prepared.plan else "",
        folder=prepared.plan.folder if prepared.plan else "",
        answer=answer,
        problems=(*prepared.problems, *tap.problems, *faults),
    )


def _signals(prepared: Prepared, request: Request) -> Signals:
    try:
        return Signals()
    except OSError:  # no descriptor is left to supervise with: the command comes first
        discard(prepared)
        replace(request.argv, prepared.environment)


def _start(request: Request, prepared: Prepared, signals: Signals) -> Process:
    try:
        return start(
            request.argv,
            prepared.environment,
            prepared.channels,
            signals=signals,
            in_child=prepared.handover.announce_self if prepared.handover else None,
        )
    except StartError:
        discard(prepared)
        raise


def _handed_over(
    handover: Handover | None, ended: Ended, signals: Signals, *, wait: bool
) -> dict[str, Any]:
    """Tell `deliver` that the journal is complete, and wait for what comes of it, but not against
    a Ctrl-C."""
    if handover is None:
        return {}
    handover.ended(lingering=ended.lingering)
    if not wait:
        return {}
    signals.take()
    return handover.answer(
        wait_s=LOCAL_OUTPUTS_WAIT_S,
        signals_fd=signals.fileno(),
        asked_to_leave=signals.asked_to_leave,
    )
