"""The last record of a run: how the command ended and what it used. Loaded after it started."""

from __future__ import annotations

import msgspec

from chaos_otel.pipeline import machine
from chaos_otel.pipeline.plan import Plan
from chaos_otel.records import RunEnded
from chaos_otel.runner.contract import Ended, Usage


def run_ended(ended: Ended, plan: Plan, *, interrupted: bool = False) -> RunEnded:
    """How the command ended, as far as somebody saw it."""
    record = RunEnded(
        wall_ns=ended.ended_wall_ns,
        mono_ns=ended.ended_mono_ns,
        started_mono_ns=ended.started_mono_ns,
        exit_code=ended.exit.exit_code,
        signal=ended.exit.signal,
        core_dumped=ended.exit.core_dumped,
        timed_out=ended.timed_out,
        interrupted=interrupted,
        disk_used_bytes=machine.disk_used_bytes(plan.cwd),
        network_bytes=_network_since(plan.network_before_bytes),
    )
    usage = ended.exit.usage
    return record if usage is None else _with_usage(record, usage)


def _network_since(before_bytes: int | None) -> int | None:
    now_bytes = machine.network_bytes()
    if before_bytes is None or now_bytes is None:
        return None
    return max(0, now_bytes - before_bytes)


def _with_usage(record: RunEnded, usage: Usage) -> RunEnded:
    return msgspec.structs.replace(
        record,
        cpu_user_s=usage.cpu_user_s,
        cpu_system_s=usage.cpu_system_s,
        memory_peak_bytes=usage.memory_peak_bytes or None,
        io_read_bytes=usage.io_read_bytes,
        io_write_bytes=usage.io_write_bytes,
        context_switches_voluntary=usage.context_switches_voluntary,
        context_switches_involuntary=usage.context_switches_involuntary,
    )
