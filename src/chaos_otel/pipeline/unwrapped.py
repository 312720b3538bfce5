"""A run without a wrapper: a script opens it, `deliver` watches the script and does the rest."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import NamedTuple

from chaos_otel import clock, ids
from chaos_otel.config.destination import Destination
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import Settings
from chaos_otel.errors import StateError
from chaos_otel.pipeline.destinations_file import write_destinations
from chaos_otel.pipeline.handover import MODULE, spawn_detached
from chaos_otel.pipeline.machine import network_bytes
from chaos_otel.pipeline.pace import Pace
from chaos_otel.pipeline.plan import NO_LIMIT_BYTES, Plan, plan_path, write_plan
from chaos_otel.pipeline.removal import remove_run
from chaos_otel.pipeline.run_folder import RunFolder, create_run_folder
from chaos_otel.pipeline.trace_context import trace_context


class Opened(NamedTuple):
    """What the script has to know of its run."""

    inbox: str
    run_id: str
    traceparent: str


def open_run(
    settings: Settings,
    environment: Environment,
    *,
    pid: int,
    name: str,
    version: str,
    destinations: Sequence[Destination] = (),
) -> Opened:
    """Open a run for the script with this process id, which lasts as long as the process does.
    `destinations` are those that somebody has consented to.

    Raises StateError where there is nowhere to write to or nobody to deliver.
    """
    started = clock.now()
    context = trace_context(environment)
    folder = create_run_folder(ids.new_run_id(started.wall_ns), environment)
    plan = Plan(
        run_id=folder.run_id,
        trace_id=context.trace_id,
        run_span_id=context.run_span_id,
        process_span_id=context.process_span_id,
        parent_span_id=context.parent_span_id,
        tracestate=context.tracestate,
        nonce="",
        folder=folder.path,
        inbox=folder.inbox,
        started_wall_ns=started.wall_ns,
        started_mono_ns=started.mono_ns,
        name=settings.name or name,
        named=bool(settings.name),
        version=settings.script_version or version,
        environment=settings.environment,
        argv=_command_line(pid),
        cwd=working_folder(),
        report=settings.report if settings.write_report else "",
        events=settings.events,
        output_limit_bytes=settings.output_limit_bytes or NO_LIMIT_BYTES,
        tags=dict(settings.tags),
        attributes=dict(settings.attributes),
        redact_value_from=settings.redact_value_from,
        retention_age_s=settings.retention_age_s,
        retention_bytes=settings.retention_bytes,
        textfile=settings.textfile,
        prometheus_port=settings.prometheus_port,
        destinations=tuple(one.to_json() for one in destinations),
        pace=Pace.of(settings),
        watch_pid=pid,
        network_before_bytes=network_bytes(),
        lock_fd=folder.lock_fd,
    )
    _start_deliver(plan, folder)
    variables = context.variables()
    return Opened(folder.inbox, folder.run_id, variables["TRACEPARENT"] or "")


def _start_deliver(plan: Plan, folder: RunFolder) -> None:
    try:
        if plan.destinations:
            write_destinations(folder.path, plan.destinations)
        write_plan(plan)
        spawn_detached(["-m", MODULE, plan_path(plan.inbox)], inherit=[folder.lock_fd])
    except OSError as error:
        remove_run(folder.path, folder.inbox)
        raise StateError(f"cannot start the recorder ({error.strerror})") from error


def _command_line(pid: int) -> tuple[str, ...]:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return tuple(os.fsdecode(word) for word in file.read().split(b"\0")[:-1])
    except OSError:
        return ()
