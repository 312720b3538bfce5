"""The real terminal during a session: ours in the shell's foreground, untouched behind the shell.

In front it is raw, and its keys and its size go to the command's terminal. Behind, the command is
moved behind as well, so that it is stopped when it reads, as without us. Knows of the command only
the orders that its monitor takes.
"""

from __future__ import annotations

import contextlib
import os
import signal

from chaos_otel.runner import terminal
from chaos_otel.runner.descriptors import duplicate
from chaos_otel.runner.keyboard import Keyboard
from chaos_otel.runner.loop import Loop, Timer
from chaos_otel.runner.monitor_line import MonitorLine, Order

_LOOK_S = 0.2  # bash's `fg` of a running job sends no signal: behind the shell we look by ourselves


class Foreground:
    """A `contract.Terminal`. `detach` restores the real terminal unless the shell has it again."""

    def __init__(
        self, *, terminal_fd: int, saved: bytes, master_fd: int, monitor: MonitorLine
    ) -> None:
        self._terminal_fd = terminal_fd
        self._saved = saved
        # A copy: the pump closes its own when the real terminal is gone. So do we, for a hang-up.
        self._master_fd = duplicate(master_fd)
        self._monitor = monitor
        self._in_front = False
        self._keyboard: Keyboard | None = None
        self._loop: Loop | None = None
        self._timer: Timer | None = None

    def attach(self, loop: Loop) -> None:
        """Take the terminal, if we are in front."""
        self._loop = loop
        self._keyboard = Keyboard(
            loop,
            terminal_fd=self._terminal_fd,
            master_fd=self._master_fd,
            on_hangup=self._let_go,
        )
        self._settle()

    def signalled(self, signum: int) -> bool:
        """A new size reaches the command through its terminal; everything else as it is."""
        if signum == signal.SIGWINCH:
            return self._resize()
        if signum == signal.SIGCONT:
            self._settle()
        return False

    def stopping(self) -> None:
        """Give the terminal back to the shell."""
        self._give_back()

    def resumed(self) -> None:
        """Be where the shell has put us: in front or behind."""
        self._settle()

    def detach(self) -> None:
        """Restore the terminal, if it is there, and let go of the command's. Once is enough."""
        self._give_back()
        if self._keyboard is not None:
            self._keyboard.close()
        self._let_go()

    def ended(self) -> None:
        """The command is gone: what is typed from now on is for whoever reads next."""
        if self._timer is not None:
            self._timer.cancel()
        if self._keyboard is not None:
            self._keyboard.rest()

    def returned(self) -> bool:
        """Whether the shell has put us in front without a word; then the terminal is taken."""
        if self._in_front or not terminal.in_foreground(self._terminal_fd):
            return False
        self._settle()
        return True

    def _settle(self) -> None:
        if terminal.is_hung_up(self._terminal_fd):
            self.detach()
        elif terminal.in_foreground(self._terminal_fd):
            self._take()
        else:
            self._stay_behind()

    def _take(self) -> None:
        with contextlib.suppress(OSError):
            if not terminal.is_raw(self._terminal_fd):
                self._saved = terminal.save(self._terminal_fd)  # changed while we were stopped
            self._in_front = True
            terminal.make_raw(self._terminal_fd, self._saved)
        self._resize()
        self._monitor.order(Order.TO_FRONT)
        if self._keyboard is not None:
            self._keyboard.listen()

    def _stay_behind(self) -> None:
        self._in_front = False
        if self._keyboard is not None:
            self._keyboard.rest()
        self._monitor.order(Order.TO_BACK)
        self._look_again()

    def _look_again(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        if self._loop is not None:
            self._timer = self._loop.later(_LOOK_S, self._look)

    def _look(self) -> None:
        if self._in_front or self._master_fd < 0:
            return
        if terminal.is_hung_up(self._terminal_fd) or terminal.in_foreground(self._terminal_fd):
            self._settle()
        else:
            self._look_again()

    def _resize(self) -> bool:
        with contextlib.suppress(OSError):
            size = terminal.size(self._terminal_fd)
            if size != terminal.size(self._master_fd):
                terminal.resize(self._master_fd, size)
                return True
        return False

    def _give_back(self) -> None:
        if self._keyboard is not None:
            self._keyboard.rest()
        if self._in_front:
            self._in_front = False
            with contextlib.suppress(OSError):
                terminal.restore(self._terminal_fd, self._saved)

    def _let_go(self) -> None:
        if self._master_fd >= 0:
            os.close(self._master_fd)
            self._master_fd = -1
