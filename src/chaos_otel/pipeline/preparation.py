"""Everything that has to be there before the command starts. What fails costs a part of the record,
never the command. Quick to import.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from chaos_otel import clock, ids
from chaos_otel.config.environment import Environment
from chaos_otel.errors import in_words
from chaos_otel.pipeline.destinations_file import write_destinations
from chaos_otel.pipeline.file_limit import has_file_limit
from chaos_otel.pipeline.handover import Handover
from chaos_otel.pipeline.machine import network_bytes
from chaos_otel.pipeline.plan import NO_LIMIT_BYTES, ChannelPlan, Plan, plan_path, write_plan
from chaos_otel.pipeline.python_path import python_variables
from chaos_otel.pipeline.request import Request
from chaos_otel.pipeline.run_folder import RunFolder, create_run_folder
from chaos_otel.pipeline.trace_context import TraceContext, trace_context
from chaos_otel.runner.channels import open_channels
from chaos_otel.runner.contract import Channel, Channels

if TYPE_CHECKING:
    from chaos_otel.pipeline.receiver import Receiver

INHERIT = Channels("inherit")


@dataclass(slots=True)
class Prepared:
    """A run that is ready to start. Without `plan` it is not recorded, without `handover` not
    delivered now. `environment` is the command's, as raw KEY=VALUE entries."""

    environment: list[bytes]
    nonce: bytes
    channels: Channels = INHERIT
    folder: RunFolder | None = None
    plan: Plan | None = None
    handover: Handover | None = None
    receiver: Receiver | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def recognised_by(self) -> bytes:
        """An entry of the command's environment that only its own descendants have; or nothing."""
        entry = b"CHAOS_OTEL_RUN_ID=" + self.plan.run_id.encode("ascii") if self.plan else b""
        return entry if entry in self.environment else b""


def prepare(request: Request, environment: Environment) -> Prepared:
    """Make the run's folder, its channels, its plan and its `deliver`."""
    context = trace_context(environment)
    variables = context.variables()
    prepared = Prepared(environment.with_values(variables), os.urandom(8).hex().encode("ascii"))
    started = clock.now()
    try:
        prepared.folder = create_run_folder(ids.new_run_id(started.wall_ns), environment)
        if prepared.folder.problem:
            prepared.problems.append(prepared.folder.problem)
        prepared.handover = Handover()
        prepared.channels = open_channels(request.capture, split=request.split)
        if request.otlp_receiver:
            _open_receiver(request, prepared, environment)
        prepared.plan = _plan(request, prepared, context, started=started)
        write_plan(prepared.plan)
        if request.destinations:
            write_destinations(prepared.plan.folder, request.destinations)
        prepared.handover.start(plan_path(prepared.plan.inbox), inherit=_inherited(prepared))
        _start_receiver(prepared)
    except Exception as error:  # the edge: the command runs all the same
        _do_without(prepared, error)
    if request.inject and prepared.plan is not None:
        variables |= _variables(prepared, environment)
        prepared.environment = environment.with_values(variables)
    return prepared


def discard(prepared: Prepared) -> None:
    """The command could not be started: leave no trace of the run."""
    if prepared.handover is not None:
        prepared.handover.cancel()
    if prepared.folder is not None:
        prepared.folder.remove()


def _plan(
    request: Request, prepared: Prepared, context: TraceContext, *, started: clock.Moment
) -> Plan:
    folder, handover = prepared.folder, prepared.handover
    assert folder is not None and handover is not None
    argv = tuple(os.fsdecode(argument) for argument in request.argv)
    return Plan(
        run_id=folder.run_id,
        trace_id=context.trace_id,
        run_span_id=context.run_span_id,
        process_span_id=context.process_span_id,
        parent_span_id=context.parent_span_id,
        tracestate=context.tracestate,
        nonce=prepared.nonce.decode("ascii"),
        folder=folder.path,
        inbox=folder.inbox,
        started_wall_ns=started.wall_ns,
        started_mono_ns=started.mono_ns,
        name=request.name or argv[0].rpartition("/")[2],
        named=bool(request.name),
        version=request.version,
        environment=request.environment,
        argv=argv,
        cwd=_cwd(),
        capture=prepared.channels.mode,
        report=request.report,
        events=request.events,
        output_limit_bytes=request.output_limit_bytes or NO_LIMIT_BYTES,
        tags=request.tags,
        attributes=request.attributes,
        redact_value_from=request.redact_value_from,
        retention_age_s=request.retention_age_s,
        retention_bytes=request.retention_bytes,
        textfile=request.textfile,
        prometheus_port=request.prometheus_port,
        network_before_bytes=network_bytes(),
        inject=_injects(request),
        destinations=request.destinations,
        pace=request.pace,
        channels=tuple(map(_channel_plan, prepared.channels.channels)),
        terminal_fd=prepared.channels.terminal_fd,
        terminal_state=prepared.channels.terminal_state.decode("ascii"),
        lock_fd=folder.lock_fd,
        orders_fd=handover.child_orders_fd,
        answers_fd=handover.child_answers_fd,
        receiver_fd=prepared.receiver.life_fd if prepared.receiver else -1,
        secrets=(prepared.receiver.token,) if prepared.receiver else (),
    )


def _channel_plan(channel: Channel) -> ChannelPlan:
    return ChannelPlan(
        channel.stream, channel.kind, channel.source_fd, channel.sink_fd, channel.stage_fd
    )


def _cwd() -> str:
    try:
        return os.getcwd()
    except OSError:
        return ""


def _inherited(prepared: Prepared) -> list[int]:
    channels = map(_channel_plan, prepared.channels.channels)
    fds = [fd for channel in channels for fd in channel.fds]
    terminal = [prepared.channels.terminal_fd] if prepared.channels.terminal_fd >= 0 else []
    lock = [prepared.folder.lock_fd] if prepared.folder else []
    receiver = [prepared.receiver.life_fd] if prepared.receiver else []
    return sorted({*fds, *terminal, *lock, *receiver})


def _open_receiver(request: Request, prepared: Prepared, environment: Environment) -> None:
    from chaos_otel.pipeline.receiver import open_receiver  # only for those who ask for it

    prepared.receiver, problem = open_receiver(environment, inject=_injects(request))
    prepared.problems += [problem] if problem else []


def _start_receiver(prepared: Prepared) -> None:
    """Without it the rest of the record is as whole as ever."""
    receiver, plan = prepared.receiver, prepared.plan
    if receiver is None or plan is None:
        return
    try:
        receiver.start(plan.inbox)
    except OSError as error:
        prepared.receiver = None
        receiver.close()
        prepared.problems.append(f"no OTLP receiver could be started: {in_words(error)}")


def _do_without(prepared: Prepared, error: Exception) -> None:
    """Go back to a run that captures nothing: without `deliver` a killed capture would break
    pipes."""
    for channel in prepared.channels.channels:
        for fd in (*_channel_plan(channel).fds, channel.child_fd):
            os.close(fd)
    if prepared.handover is not None:
        prepared.handover.close()
    if prepared.receiver is not None:
        prepared.receiver.close()
    if prepared.folder is not None:
        prepared.folder.remove()
    prepared.folder = prepared.plan = prepared.handover = prepared.receiver = None
    prepared.channels = INHERIT._replace(reason="nothing could be recorded")
    prepared.problems.append(f"this run is not recorded: {in_words(error)}")


def _variables(prepared: Prepared, environment: Environment) -> dict[str, str | None]:
    plan = prepared.plan
    assert plan is not None
    if has_file_limit():
        # the kernel would end a script by SIGXFSZ for a line that we asked it to write
        prepared.problems.append("a limit on file sizes (ulimit -f) is set: steps are not recorded")
        return {}
    return {
        "CHAOS_OTEL_INBOX": plan.inbox,
        "CHAOS_OTEL_RUN_ID": plan.run_id,
        "CHAOS_OTEL_MARKS": _marks(prepared) or None,
        **python_variables(environment),
        **(prepared.receiver.variables(environment) if prepared.receiver else {}),
    }


def _injects(request: Request) -> bool:
    return request.inject and not has_file_limit()


def _marks(prepared: Prepared) -> str:
    paths = {1: "", 2: ""}
    for channel in prepared.channels.channels:
        for target in channel.child_targets:
            paths[target] = channel.mark_path
    if not paths[1] and not paths[2]:
        return ""
    return f"{prepared.nonce.decode('ascii')}:{paths[1]}:{paths[2]}"
