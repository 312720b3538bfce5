"""The signals that come to us while the command runs: which, in what order, and to whom else.

What the command is to inherit is kept from the start. SIGPIPE and SIGXFSZ, which Python ignores
before any code of ours runs, count as not ignored. Sends nothing to the command itself.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, TypeAlias

from chaos_otel.runner.descriptors import pipe_above_2
from chaos_otel.runner.sentinel import Sentinel

Handler: TypeAlias = Callable[[int, FrameType | None], Any] | int

_REALTIME_FROM = 34
_CHANGED_BY_PYTHON = frozenset((signal.SIGPIPE, signal.SIGXFSZ))
# Faults of our own have to end us. SIGXCPU is about our own use of the CPU. SIGTTOU, if it were not
# ignored, would stop every write of ours to a terminal that we are in the background of.
_OURS = frozenset(
    (
        signal.SIGSEGV,
        signal.SIGBUS,
        signal.SIGFPE,
        signal.SIGILL,
        signal.SIGTRAP,
        signal.SIGSYS,
        signal.SIGKILL,
        signal.SIGSTOP,
        signal.SIGTTOU,
    )
)
_TAKEN = signal.valid_signals() - _OURS - _CHANGED_BY_PYTHON
_ENDING = frozenset((signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT))


class Signals:
    """From here to `close` signals do not interrupt us: they are taken, in order, by `take`."""

    def __init__(self) -> None:
        """Raises OSError, nothing changed, where no descriptors can be had."""
        self._fd, self._wakeup_fd = pipe_above_2(flags=os.O_NONBLOCK)
        self.blocked = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        self._before = {signum: _handler(signum) for signum in (*_TAKEN, signal.SIGTTOU)}
        self._early: set[int] = set()
        self._asked = False
        signal.set_wakeup_fd(self._wakeup_fd, warn_on_full_buffer=False)
        for signum in _TAKEN:
            signal.signal(signum, _nothing)
        signal.signal(signal.SIGTTOU, signal.SIG_IGN)
        self._sentinel = _sentinel()
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def __enter__(self) -> Signals:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def fileno(self) -> int:
        """Readable when `take` has something."""
        return self._fd

    def take(self) -> list[int]:
        """The signals that have come, in order. Of several of one kind, unless they are realtime
        signals, which the kernel counts, only the first: it would not tell them apart either."""
        taken: list[int] = []
        for signum in self._read():
            if signum >= _REALTIME_FROM or signum not in taken:
                taken.append(signum)
        return taken

    def reached_group(self, signum: int) -> bool:
        """Whether the command, which is in our process group, has got this signal by itself."""
        reached = self._sentinel is not None and self._sentinel.take(signum)
        if reached and signum < _REALTIME_FROM:
            self._forget(signum)
        if signum in self._early:  # it came before the command was there
            self._early.discard(signum)
            return False
        return reached

    def forget_late(self, signum: int) -> bool:
        """Do not take for the group's share of a later signal what came to the sentinel late.

        True if it did belong to one that has just come; that one is dealt with then.
        """
        if self._sentinel is None or not self._sentinel.take(signum):
            return False
        came = list(self._read())
        belongs = signum in came
        if belongs:
            came.remove(signum)
        os.write(self._wakeup_fd, bytes(came))
        return belongs

    def _forget(self, signum: int) -> None:
        """The sentinel had one of this kind, be it of one sending or of two in quick succession, as
        every process that did not look in between."""
        os.write(self._wakeup_fd, bytes(other for other in self._read() if other != signum))

    def before_fork(self) -> None:
        """Hold all signals back, so that none is handled half in us and half in the child."""
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        self._early = set(signal.sigpending())
        came = self._read()
        self._early.update(came)
        os.write(self._wakeup_fd, bytes(came))

    def after_fork(self) -> None:
        """In the parent: take signals again."""
        signal.pthread_sigmask(signal.SIG_SETMASK, ())

    def restore(self) -> None:
        """In the forked child: what is ignored and blocked is again what it was at our start."""
        signal.set_wakeup_fd(-1)
        for signum, handler in self._before.items():
            ignored = handler == signal.SIG_IGN
            signal.signal(signum, signal.SIG_IGN if ignored else signal.SIG_DFL)
        for signum in _CHANGED_BY_PYTHON:
            signal.signal(signum, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)

    def stop_self(self, signum: int, *, group: bool) -> bool:
        """Stop as the command was stopped; returns when we have been continued.

        With `group` all of our process group, as a terminal does it. False: we were not stopped,
        since our group is an orphan, whose stop the kernel takes for a mistake.
        """
        if signum == signal.SIGSTOP:
            os.kill(os.getpid(), signum)
            return True
        handler = signal.signal(signum, signal.SIG_DFL)
        blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGCONT])
        os.kill(0 if group else os.getpid(), signum)
        stopped = signal.SIGCONT in signal.sigpending()
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        signal.signal(signum, handler)
        return stopped

    def asked_to_leave(self) -> bool:
        """Whether one of the signals that end a program has come after the command's end.

        To be asked only then; once it is so, it stays so.
        """
        self._asked = self._asked or not _ENDING.isdisjoint(self.take())
        return self._asked

    def close(self) -> None:
        """Let signals do again what they did before."""
        if self._sentinel is not None:
            self._sentinel.close()
        for signum, handler in self._before.items():
            signal.signal(signum, handler)
        signal.set_wakeup_fd(-1)
        os.close(self._fd)
        os.close(self._wakeup_fd)
        signal.pthread_sigmask(signal.SIG_SETMASK, self.blocked)

    def _read(self) -> bytes:
        try:
            return os.read(self._fd, 65536)
        except BlockingIOError:
            return b""


def _handler(signum: int) -> Handler:
    return signal.getsignal(signum) or signal.SIG_DFL  # None: C code installed it


def _sentinel() -> Sentinel | None:
    try:
        return Sentinel()
    except OSError:
        return None  # no process or descriptor left; a signal may then reach the command twice


def _nothing(signum: int, frame: FrameType | None) -> None:
    """Python's own handler has written the signal's number to the pipe: that is all we need."""
