"""A command in a terminal session of its own, as sudo's `use_pty` runs it: its life, its signals.

Knows the monitor's reports; what they mean for the real terminal is `foreground`'s business.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time

from chaos_otel.clock import Moment
from chaos_otel.runner import monitor, terminal
from chaos_otel.runner.contract import Change, Continued, Exit, Stopped
from chaos_otel.runner.foreground import Foreground
from chaos_otel.runner.monitor import Kind, Report

_DRAIN_S = 0.2
_READS_TERMINAL = (signal.SIGTTIN, signal.SIGTTOU)


class SessionProcess:
    """A `contract.Process`: the command, below its monitor. Owns `report_fd` and the monitor."""

    def __init__(
        self,
        *,
        pid: int,
        monitor_pid: int,
        report_fd: int,
        started: Moment,
        foreground: Foreground,
    ) -> None:
        self._pid = pid
        self._pidfd = os.pidfd_open(pid)
        self._monitor_pid = monitor_pid
        self._monitor_gone = False
        self._report_fd = report_fd
        self._started = started
        self._foreground = foreground
        self._ended = False
        self._drain_until_s: float | None = None
        os.set_blocking(report_fd, False)

    @property
    def pid(self) -> int:
        """The command's process id; its process group has the same number."""
        return self._pid

    @property
    def started(self) -> Moment:
        """When the command was started."""
        return self._started

    @property
    def terminal(self) -> Foreground:
        """The real terminal's side of the session."""
        return self._foreground

    def fileno(self) -> int:
        """Readable when the monitor has reported something, or is gone and so is the command."""
        return self._report_fd

    def poll(self) -> Change | None:
        """The next change; held back, at most 0.2 s, while output from before it is unread."""
        if self._ended or self._output_first():
            return None
        if self._monitor_gone:
            return self._lost() if terminal.is_readable(self._report_fd) else None
        try:
            data = os.read(self._report_fd, monitor.REPORT_BYTES)
        except BlockingIOError:
            return None
        return self._change(Report.decode(data)) if data else self._watch_alone()

    def send(self, signum: int, *, group: bool) -> None:
        """Send a signal to the command, or with `group` to the process group that it leads."""
        if self._ended:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if signum == signal.SIGCONT and group:
                self._foreground.order(monitor.GO_ON)  # behind the order that gives it the terminal
            elif group:
                os.killpg(self._pid, signum)
            else:
                signal.pidfd_send_signal(self._pidfd, signum)

    def _output_first(self) -> bool:
        if not self._foreground.output_waits():
            self._drain_until_s = None
            return False
        now_s = time.monotonic()
        if self._drain_until_s is None:
            self._drain_until_s = now_s + _DRAIN_S
        return now_s < self._drain_until_s

    def _change(self, report: Report) -> Change | None:
        if report.kind is Kind.ENDED:
            return self._end(_exit(report))
        if report.kind is Kind.CONTINUED:
            return Continued()
        if report.value in _READS_TERMINAL and self._foreground.returned():
            self._foreground.order(monitor.GO_ON)
            return None
        return Stopped(report.value)

    def _watch_alone(self) -> Change | None:
        # Killed. The command is nobody's child now; its pidfd tells when it is gone, not how.
        self._monitor_gone = True
        os.dup2(self._pidfd, self._report_fd, inheritable=False)
        return None

    def _lost(self) -> Exit:
        return self._end(Exit())

    def _end(self, last: Exit) -> Exit:
        self._ended = True
        self._foreground.ended()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._monitor_pid, os.WNOHANG)
        return last


def _exit(report: Report) -> Exit:
    status = report.value
    if os.WIFSIGNALED(status):
        return Exit(
            signal=os.WTERMSIG(status), core_dumped=os.WCOREDUMP(status), usage=report.usage
        )
    return Exit(exit_code=os.WEXITSTATUS(status), usage=report.usage)
