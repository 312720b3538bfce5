"""Capture: run a command, stay invisible, write down what it did.

The order is the promise: everything that has to be there before the command starts, the command,
and only then what is heavy to load. Whatever of ours fails becomes one of the `problems`; the
command runs all the same. Quick to import.
"""

from __future__ import annotations

import os
import time
from typing import Any, NamedTuple

from chaos_otel import clock
from chaos_otel.config.environment import Environment
from chaos_otel.errors import StartError, UnsupervisedError
from chaos_otel.pipeline.handover import Handover
from chaos_otel.pipeline.late_tap import LateTap
from chaos_otel.pipeline.preparation import Prepared, discard, prepare
from chaos_otel.pipeline.request import Request
from chaos_otel.runner.contract import Channels, Ended, Exit, Process
from chaos_otel.runner.signals import Signals
from chaos_otel.runner.start import start
from chaos_otel.runner.supervise import supervise

LOCAL_OUTPUTS_WAIT_S = 5.0
ASK_AGAIN_S = 0.01


class Finished(NamedTuple):
    """How a run went: what to leave with and what to tell.

    `answer` is what `deliver` said (`outcome.answer`); empty where it was not waited for or said
    nothing. `folder` is where the journal lies, empty if the run was not recorded.
    """

    ended: Ended
    channels: Channels
    answer: dict[str, Any]
    name: str = ""
    folder: str = ""
    problems: tuple[str, ...] = ()


def capture(request: Request, environment: Environment) -> Finished:
    """Run the command to its end.

    Raises StartError and its kin where it could not be started, UnsupervisedError where it has
    to be run without us.
    """
    prepared = prepare(request, environment)
    tap = LateTap(prepared)
    with _signals(prepared) as signals:
        process = _start(request, prepared, signals)
        tap.command_started(process.pid)
        ended = _supervised(process, request, prepared, signals, tap)
        tap.finish(ended, signals.asked_to_leave)
        if prepared.handover is not None:
            prepared.handover.ended(lingering=ended.lingering, unwritten=tap.unwritten)
        wait_s = LOCAL_OUTPUTS_WAIT_S + (request.pace.export_wait_s if request.destinations else 0)
        answer = _answer(prepared.handover, signals, wait_s=wait_s if request.wait else 0.0)
    faults = [f"recording stopped early: {ended.tap_fault}"] if ended.tap_fault else []
    return Finished(
        ended,
        prepared.channels,
        name=prepared.plan.name if prepared.plan else "",
        folder=prepared.plan.folder if prepared.plan else "",
        answer=answer,
        problems=(*prepared.problems, *tap.problems, *faults),
    )


def _signals(prepared: Prepared) -> Signals:
    try:
        return Signals()
    except OSError as error:
        discard(prepared)
        raise UnsupervisedError(f"cannot listen to signals ({error.strerror})") from error


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


def _supervised(
    process: Process, request: Request, prepared: Prepared, signals: Signals, tap: LateTap
) -> Ended:
    try:
        return supervise(
            process,
            prepared.channels,
            signals,
            tap,
            nonce=prepared.nonce,
            timeout_s=request.timeout_s,
            kill_after_s=request.kill_after_s,
            recognised_by=prepared.recognised_by,
        )
    except Exception as error:  # the edge: `deliver` goes on as if we had died, we only wait
        tap.abandon(error)
        if prepared.handover is not None:
            prepared.handover.close()
            prepared.handover = None
        return _waited_for(process)


def _waited_for(process: Process) -> Ended:
    while True:
        change = process.poll()
        if change is None and not os.path.exists(f"/proc/{process.pid}"):
            change = Exit()  # the answer was taken, and lost with what failed
        if isinstance(change, Exit):
            return Ended(change, *process.started, *clock.now())
        if change is None:
            time.sleep(ASK_AGAIN_S)


def _answer(handover: Handover | None, signals: Signals, *, wait_s: float) -> dict[str, Any]:
    """Wait for what `deliver` makes of the run, but not against a Ctrl-C."""
    if handover is None or not wait_s or signals.asked_to_leave():
        return {}
    return handover.answer(
        wait_s=wait_s,
        signals_fd=signals.fileno(),
        asked_to_leave=signals.asked_to_leave,
    )
