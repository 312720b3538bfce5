"""The process between us and the command in a terminal session: it leads, waits and reports.

A terminal's owner is the leader of a session, and a command that led one itself could not be
stopped by Ctrl-Z: its process group would be orphaned. So the monitor leads, and the command is its
child in a group of its own. It has all signals blocked, so that nothing but SIGKILL ends it before
the command. Knows nothing of the real terminal.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import termios
from collections.abc import Callable
from typing import NoReturn

from chaos_otel.runner.monitor_line import BELL, Kind, Order, Report
from chaos_otel.runner.process import usage_of

_ORDERS_BYTES = 4096


def lead(
    slave_fd: int,
    *,
    report_fd: int,
    orders_fd: int,
    own_peak_bytes: int,
    command: Callable[[], NoReturn],
) -> NoReturn:
    """Be the monitor. Call in a fresh child of ours that has all signals blocked.

    `command` runs in the command's process with the caller's descriptors, calls `lead_group`, and
    must exec or exit. The first report is STARTED or FAILED. `own_peak_bytes`: see `usage_of`.
    """
    parent_pid = os.getppid()
    try:
        pid = _fork_in_session(slave_fd)
        if pid == 0:
            command()
        _close_all_but(slave_fd, report_fd, orders_fd)
        os.chdir("/")
        watch = _Watch(
            slave_fd,
            report_fd=report_fd,
            orders_fd=orders_fd,
            own_peak_bytes=own_peak_bytes,
            pid=pid,
            parent_pid=parent_pid,
        )
        watch.until_end()
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

    def __init__(
        self,
        slave_fd: int,
        *,
        report_fd: int,
        orders_fd: int,
        own_peak_bytes: int,
        pid: int,
        parent_pid: int,
    ) -> None:
        self._slave_fd = slave_fd
        self._report_fd = report_fd
        self._orders_fd = orders_fd
        self._own_peak_bytes = own_peak_bytes
        self._pid = pid
        self._parent_pid = parent_pid
        self._own_group = os.getpgrp()
        self._command_group = pid  # which group has the terminal, when it is not ours

        self._deeds = {
            Order.TO_FRONT: self._give_terminal,
            Order.TO_BACK: self._take_terminal,
            Order.GO_ON: self._go_on,
        }
        os.set_blocking(orders_fd, False)

    def until_end(self) -> None:
        """Report and obey until the command has ended."""
        self._report(Report(Kind.STARTED, self._pid))
        while True:
            signum = signal.sigwait([signal.SIGCHLD, signal.SIGHUP, BELL])
            if signum == BELL:
                self._obey()
            elif signum == signal.SIGHUP:
                self._hang_up()
            elif self._ended():
                return

    def _obey(self) -> None:
        with contextlib.suppress(BlockingIOError):
            for letter in os.read(self._orders_fd, _ORDERS_BYTES):
                self._deeds[Order(bytes((letter,)))]()

    def _ended(self) -> bool:
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
                usage = usage_of(used, above_bytes=self._own_peak_bytes)
                self._report(Report(Kind.ENDED, status, usage))
                self._wake_parent()
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
        # Somebody continued or killed the command while we are stopped with it: without us the
        # shell would see that, so we have to go on.
        with contextlib.suppress(OSError):
            if os.getppid() == self._parent_pid and _is_stopped(self._parent_pid):
                os.kill(self._parent_pid, signal.SIGCONT)

    def _hang_up(self) -> None:
        # The terminal is gone. As long as we have a parent, that has passed on its own SIGHUP.
        if os.getppid() != self._parent_pid:
            for signum in (signal.SIGHUP, signal.SIGCONT):
                with contextlib.suppress(OSError):
                    os.killpg(self._pid, signum)

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
