"""Decide what is captured of the command's outputs, and open the ways for it.

A pipe stands in for what a program cannot tell from a pipe (a file, a socket, a pipe), a
pseudo-terminal for a terminal; everything else the command gets as it is. Moves no byte and starts
nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import stat
import struct
from collections.abc import Iterator
from typing import Literal, TypeAlias

from chaos_otel.runner import terminal
from chaos_otel.runner.contract import Channel, Channels
from chaos_otel.runner.descriptors import above_2, duplicate, pipe_above_2

Kind: TypeAlias = Literal["pipe", "pty"]
Stream: TypeAlias = Literal[1, 2]

_FAR_BYTE = 1 << 62  # no file reaches it, nobody locks it
_FLOCK = struct.Struct("hhqqi4x")  # struct flock of Linux with 64-bit offsets


def open_channels(capture: str, *, split: bool) -> Channels:
    """Open the channels for `capture` (auto, pipe, pty or none). Never raises.

    With `split` an open file that is both outputs becomes two channels. Where something cannot be
    opened, nothing is captured, and `reason` says why.
    """
    with _Opened() as opened:
        try:
            channels = _open(capture, split=split, opened=opened)
        except OSError as error:
            return Channels("inherit", reason=f"no channel could be opened ({error.strerror})")
        opened.keep()
        return channels


class _Opened:
    """Closes what was opened, unless it is kept."""

    def __init__(self) -> None:
        self._stack = contextlib.ExitStack()

    def __enter__(self) -> _Opened:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def add(self, *fds: int) -> None:
        for fd in fds:
            self._stack.callback(os.close, fd)

    def keep(self) -> None:
        self._stack.pop_all()


def _open(capture: str, *, split: bool, opened: _Opened) -> Channels:
    if capture == "none":
        return Channels("inherit", reason="capturing is switched off")
    if capture != "pipe" and os.isatty(0):
        if not terminal.in_foreground(0):
            return Channels("inherit", reason="the terminal belongs to another job")
        if terminal.is_same(0, 1):
            return _open_session(capture, opened)
    found = tuple(_channels(capture, split=split, opened=opened))
    if not found:
        return Channels("inherit", reason="the outputs are closed or devices")
    return Channels("pipe", found)


def _open_session(capture: str, opened: _Opened) -> Channels:
    from chaos_otel.runner.session import open_session_channels

    if terminal.is_same(0, 2):
        return open_session_channels((0, 1, 2), beside=())
    kind = _kind(2, capture)
    beside = (_channel(2, kind, (2,), opened),) if kind else ()
    return open_session_channels((0, 1), beside=beside)


def _channels(capture: str, *, split: bool, opened: _Opened) -> Iterator[Channel]:
    kinds = {stream: _kind(stream, capture) for stream in (1, 2)}
    if kinds[1] and kinds[1] == kinds[2] and not split and _is_one_file():
        yield _channel(1, kinds[1], (1, 2), opened)
        return
    for stream in (1, 2):
        kind = kinds[stream]
        if kind:
            yield _channel(1 if stream == 1 else 2, kind, (stream,), opened)


def _kind(fd: int, capture: str) -> Kind | None:
    """What stands in for this output; None: the command gets it as it is."""
    try:
        mode = os.fstat(fd).st_mode
        flags = fcntl.fcntl(fd, fcntl.F_GETFL)
    except OSError:
        return None  # closed
    if flags & os.O_ACCMODE == os.O_RDONLY:
        return None  # the command is to see that it cannot write
    if capture == "pipe" or capture == "pty":
        return "pipe" if capture == "pipe" else "pty"
    if stat.S_ISCHR(mode):
        return "pty" if os.isatty(fd) else None
    return "pipe" if stat.S_ISREG(mode) or stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode) else None


def _is_one_file() -> bool:
    """Whether both outputs are one, so that the order of what is written to them counts."""
    one, other = os.fstat(1), os.fstat(2)
    if (one.st_dev, one.st_ino) != (other.st_dev, other.st_ino):
        return False
    return not stat.S_ISREG(one.st_mode) or _is_one_open_file()


def _is_one_open_file() -> bool:
    """For a regular file: `>f 2>&1` is one, `>f 2>f` writes over itself and shall go on to do
    so.
    """
    appending = [fcntl.fcntl(fd, fcntl.F_GETFL) & os.O_APPEND for fd in (1, 2)]
    if any(appending):
        return all(appending)
    if os.lseek(1, 0, os.SEEK_CUR) != os.lseek(2, 0, os.SEEK_CUR):
        return False
    # A lock belongs to an open file, so only another one finds it in its way.
    try:
        fcntl.fcntl(1, fcntl.F_OFD_SETLK, _flock(fcntl.F_WRLCK))
        try:
            found = fcntl.fcntl(2, fcntl.F_OFD_GETLK, _flock(fcntl.F_WRLCK))
        finally:
            fcntl.fcntl(1, fcntl.F_OFD_SETLK, _flock(fcntl.F_UNLCK))
    except OSError:
        return True  # a file system without locks; `2>&1` is what people write
    return bool(_FLOCK.unpack(found)[0] == fcntl.F_UNLCK)


def _flock(kind: int) -> bytes:
    return _FLOCK.pack(kind, os.SEEK_SET, _FAR_BYTE, 1, 0)


def _channel(stream: Stream, kind: Kind, targets: tuple[int, ...], opened: _Opened) -> Channel:
    sink_fd = duplicate(stream)
    opened.add(sink_fd)
    if kind == "pty":
        source_fd, child_fd, mark_path = _output_terminal(sink_fd, opened)
        return Channel(stream, kind, source_fd, sink_fd, child_fd, targets, mark_path)
    source_fd, child_fd = pipe_above_2()
    opened.add(source_fd, child_fd)
    stage_fd = _stage(opened) if stat.S_ISREG(os.fstat(sink_fd).st_mode) else -1
    mark_path = f"/proc/{os.getpid()}/fd/{source_fd}"
    return Channel(stream, kind, source_fd, sink_fd, child_fd, targets, mark_path, stage_fd)


def _stage(opened: _Opened) -> int:
    """A pipe as one descriptor, open both ways; -1 where /proc does not give it."""
    read_fd, write_fd = pipe_above_2()
    try:
        stage_fd = above_2(os.open(f"/proc/self/fd/{write_fd}", os.O_RDWR | os.O_CLOEXEC))
    except FileNotFoundError:
        return -1
    finally:
        os.close(read_fd)
        os.close(write_fd)
    opened.add(stage_fd)
    return stage_fd


def _output_terminal(sink_fd: int, opened: _Opened) -> tuple[int, int, str]:
    """A pseudo-terminal that looks like the real one and passes every byte as it is."""
    import termios

    master_fd, slave_fd = (above_2(fd) for fd in os.openpty())
    opened.add(master_fd, slave_fd)
    real = sink_fd if os.isatty(sink_fd) else slave_fd
    try:
        modes = termios.tcgetattr(real)
        modes[1] &= ~termios.OPOST  # the real terminal does that, once
        termios.tcsetattr(slave_fd, termios.TCSANOW, modes)
    except termios.error as error:  # not an OSError
        raise OSError(*error.args) from error
    if real == sink_fd:
        copy_size(from_fd=sink_fd, to_fd=master_fd)
    return master_fd, slave_fd, os.ttyname(slave_fd)


def copy_size(*, from_fd: int, to_fd: int) -> None:
    """Give one terminal the size of another. Raises OSError where one is gone."""
    import termios

    size = fcntl.ioctl(from_fd, termios.TIOCGWINSZ, bytes(8))
    fcntl.ioctl(to_fd, termios.TIOCSWINSZ, size)
