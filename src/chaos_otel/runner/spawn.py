"""Start the command, exactly as its caller would have: fork, put its outputs in place, become it.

Nothing that the command inherits is changed: working folder, umask, limits, priorities,
descriptors, signals. Does not know what is done with its outputs.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from typing import NoReturn

from chaos_otel.clock import now
from chaos_otel.errors import NotExecutableError, NotFoundError, StartError, UnsupervisedError
from chaos_otel.runner.contract import Channels
from chaos_otel.runner.descriptors import pipe_above_2
from chaos_otel.runner.execute import execute
from chaos_otel.runner.process import CommandProcess, ForeignProcess
from chaos_otel.runner.signals import Signals

__all__ = ["CommandProcess", "ForeignProcess", "become", "raise_if_told", "replace", "spawn"]

_BEFORE, _EXEC = b"b", b"e"


def spawn(
    argv: Sequence[bytes],
    environment: Sequence[bytes],
    channels: Channels,
    *,
    signals: Signals,
    in_child: Callable[[], None] | None = None,
) -> CommandProcess:
    """Start the command; its ends of the channels are closed in us afterwards, come what may.

    `in_child` is called in the forked child, its outputs in place, all signals blocked. Raises
    NotFoundError, NotExecutableError, or UnsupervisedError where it was us who failed.
    """
    try:
        report_fd, told_fd = pipe_above_2()
        try:
            signals.before_fork()
            started = now()
            pid = os.fork()
            if pid == 0:
                become(
                    argv,
                    environment,
                    channels,
                    signals=signals,
                    told_fd=told_fd,
                    in_child=in_child,
                )
            signals.after_fork()
        finally:
            os.close(told_fd)
    except OSError as error:
        signals.after_fork()
        raise UnsupervisedError(f"cannot start a process ({error.strerror})") from error
    finally:
        for channel in channels.channels:
            os.close(channel.child_fd)
    try:
        raise_if_told(report_fd, argv[0])
    except StartError:
        os.waitpid(pid, 0)
        raise
    return CommandProcess(pid, started=started)


def become(
    argv: Sequence[bytes],
    environment: Sequence[bytes],
    channels: Channels,
    *,
    signals: Signals,
    told_fd: int,
    in_child: Callable[[], None] | None = None,
) -> NoReturn:
    """In a forked child whose signals are all blocked: turn into the command, or tell why not and
    exit.

    `told_fd` is the write end of a pipe whose read end the parent gives to `raise_if_told`.
    """
    failure = _BEFORE + b"0"
    try:
        for channel in channels.channels:
            for target in channel.child_targets:
                os.dup2(channel.child_fd, target)
        if in_child is not None:
            in_child()
        signals.restore()
        failure = _EXEC + b"0"
        execute(argv, environment)
    except OSError as error:
        failure = failure[:1] + str(error.errno or 0).encode("ascii")
    finally:
        try:
            os.write(told_fd, failure)
        finally:
            os._exit(StartError.exit_code)


def raise_if_told(report_fd: int, name: bytes) -> None:
    """In the parent: wait until the child has become the command; raise what it told. Closes the
    fd.
    """
    told = b""
    try:
        while chunk := os.read(report_fd, 64):
            told += chunk
    except OSError:
        told = b""  # it may well run: then nobody may say that it does not
    os.close(report_fd)
    if told:
        raise _start_error(told[:1], int(told[1:]), os.fsdecode(name))


def replace(argv: Sequence[bytes], environment: Sequence[bytes]) -> NoReturn:
    """Turn this process into the command, without any supervision. Raises as `spawn` does."""
    import signal

    for signum in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(signum, signal.SIG_DFL)
    try:
        execute(argv, environment)
    except OSError as error:
        raise _start_error(_EXEC, error.errno or 0, os.fsdecode(argv[0])) from error


def _start_error(stage: bytes, code: int, name: str) -> StartError:
    shown = repr(name)
    reason = os.strerror(code) if code else "an error of ours"
    if stage == _BEFORE:
        return UnsupervisedError(f"cannot prepare the start of {shown} ({reason})")
    if code == errno.ENOENT:
        return NotFoundError(
            f"{shown} was not found", hint="check its name and PATH, and a script's first line"
        )
    return NotExecutableError(
        f"{shown} cannot be executed ({reason})", hint="check its permissions and its format"
    )
