"""Carries what is typed from the real terminal to the command's, no byte before it fits.

Knows nothing of job control: whoever owns it says when it may read.
"""

from __future__ import annotations

import contextlib
import errno
import os
import select
from collections.abc import Callable

from chaos_otel.runner import terminal
from chaos_otel.runner.descriptors import duplicate
from chaos_otel.runner.loop import READ, WRITE, Loop

_CHUNK_BYTES = 4096  # what a terminal holds at most


class Keyboard:
    """Reads the terminal only between `listen` and `rest`, and only when all it read is written.

    `terminal_fd` stays the caller's. Bytes that the command's terminal had no room for are kept
    over a `rest`; those that it never took are lost with `close`.
    """

    def __init__(
        self, loop: Loop, *, terminal_fd: int, master_fd: int, on_hangup: Callable[[], None]
    ) -> None:
        self._loop = loop
        self._terminal_fd = terminal_fd
        # The loop knows a descriptor once, and the pump waits for the master's other direction.
        self._master_fd = duplicate(master_fd)
        self._on_hangup = on_hangup
        self._waiting = b""
        self._listening = False

    def listen(self) -> None:
        """Start, or go on, reading what is typed."""
        if not self._listening and self._master_fd >= 0:
            self._listening = True
            self._loop.add(self._terminal_fd, 0 if self._waiting else READ, self._typed)

    def rest(self) -> None:
        """Leave to others what is typed from now on."""
        if self._listening:
            self._listening = False
            self._loop.remove(self._terminal_fd)

    def close(self) -> None:
        """Let go of the command's terminal; nothing is carried any more."""
        self.rest()
        if self._master_fd >= 0:
            self._loop.remove(self._master_fd)
            os.close(self._master_fd)
            self._master_fd = -1

    def _typed(self, revents: int) -> None:
        if revents & (select.POLLHUP | select.POLLNVAL):
            self._hung_up()
        elif not terminal.in_foreground(self._terminal_fd):
            self.rest()  # the shell has taken it; who owns us will find out
        else:
            self._read()

    def _read(self) -> None:
        try:
            data = terminal.read(self._terminal_fd, _CHUNK_BYTES)
        except BlockingIOError:
            return  # somebody else was quicker
        except OSError:
            data = b""
        if data:
            self._waiting += data
            self._write()
        elif terminal.is_hung_up(self._terminal_fd):
            self._hung_up()

    def _write(self, revents: int = 0) -> None:
        try:
            written = os.write(self._master_fd, self._waiting)
        except BlockingIOError:
            written = 0
        except OSError as error:
            # EIO: nobody has the command's terminal open any more
            written = len(self._waiting) if error.errno == errno.EIO else 0
        self._waiting = self._waiting[written:]
        self._wait_for_room(bool(self._waiting))

    def _wait_for_room(self, wanted: bool) -> None:
        self._loop.remove(self._master_fd)
        if wanted:
            self._loop.add(self._master_fd, WRITE & ~select.POLLERR, self._write)
        if self._listening:
            with contextlib.suppress(KeyError):
                self._loop.change(self._terminal_fd, 0 if wanted else READ)

    def _hung_up(self) -> None:
        self.close()
        self._on_hangup()
