"""Run a command and record nothing. Quick to import."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

from chaos_otel.config.environment import Environment
from chaos_otel.runner.contract import Channels
from chaos_otel.runner.leave import leave_as
from chaos_otel.runner.signals import Signals
from chaos_otel.runner.spawn import replace, spawn
from chaos_otel.runner.supervise import supervise


def run_plainly(
    argv: Sequence[bytes],
    environment: Environment,
    *,
    timeout_s: float | None,
    kill_after_s: float,
) -> NoReturn:
    """Become the command; with a timeout, stay beside it and leave as it left.

    Raises StartError and its kin where it cannot be started.
    """
    if timeout_s is None:
        replace(argv, environment.block)
    channels = Channels("inherit")
    with Signals() as signals:
        process = spawn(argv, environment.block, channels, signals=signals)
        ended = supervise(
            process,
            channels,
            signals,
            None,
            nonce=b"",
            timeout_s=timeout_s,
            kill_after_s=kill_after_s,
        )
    leave_as(ended.exit, timed_out=ended.timed_out)
