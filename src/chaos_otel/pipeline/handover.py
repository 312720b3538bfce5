"""The line between capture and its `deliver` process: how it is started, told and asked.

`deliver` is there before the command is, so that a command never loses the reader of its output.
Orders go down one pipe as Python literals, which cost no import, and answers come up another as
JSON objects, one a line. Capture's end of the orders is also its sign of life: when it closes
without an `ended` order, capture has died. Quick to import.
"""

from __future__ import annotations

import fcntl
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Collection, Iterable
from typing import Any

from chaos_otel.runner.contract import Exit
from chaos_otel.runner.descriptors import pipe_above_2

MODULE = "chaos_otel.pipeline.deliver"
_ON_DEV_NULL = (
    (os.POSIX_SPAWN_OPEN, 0, "/dev/null", os.O_RDWR, 0),
    (os.POSIX_SPAWN_DUP2, 0, 1),
    (os.POSIX_SPAWN_DUP2, 0, 2),
)


class Handover:
    """Capture's side. Nothing here raises once it is made; a `deliver` that died answers
    nothing."""

    def __init__(self) -> None:
        """Raises OSError, nothing left open, where no descriptors can be had."""
        self.child_orders_fd, self._orders_fd = pipe_above_2()
        try:
            self._answers_fd, self.child_answers_fd = pipe_above_2()
        except OSError:
            os.close(self.child_orders_fd)
            os.close(self._orders_fd)
            raise
        self.pid = 0

    def start(self, plan_path: str, *, inherit: Iterable[int]) -> None:
        """Start `deliver` in a session of its own, with these descriptors and nothing else of ours.

        Raises OSError if it cannot be started.
        """
        passed = [self.child_orders_fd, self.child_answers_fd, *inherit]
        self.pid = spawn_detached(["-m", MODULE, plan_path], inherit=passed)
        os.close(self.child_orders_fd)
        os.close(self.child_answers_fd)

    def announce_self(self) -> None:
        """In the forked child, before it becomes the command: tell its process id."""
        self._order({"pid": os.getpid()})

    def command_started(self, pid: int) -> None:
        """Tell the command's process id (it may be told twice)."""
        self._order({"pid": pid})

    def stream_closed(self, stream: int) -> None:
        """Nobody reads this output any more: the command's pipe has to lose its last reader."""
        self._order({"close": stream})

    def ended(self, *, lingering: bool, unwritten: Exit | None = None) -> None:
        """The command has ended and the journal is closed; `unwritten` is the end that is not in
        it."""
        end = unwritten and {
            "exit_code": unwritten.exit_code,
            "signal": unwritten.signal,
            "core_dumped": unwritten.core_dumped,
        }
        self._order({"ended": True, "lingering": lingering, "unwritten": end})

    def close(self) -> None:
        """There is no `deliver`, or there shall be no more word to it."""
        for fd in (self._orders_fd, self._answers_fd):
            os.close(fd)
        if not self.pid:
            os.close(self.child_orders_fd)
            os.close(self.child_answers_fd)

    def cancel(self) -> None:
        """There is no command and no run."""
        self._order({"cancel": True})

    def answer(
        self, *, wait_s: float, signals_fd: int, asked_to_leave: Callable[[], bool]
    ) -> dict[str, Any]:
        """What `deliver` made of the run; empty if it did not say within `wait_s`, or if we were
        asked to leave meanwhile (asked only when `signals_fd` is readable)."""
        poll = select.poll()
        poll.register(self._answers_fd, select.POLLIN)
        poll.register(signals_fd, select.POLLIN)
        text = b""
        until_s = time.monotonic() + wait_s
        while (left_s := until_s - time.monotonic()) > 0:
            ready = dict(poll.poll(round(left_s * 1000)))
            if self._answers_fd in ready:
                chunk = os.read(self._answers_fd, 65536)
                text += chunk
                if not chunk or text.endswith(b"\n"):
                    return _object(text)
            elif signals_fd in ready and asked_to_leave():
                return {}
        return {}

    def _order(self, order: dict[str, object]) -> None:
        try:
            os.write(self._orders_fd, ascii(order).encode("ascii") + b"\n")
        except OSError:
            pass  # deliver is gone; what it cannot do now is done by the next command


def spawn_detached(arguments: list[str], *, inherit: Iterable[int] = ()) -> int:
    """Start this Python with `arguments` in its own session, all signals at their defaults, on
    /dev/null, with the descriptors `inherit` at their numbers and no others; returns its pid."""
    wanted = set(inherit)
    others = [fd for fd in _inheritable() if fd not in wanted]
    python = [sys.executable, *(["-I"] if sys.flags.isolated else ["-P"])]
    catchable = signal.valid_signals() - {signal.SIGKILL, signal.SIGSTOP}
    try:
        _set_inheritable(wanted, others)
        return os.posix_spawn(
            sys.executable,
            [*python, *arguments],
            {name: value for name, value in os.environ.items() if name},  # "=x" has none
            file_actions=_ON_DEV_NULL,
            setsid=True,
            setsigmask=(),
            setsigdef=catchable,
        )
    finally:
        _set_inheritable(others, wanted)


def _set_inheritable(those: Collection[int], not_those: Collection[int]) -> None:
    # POSIX_SPAWN_CLOSE would not do: the C library refuses it for a descriptor above the limit
    # (ulimit -n), and one from before the limit was lowered may be there
    for fd in (*those, *not_those):
        try:
            os.set_inheritable(fd, fd in those)
        except OSError:
            continue  # another thread has closed it meanwhile


def _inheritable() -> list[int]:
    """What we were given by our caller and would otherwise hold open in a process that outlives
    us."""
    found = []
    for name in os.listdir("/proc/self/fd"):
        fd = int(name)
        try:
            if fd > 2 and not fcntl.fcntl(fd, fcntl.F_GETFD) & fcntl.FD_CLOEXEC:
                found.append(fd)
        except OSError:
            continue
    return found


def _object(text: bytes) -> dict[str, Any]:
    import json  # the command has ended: now there is time

    try:
        value = json.loads(text)
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
