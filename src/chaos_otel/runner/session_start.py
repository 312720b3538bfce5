"""Start the command below a monitor: two forks, one answer. Knows nothing of the real terminal."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Callable, Sequence
from typing import NamedTuple, NoReturn

from chaos_otel.clock import Moment, now
from chaos_otel.errors import StartError, UnsupervisedError
from chaos_otel.runner import monitor
from chaos_otel.runner.contract import Channels
from chaos_otel.runner.descriptors import pipe_above_2
from chaos_otel.runner.monitor_line import REPORT_BYTES, Kind, MonitorLine, Report
from chaos_otel.runner.process import own_peak_bytes
from chaos_otel.runner.signals import Signals
from chaos_otel.runner.spawn import become, raise_if_told


class Started(NamedTuple):
    """The command, and the line to the monitor above it."""

    pid: int
    monitor: MonitorLine
    moment: Moment


def start_below_monitor(
    argv: Sequence[bytes],
    environment: Sequence[bytes],
    channels: Channels,
    *,
    signals: Signals,
    in_child: Callable[[], None] | None,
) -> Started:
    """As `spawn.spawn`: the channels' ends of the command are closed in us, come what may."""
    moment = now()
    try:
        line, told_fd = _fork_monitor(
            argv, environment, channels, signals=signals, in_child=in_child
        )
    except OSError as error:
        raise UnsupervisedError(f"cannot start a process ({error.strerror})") from error
    finally:
        for channel in channels.channels:
            os.close(channel.child_fd)
    try:
        raise_if_told(told_fd, argv[0])
        return Started(_first_report(line.report_fd), line, moment)
    except StartError:
        os.close(line.report_fd)
        os.close(line.orders_fd)
        os.waitpid(line.pid, 0)
        raise


def _fork_monitor(
    argv: Sequence[bytes],
    environment: Sequence[bytes],
    channels: Channels,
    *,
    signals: Signals,
    in_child: Callable[[], None] | None,
) -> tuple[MonitorLine, int]:
    slave_fd = channels.channels[0].child_fd
    with contextlib.ExitStack() as ours, contextlib.ExitStack() as theirs:
        report_fd, monitor_report_fd = _pipe(ours, theirs)
        told_fd, command_told_fd = _pipe(ours, theirs)
        monitor_orders_fd, orders_fd = _pipe(theirs, ours)
        command = functools.partial(
            become,
            argv,
            environment,
            channels,
            signals=signals,
            told_fd=command_told_fd,
            in_child=functools.partial(_in_command, slave_fd, in_child),
        )
        lead = functools.partial(
            monitor.lead,
            slave_fd,
            report_fd=monitor_report_fd,
            orders_fd=monitor_orders_fd,
            own_peak_bytes=own_peak_bytes(),
            command=command,
        )
        line = MonitorLine(_fork(signals, lead), report_fd, orders_fd)
        ours.pop_all()
    return line, told_fd


def _pipe(reader: contextlib.ExitStack, writer: contextlib.ExitStack) -> tuple[int, int]:
    read_fd, write_fd = pipe_above_2()
    reader.callback(os.close, read_fd)
    writer.callback(os.close, write_fd)
    return read_fd, write_fd


def _fork(signals: Signals, child: Callable[[], NoReturn]) -> int:
    signals.before_fork()
    try:
        pid = os.fork()
        if pid == 0:
            child()
        return pid
    finally:
        signals.after_fork()


def _in_command(slave_fd: int, then: Callable[[], None] | None) -> None:
    monitor.lead_group(slave_fd)
    if then is not None:
        then()


def _first_report(report_fd: int) -> int:
    data = os.read(report_fd, REPORT_BYTES)
    report = Report.decode(data) if data else Report(Kind.FAILED, 0)
    if report.kind is not Kind.STARTED:
        reason = os.strerror(report.value) if report.value else "its monitor died"
        raise StartError(f"cannot start a terminal session ({reason})")
    return report.value
