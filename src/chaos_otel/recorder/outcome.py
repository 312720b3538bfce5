"""How a run went, told from how its command ended."""

from __future__ import annotations

import signal
from dataclasses import dataclass

from chaos_otel import semconv
from chaos_otel.records import RunEnded


@dataclass(frozen=True, slots=True)
class Outcome:
    """`error_type` is empty for a success; `result` is a value of `cicd.pipeline.result`."""

    result: str = semconv.RESULT_SUCCESS
    error_type: str = ""
    interrupted: bool = False

    @property
    def success(self) -> bool:
        """Whether all went well."""
        return not self.error_type

    @property
    def unfinished(self) -> bool:
        """Whether the run stopped without coming to its own end."""
        return self.result == semconv.RESULT_CANCELLATION


def outcome(
    ended: RunEnded | None, *, flushed: bool, failed_operations: int, stopped: bool = False
) -> Outcome:
    """Judge a run. `ended` is None where the journal just stops.

    `stopped`: somebody had a program stop that may leave with status 0 all the same.

    A run without a wrapper has no exit status: it went well if the script said that it is complete
    (`flushed`) and no operation failed.
    """
    if ended is None or ended.interrupted:
        return Outcome(semconv.RESULT_CANCELLATION, "interrupted", interrupted=True)
    if ended.timed_out:
        return Outcome(semconv.RESULT_TIMEOUT, "timeout")
    if ended.signal is not None:
        return Outcome(semconv.RESULT_FAILURE, f"signal_{signal_name(ended.signal)}")
    if ended.exit_code:
        return Outcome(semconv.RESULT_FAILURE, f"exit_{ended.exit_code}")
    if stopped:
        return Outcome(semconv.RESULT_CANCELLATION, "interrupted", interrupted=True)
    if ended.exit_code == 0:
        return Outcome()
    if not flushed:
        return Outcome(semconv.RESULT_CANCELLATION, "unfinished")
    return Outcome(semconv.RESULT_FAILURE, "operation_failed") if failed_operations else Outcome()


def signal_name(number: int) -> str:
    """KILL for 9; a number for one without a name."""
    try:
        return signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        return str(number)
