"""A terminal session for the command, as sudo's `use_pty` makes it: its channels and its life.

Between our terminal and the command stands a pseudo-terminal that is the command's controlling
terminal: echo, line editing and Ctrl-C are done there. Knows what the monitor reports; what that
means for the real terminal is `foreground`'s business.
"""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Sequence

from chaos_otel.clock import Moment
from chaos_otel.runner import terminal
from chaos_otel.runner.contract import Change, Channel, Channels, Continued, Exit, Stopped
from chaos_otel.runner.descriptors import above_2, duplicate
from chaos_otel.runner.foreground import Foreground
from chaos_otel.runner.monitor_line import REPORT_BYTES, Kind, Order, Report
from chaos_otel.runner.process import exit_of
from chaos_otel.runner.session_start import Started, start_below_monitor
from chaos_otel.runner.signals import Signals

_WANTS_TERMINAL = (signal.SIGTTIN, signal.SIGTTOU)


def open_session_channels(targets: tuple[int, ...], *, beside: tuple[Channel, ...]) -> Channels:
    """A pseudo-terminal for the standard streams that are our terminal, `targets`, as one channel.

    `beside` are the channels of the others. The pseudo-terminal gets the modes and the size of the
    real one, which stays as it is. Raises OSError, and then nothing of this is left open.
    """
    with contextlib.ExitStack() as opened:
        terminal_fd = _real_terminal()
        opened.callback(os.close, terminal_fd)
        sink_fd = duplicate(terminal_fd)  # one for the keyboard, one for the pump
        opened.callback(os.close, sink_fd)
        saved = terminal.save(terminal_fd)
        master_fd, slave_fd = _pseudo_terminal(opened)
        terminal.set_modes(slave_fd, saved)
        terminal.resize(master_fd, terminal.size(terminal_fd))
        mark_path = os.ttyname(slave_fd)
        channel = Channel(1, "pty", master_fd, sink_fd, slave_fd, targets, mark_path)
        opened.pop_all()
    return Channels("session", (channel, *beside), terminal_fd=terminal_fd, terminal_state=saved)


def _real_terminal() -> int:
    """Our controlling terminal, opened anew: not to wait in it, and to leave the shell's flags."""
    try:
        return above_2(os.open("/dev/tty", os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK | os.O_CLOEXEC))
    except OSError:
        return duplicate(0)  # no /dev/tty in this container


def _pseudo_terminal(opened: contextlib.ExitStack) -> tuple[int, int]:
    ends = []
    for fd in os.openpty():
        ends.append(above_2(fd))
        opened.callback(os.close, ends[-1])
    os.set_blocking(ends[0], False)
    return ends[0], ends[1]


class SessionProcess:
    """A `contract.Process`: the command, below its monitor."""

    def __init__(self, started: Started, foreground: Foreground) -> None:
        """Takes over the monitor and what is open to it."""
        self._pid = started.pid
        self._pidfd = _pidfd(started.pid)
        self._monitor = started.monitor
        self._monitor_gone = False
        self._report_fd = started.monitor.report_fd
        self._started = started.moment
        self._foreground = foreground
        self._ended = False
        os.set_blocking(self._report_fd, False)

    @classmethod
    def start(
        cls,
        argv: Sequence[bytes],
        environment: Sequence[bytes],
        channels: Channels,
        *,
        signals: Signals,
        in_child: Callable[[], None] | None = None,
    ) -> SessionProcess:
        """`spawn.spawn` in a terminal session: the same arguments, guarantees and errors.

        `channels` are those of `open_session_channels`. The real terminal is as it was until
        `terminal.attach`.
        """
        started = start_below_monitor(
            argv, environment, channels, signals=signals, in_child=in_child
        )
        foreground = Foreground(
            terminal_fd=channels.terminal_fd,
            saved=channels.terminal_state,
            master_fd=channels.channels[0].source_fd,
            monitor=started.monitor,
        )
        return cls(started, foreground)

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
        """The next change, or None. The real terminal is no longer read when it is an Exit."""
        if self._ended:
            return None
        if self._monitor_gone:
            return self._end(Exit()) if terminal.is_readable(self._report_fd) else None
        try:
            data = os.read(self._report_fd, REPORT_BYTES)
        except BlockingIOError:
            return None
        return self._change(Report.decode(data)) if data else self._watch_alone()

    def send(self, signum: int, *, group: bool) -> None:
        """Send a signal to the command, or with `group` to the process group that it leads."""
        if self._ended:
            return
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if signum == signal.SIGCONT and group:
                self._monitor.order(Order.GO_ON)  # behind the order that gives it the terminal
            elif group:
                os.killpg(self._pid, signum)
            elif self._pidfd >= 0:
                signal.pidfd_send_signal(self._pidfd, signum)

    def _change(self, report: Report) -> Change | None:
        if report.kind is Kind.ENDED:
            return self._end(exit_of(report.value, report.usage))
        if report.kind is Kind.CONTINUED:
            return Continued()
        if report.value in _WANTS_TERMINAL and self._foreground.returned():
            self._monitor.order(Order.GO_ON)
            return None
        return Stopped(report.value)

    def _watch_alone(self) -> Change | None:
        # Killed. The command is nobody's child now; its pidfd tells when it is gone, not how.
        if self._pidfd < 0:
            return self._end(Exit())
        self._monitor_gone = True
        os.dup2(self._pidfd, self._report_fd, inheritable=False)
        return None

    def _end(self, last: Exit) -> Exit:
        self._ended = True
        self._foreground.ended()
        with contextlib.suppress(ChildProcessError):
            os.waitpid(self._monitor.pid, os.WNOHANG)
        return last


def _pidfd(pid: int) -> int:
    """-1 where the command has ended already, and its monitor has waited for it."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        return -1
