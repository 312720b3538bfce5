"""Leave as the command left: with its exit status, or by the signal that ended it."""

from __future__ import annotations

import os
import signal
import sys
from typing import NoReturn

from chaos_otel.runner.contract import Exit

TIMED_OUT = 124
UNKNOWN = 125
_SIGNAL_BASE = 128
_PR_SET_DUMPABLE = 4


def leave_as(ended: Exit, *, timed_out: bool) -> NoReturn:
    """End this process so that our caller cannot tell us from the command.

    A command that `--timeout` ended gives 124. Where a signal cannot end us (as the first process
    of a container) the status is 128 and its number, as a shell has it.
    """
    _flush()
    if timed_out:
        os._exit(TIMED_OUT)
    if ended.signal is not None:
        _die_by(ended.signal)
        os._exit(_SIGNAL_BASE + ended.signal)
    os._exit(UNKNOWN if ended.exit_code is None else ended.exit_code)


def _die_by(signum: int) -> None:
    _forbid_core()
    try:
        if signum not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(signum, signal.SIG_DFL)
    except (OSError, ValueError):
        pass  # 32 and 33 belong to the C library
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    os.kill(os.getpid(), signum)


def _forbid_core() -> None:
    # Our core would take the place of the command's. The limit would not do: it does not hold for a
    # core that is piped to a program.
    try:
        import ctypes

        ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
    except (ImportError, OSError, AttributeError):
        pass


def _flush() -> None:
    for file in (sys.stdout, sys.stderr):
        try:
            if file is not None:
                file.flush()
        except (OSError, ValueError):
            pass
