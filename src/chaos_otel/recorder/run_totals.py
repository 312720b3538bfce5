"""What a run as a whole adds to the counters: how it went, what it used, what it waited for us."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

from chaos_otel import instruments, semconv
from chaos_otel.labels import clean, joined
from chaos_otel.measures import Increment, Labels, Level, Measure, Observation, Step
from chaos_otel.recorder.outcome import Outcome
from chaos_otel.recorder.run import Run
from chaos_otel.records import RunEnded

# working hours, local time: Monday to Friday, from 8 to 18 o'clock
_WORKING_DAYS: Final = range(5)
_WORKING_HOURS: Final = range(8, 18)
_S: Final = 1e9


def of_ending(
    run: Run, outcome: Outcome, script: Labels, *, duration_s: float, at_wall_ns: int
) -> Iterator[Measure]:
    """That it ended, when, how, and after what time."""
    attributes = run.started.attributes
    labels = joined(
        script,
        (semconv.LABEL_RESULT, outcome.result),
        (semconv.LABEL_RECORDED_REVISION, word(semconv.VCS_REF_HEAD_REVISION in attributes)),
        (semconv.LABEL_RECORDED_USER, word(semconv.USER_HASH in attributes)),
        (semconv.LABEL_WORKING_HOURS, word(in_working_hours(run.started.wall_ns))),
    )
    at = at_wall_ns
    yield Increment(instruments.RUNS.name, labels, 1)
    yield Level(instruments.EXECUTION_TIME.name, script, duration_s, at)
    yield Observation(instruments.RUN_DURATION.name, script, duration_s)
    yield Level(instruments.LAST_RUN.name, script, at / _S, at)
    if outcome.success:
        yield Level(instruments.FAILURES_CONSECUTIVE.name, script, 0, at)
        yield Level(instruments.LAST_SUCCESS.name, script, at / _S, at)
        return
    error = (semconv.ERROR_TYPE, clean(outcome.error_type))
    yield Increment(instruments.FAILURES.name, joined(script, error), 1)
    yield Step(instruments.FAILURES_CONSECUTIVE.name, script, 1, at)
    yield Level(instruments.LAST_FAILURE.name, script, at / _S, at)


def in_working_hours(wall_ns: int) -> bool:
    """Whether that is between 8 and 18 o'clock, Monday to Friday, in this machine's time zone."""
    try:
        local = time.localtime(wall_ns / _S)
    except (OverflowError, ValueError, OSError):
        return False
    return local.tm_wday in _WORKING_DAYS and local.tm_hour in _WORKING_HOURS


def of_usage(run: Run, script: Labels, *, at_wall_ns: int) -> Iterator[Measure]:
    """What the command used, as far as somebody knows."""
    ended = run.ended or RunEnded(wall_ns=0, mono_ns=0)
    sampled_s = run.tree.get(semconv.RUN_TREE_CPU_S)
    cpu_s: float | None = None
    if ended.cpu_user_s is not None or ended.cpu_system_s is not None:
        cpu_s = (ended.cpu_user_s or 0.0) + (ended.cpu_system_s or 0.0)
    elif isinstance(sampled_s, float | int):
        cpu_s = sampled_s
    counted = (
        (instruments.CPU_TIME, script, cpu_s),
        (instruments.DISK_IO, _towards(script, "read"), ended.io_read_bytes),
        (instruments.DISK_IO, _towards(script, "write"), ended.io_write_bytes),
        (instruments.NETWORK_IO, script, ended.network_bytes),
        (instruments.REDACTIONS, script, ended.redactions),
    )
    for instrument, labels, value in counted:
        if value is not None:
            yield Increment(instrument.name, labels, max(0, value))
    sampled_bytes = run.tree.get(semconv.RUN_TREE_MEMORY_PEAK_BYTES)
    peaks = [one for one in (ended.memory_peak_bytes, sampled_bytes) if isinstance(one, int)]
    if peaks:
        yield Level(instruments.MEMORY_PEAK.name, script, max(peaks), at_wall_ns)
    if ended.disk_used_bytes is not None:
        yield Level(instruments.DISK_USAGE.name, script, ended.disk_used_bytes, at_wall_ns)


def of_overhead(run: Run, after_s: float | None, *, at_wall_ns: int) -> Iterator[Measure]:
    """What the command waited for us before it began, and its caller after it had ended."""
    phases = {"after": after_s}
    if run.process is not None and run.started.wrapped:
        began_ns = (run.ended and run.ended.started_mono_ns) or run.process.mono_ns
        phases["before"] = (began_ns - run.started.mono_ns) / _S
    for phase, seconds in phases.items():
        if seconds is not None:
            labels = ((semconv.LABEL_PHASE, phase),)
            yield Level(instruments.SELF_OVERHEAD.name, labels, max(0.0, seconds), at_wall_ns)


def _towards(script: Labels, direction: str) -> Labels:
    return joined(script, (semconv.LABEL_DIRECTION, direction))


def word(value: object) -> str:
    """A truth as a label's value."""
    return "true" if value is True else "false"
