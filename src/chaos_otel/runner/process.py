"""The wrapped command as a process: what became of it, what it used, and signals to it alone."""

from __future__ import annotations

import contextlib
import os
import resource
import select
import signal
from typing import TYPE_CHECKING

from chaos_otel.clock import Moment
from chaos_otel.runner.contract import Change, Continued, Exit, Stopped, Terminal, Usage

if TYPE_CHECKING:
    from resource import struct_rusage

_BLOCK_BYTES = 512  # what getrusage(2) counts block I/O in
_KIB = 1024
_SLACK_BYTES = 1 << 20


class CommandProcess:
    """The command as our child. SIGCHLD says when `poll` has news."""

    terminal: Terminal | None = None

    def __init__(self, pid: int, *, started: Moment) -> None:
        self.pid = pid
        self.started = started
        self._own_peak_bytes = own_peak_bytes()
        self._ended = False

    def fileno(self) -> int:
        return -1

    def poll(self) -> Change | None:
        if self._ended:
            return None
        try:
            options = os.WNOHANG | os.WUNTRACED | os.WCONTINUED
            pid, status, used = os.wait4(self.pid, options)
        except ChildProcessError:  # someone in our process waited for it
            self._ended = True
            return Exit()
        if pid == 0:
            return None
        if os.WIFSTOPPED(status):
            return Stopped(os.WSTOPSIG(status))
        if os.WIFCONTINUED(status):
            return Continued()
        self._ended = True
        return exit_of(status, usage_of(used, above_bytes=self._own_peak_bytes))

    def send(self, signum: int, *, group: bool) -> None:
        if not self._ended:  # until it is waited for, its number is nobody else's
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.kill(self.pid, signum)


class ForeignProcess:
    """A command that somebody else started: its end is seen, how it ended is not."""

    terminal: Terminal | None = None

    def __init__(self, pid: int, pidfd: int, *, started: Moment) -> None:
        """`pidfd` stays the caller's to close; -1 means that the command has ended."""
        self.pid = pid
        self.started = started
        self._pidfd = pidfd
        self._ended = False

    def fileno(self) -> int:
        return self._pidfd

    def poll(self) -> Change | None:
        if self._ended or (self._pidfd >= 0 and not _is_readable(self._pidfd)):
            return None
        self._ended = True
        return Exit()

    def send(self, signum: int, *, group: bool) -> None:
        if self._pidfd >= 0:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                signal.pidfd_send_signal(self._pidfd, signum)


def exit_of(status: int, usage: Usage | None) -> Exit:
    """What a status of `wait` says of a process that has ended."""
    if os.WIFSIGNALED(status):
        signum = os.WTERMSIG(status)
        return Exit(signal=signum, core_dumped=os.WCOREDUMP(status), usage=usage)
    return Exit(exit_code=os.WEXITSTATUS(status), usage=usage)


def usage_of(used: struct_rusage, *, above_bytes: int) -> Usage:
    """`wait4`'s figures. A child's peak begins with ours at the fork, so one below `above_bytes` is
    not known."""
    peak_bytes = used.ru_maxrss * _KIB
    return Usage(
        cpu_user_s=used.ru_utime,
        cpu_system_s=used.ru_stime,
        memory_peak_bytes=peak_bytes if peak_bytes > above_bytes + _SLACK_BYTES else None,
        io_read_bytes=used.ru_inblock * _BLOCK_BYTES,
        io_write_bytes=used.ru_oublock * _BLOCK_BYTES,
        context_switches_voluntary=used.ru_nvcsw,
        context_switches_involuntary=used.ru_nivcsw,
    )


def own_peak_bytes() -> int:
    """The most memory that this program has had, bytes.

    Not what `getrusage` says: that is at least the size of whoever forked us, which no child of
    ours takes over.
    """
    try:
        with open("/proc/self/status", "rb") as status:
            for line in status:
                if line.startswith(b"VmHWM:"):
                    return int(line.split()[1]) * _KIB
    except OSError:
        pass
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * _KIB


def _is_readable(fd: int) -> bool:
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))
