"""The process between us and the command in a terminal session: it leads, waits and reports.

A terminal's owner is the leader of a session, and a command that led one itself could not be
stopped by Ctrl-Z: its process group would be orphaned. So the monitor leads, and the command is its
child in a group of its own. From the monitor to us go reports of a fixed size, from us to it three
signals. It has all signals blocked, so that neither a hang-up nor our death ends it before the
command. Knows nothing of the real terminal.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import struct
import termios
from collections.abc import Callable
from enum import IntEnum
from typing import NamedTuple, NoReturn

from chaos_otel.runner.contract import Usage
from chaos_otel.runner.process import usage_of

# The orders. `sigwait` takes the lowest number first: first the terminal, then the command goes on.
TO_FOREGROUND = signal.SIGUSR1
TO_BACKGROUND = signal.SIGUSR2
GO_ON = signal.SIGCONT

_REPORT = struct.Struct("=Bi2d5q")
_NO_USAGE = Usage(0.0, 0.0, 0, 0, 0, 0, 0)
_PEAK = Usage._fields.index("memory_peak_bytes")
_UNKNOWN = -1


class Kind(IntEnum):
    """What a report says; `Report.value` is the errno, the pid, the signal or `wait4`'s status."""

    FAILED = 0
    STARTED = 1
    STOPPED = 2
    CONTINUED = 3
    ENDED = 4


class Report(NamedTuple):
    """One change of the command, as it passes through the pipe."""

    kind: Kind
    value: int
    usage: Usage = _NO_USAGE

    def encode(self) -> bytes:
        usage = (_UNKNOWN if figure is None else figure for figure in self.usage)
        return _REPORT.pack(self.kind, self.value, *usage)

    @classmethod
    def decode(cls, data: bytes) -> Report:
        kind, value, *usage = _REPORT.unpack(data)
        if usage[_PEAK] == _UNKNOWN:
            usage[_PEAK] = None
        return cls(Kind(kind), value, Usage(*usage))


REPORT_BYTES = _REPORT.size  # less than PIPE_BUF: a report is written whole or not at all


def lead(
    slave_fd: int, *, report_fd: int, own_peak_bytes: int, command: Callable[[], NoReturn]
) -> NoReturn:
    """Be the monitor. Call in a fresh child of ours that has all signals blocked.

    `command` runs in the command's process with the caller's descriptors, calls `lead_group`, and
    must exec or exit. The first report is STARTED or FAILED.
    """
    parent_pid = os.getppid()
    try:
        pid = _fork_in_session(slave_fd)
        if pid == 0:
            command()
        _close_all_but(slave_fd, report_fd)
        watch = _Watch(slave_fd, report_fd=report_fd, pid=pid, parent_pid=parent_pid)
        watch.until_end(own_peak_bytes)
    except OSError as error:
        os.write(report_fd, Report(Kind.FAILED, error.errno or 0).encode())
    finally:
        os._exit(0)


def lead_group(slave_fd: int) -> None:
    """In the command's process, SIGTTOU blocked: a group of its own, in the foreground."""
    os.setpgid(0, 0)
    os.tcsetpgrp(slave_fd, os.getpid())


def _fork_in_session(slave_fd: int) -> int:
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)  # ignored, it would reap the command before us
    os.setsid()
    fcntl.ioctl(slave_fd, termios.TIOCSCTTY, 0)
    return os.fork()


class _Watch:
    """What the monitor does while the command is there."""

    def __init__(self, slave_fd: int, *, report_fd: int, pid: int, parent_pid: int) -> None:
        self._slave_fd = slave_fd
        self._report_fd = report_fd
        self._pid = pid
        self._parent_pid = parent_pid
        self._own_group = os.getpgrp()
        self._command_group = pid  # which group has the terminal, when it is not ours

    def until_end(self, own_peak_bytes: int) -> None:
        """Report and obey until the command has ended. `own_peak_bytes` is our size at the fork."""
        self._report(Report(Kind.STARTED, self._pid))
        handlers = {
            TO_FOREGROUND: self._give_terminal,
            TO_BACKGROUND: self._take_terminal,
            GO_ON: self._go_on,
        }
        while True:
            signum = signal.sigwait([signal.SIGCHLD, *handlers])
            if signum != signal.SIGCHLD:
                handlers[signal.Signals(signum)]()
            elif self._ended(own_peak_bytes):
                return

    def _ended(self, own_peak_bytes: int) -> bool:
        """Report all changes; True after the last one."""
        while True:
            options = os.WNOHANG | os.WUNTRACED | os.WCONTINUED
            pid, status, used = os.wait4(self._pid, options)
            if pid == 0:
                return False
            if os.WIFSTOPPED(status):
                self._report(Report(Kind.STOPPED, os.WSTOPSIG(status)))
            elif os.WIFCONTINUED(status):
                self._report(Report(Kind.CONTINUED, 0))
                self._wake_parent()
            else:
                # What is left in the foreground would get SIGHUP when the session's leader exits.
                self._take_terminal()
                usage = usage_of(used, above_bytes=own_peak_bytes)
                self._report(Report(Kind.ENDED, status, usage))
                return True

    def _take_terminal(self) -> None:
        with contextlib.suppress(OSError):
            group = os.tcgetpgrp(self._slave_fd)
            if group != self._own_group:
                self._command_group = group  # a command with job control may have given it on
                os.tcsetpgrp(self._slave_fd, self._own_group)

    def _give_terminal(self) -> None:
        with contextlib.suppress(OSError):
            if os.tcgetpgrp(self._slave_fd) != self._own_group:
                return  # the command has it, and what it does with it is its own business
        for group in (self._command_group, self._pid):  # the first may have ended meanwhile
            with contextlib.suppress(OSError):
                os.tcsetpgrp(self._slave_fd, group)
                return

    def _go_on(self) -> None:
        with contextlib.suppress(OSError):
            os.killpg(self._pid, signal.SIGCONT)

    def _wake_parent(self) -> None:
        # Someone continued the command while we are stopped with it: nobody would carry its output.
        with contextlib.suppress(OSError):
            if os.getppid() == self._parent_pid and _is_stopped(self._parent_pid):
                os.kill(self._parent_pid, signal.SIGCONT)

    def _report(self, report: Report) -> None:
        with contextlib.suppress(OSError):  # nobody listens any more: the command goes on
            os.write(self._report_fd, report.encode())


def _is_stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat", "rb") as stat:
        return stat.read().rpartition(b") ")[2].startswith(b"T")


def _close_all_but(*kept: int) -> None:
    # A pipe of the caller that only we still held would keep its reader waiting.
    for fd in map(int, os.listdir("/dev/fd")):
        if fd not in kept:
            with contextlib.suppress(OSError):  # the listing's own
                os.close(fd)
