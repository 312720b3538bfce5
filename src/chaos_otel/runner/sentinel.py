"""A sibling in our process group that blocks every signal: what is pending in it, the group was
sent.

A signal's `si_code` and `si_pid` are the same whether it was sent to one process or to its group.
The kernel walks a group from its newest member, so a process that is forked after us has the signal
before we see ours. Knows nothing of the command.
"""

from __future__ import annotations

import os
import select
import signal
from typing import NoReturn

from chaos_otel.runner.descriptors import pipe_above_2

ANSWER_WAIT_S = 1.0
STOPS = frozenset((signal.SIGTSTP, signal.SIGTTIN))
_YES, _NO = b"y", b"n"
_TITLE = b"chaos-signals"


class Sentinel:
    """Owns the process, which ends when we do: its pipe then comes to its end."""

    def __init__(self) -> None:
        """Raises OSError where no process or pipe can be had."""
        question_fd, self._ask_fd = pipe_above_2()
        self._answer_fd, reply_fd = pipe_above_2()
        before = signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        try:
            self._pid = os.fork()
            if self._pid == 0:
                _be_sentinel(question_fd, reply_fd)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.close(question_fd)
            os.close(reply_fd)

    def take(self, signum: int) -> bool:
        """Whether the group got this signal since it was last taken; from now on it did not."""
        try:
            os.write(self._ask_fd, bytes((signum,)))
            answer = select.poll()
            answer.register(self._answer_fd, select.POLLIN)
            if not answer.poll(ANSWER_WAIT_S * 1000):
                return False  # someone stopped it
            return os.read(self._answer_fd, 1) == _YES
        except OSError:
            return False  # it was killed; rather twice than never

    def close(self) -> None:
        """End the process and wait for it."""
        os.close(self._ask_fd)
        os.close(self._answer_fd)
        os.kill(self._pid, signal.SIGKILL)
        try:
            os.waitpid(self._pid, 0)
        except ChildProcessError:
            pass


def _be_sentinel(question_fd: int, reply_fd: int) -> NoReturn:
    try:
        _close_all_but(question_fd, reply_fd)
        os.chdir("/")
        _rename()
        while question := os.read(question_fd, 1):
            os.write(reply_fd, _YES if _was_sent(question[0]) else _NO)
    finally:
        os._exit(0)


def _was_sent(signum: int) -> bool:
    if signal.sigtimedwait([signum], 0) is not None:
        return True
    # SIGCONT takes pending stops away, a stop takes a pending SIGCONT away.
    if signum in STOPS:
        return signal.SIGCONT in signal.sigpending()
    return signum == signal.SIGCONT and not STOPS.isdisjoint(signal.sigpending())


def _rename() -> None:
    # `pkill -f deploy.sh` shall find capture and the command, and not take us for their group.
    with open("/proc/self/comm", "wb", buffering=0) as comm:
        comm.write(_TITLE)
    with open("/proc/self/stat", "rb") as stat:
        fields = stat.read().rpartition(b") ")[2].split()
    start, end = int(fields[45]), int(fields[46])  # arg_start and arg_end, proc(5) 48 and 49
    with open("/proc/self/mem", "r+b", buffering=0) as memory:
        memory.seek(start)
        memory.write(_TITLE[: end - start - 1].ljust(end - start, b"\0"))


def _close_all_but(*kept: int) -> None:
    highest = max(int(name) for name in os.listdir("/proc/self/fd"))
    low = 0
    for fd in sorted(kept):
        os.closerange(low, fd)
        low = fd + 1
    os.closerange(low, highest + 1)
