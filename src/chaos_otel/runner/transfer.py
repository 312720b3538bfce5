"""Carry bytes from a source to a sink so that, when we are killed, no byte is lost or there twice.

What has not been passed on yet is still in the source's pipe, which `deliver` holds too: the bytes
are looked at in a copy (tee) and moved (splice). A regular file cannot be moved into safely (not
where it is appended to, and not beside other writers of the same open file), so for it the bytes
are moved to a second pipe first, behind a note of where the file ended. A terminal has no such way:
there at most what one call has read is lost.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import stat
import struct
import termios
from typing import Protocol, TypeAlias

from chaos_otel.runner import splicing
from chaos_otel.runner.contract import Channel
from chaos_otel.runner.descriptors import pipe_above_2

Bytes: TypeAlias = bytes | memoryview

_FIRST_SIZE = 1 << 16
_FULL_SIZE = 1 << 17
_FULL_READS = 4
_ATOMIC_BYTES = 4096  # PIPE_BUF
_NOTE = struct.Struct("=q")
_COUNT = struct.Struct("i")


class Transfer(Protocol):
    """One source and one sink. Raises OSError where the sink takes nothing any more."""

    ended: bool

    def peek(self) -> bytes:
        """All that is there and has been neither forwarded nor dropped, up to a limit.

        To be called when the source is readable. Sets `ended` when nothing can come behind it.
        Raises BlockingIOError where the sink has to take something first.
        """

    def forward(self, data: Bytes) -> int:
        """Give the first bytes that were peeked to the sink; how many it took, 0 if it is full."""

    def drop(self, size_bytes: int) -> None:
        """Throw the first bytes that were peeked away."""

    def has_more(self) -> bool:
        """Whether there are bytes behind those that were peeked."""

    def unread_bytes(self) -> int:
        """How much is there and has been neither forwarded nor dropped."""

    def make_room(self) -> None:
        """Try to let the sink hold as much as it would if it had been written to directly."""

    def close(self) -> None:
        """Close what is this transfer's own: neither the source nor the sink."""


def open_transfer(channel: Channel) -> Transfer:
    """The safest transfer for this channel. A regular file gets what a predecessor left behind."""
    mode = os.fstat(channel.sink_fd).st_mode
    with contextlib.suppress(OSError):  # no descriptor left
        if channel.kind == "pipe" and splicing.is_available():
            if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
                return MovingTransfer(channel.source_fd, sink_fd=channel.sink_fd)
            if stat.S_ISREG(mode):
                return FileTransfer(
                    channel.source_fd, sink_fd=channel.sink_fd, stage_fd=channel.stage_fd
                )
    return CopyingTransfer(channel.source_fd, sink_fd=channel.sink_fd)


class _Teeing:
    """What is common to those that look at a copy."""

    def __init__(self, source_fd: int) -> None:
        self.ended = False
        self._source_fd = source_fd
        self._copy_fd, self._copy_in_fd = pipe_above_2()
        self._size = _FIRST_SIZE
        self._full = 0
        self._peeked = 0

    def peek(self) -> bytes:
        try:
            size = splicing.tee(self._source_fd, self._copy_in_fd, self._size)
        except BlockingIOError:
            return b""
        self.ended = size == 0
        self._peeked = size
        if size >= self._size:
            self._grow()
        return os.read(self._copy_fd, size) if size else b""

    def drop(self, size_bytes: int) -> None:
        os.read(self._source_fd, size_bytes)
        self._peeked -= size_bytes

    def has_more(self) -> bool:
        return _readable_bytes(self._source_fd) > self._peeked

    def unread_bytes(self) -> int:
        return _readable_bytes(self._source_fd)

    def make_room(self) -> None:
        pass

    def close(self) -> None:
        os.close(self._copy_fd)
        os.close(self._copy_in_fd)

    def _pipes(self) -> tuple[int, ...]:
        """The other pipes that bytes go through."""
        return (self._source_fd,)

    def _grow(self) -> None:
        self._full += 1
        if self._full != _FULL_READS:
            return
        with contextlib.suppress(OSError):  # the user's pipes have a limit in all
            for fd in (self._copy_fd, *self._pipes()):
                fcntl.fcntl(fd, fcntl.F_SETPIPE_SZ, _FULL_SIZE)
            self._size = _FULL_SIZE


class MovingTransfer(_Teeing):
    """From a pipe to a pipe or a socket: the bytes are at every moment in one of them."""

    def __init__(self, source_fd: int, *, sink_fd: int) -> None:
        super().__init__(source_fd)
        self._sink_fd = sink_fd
        self._is_socket = stat.S_ISSOCK(os.fstat(sink_fd).st_mode)

    def forward(self, data: Bytes) -> int:
        size = len(data)
        if self._is_socket:  # the flag of `move` does not hold for it
            if not _is_ready(self._sink_fd, select.POLLOUT):
                return 0
            size = min(size, _ATOMIC_BYTES)
        try:
            moved = splicing.move(self._source_fd, self._sink_fd, size)
        except BlockingIOError:
            return 0
        self._peeked -= moved
        return moved

    def make_room(self) -> None:
        # What is moved keeps its pages, so many small writes fill a pipe that would hold them all
        # had they been written to it; a caller that reads only when we are gone would wait for
        # ever.
        with contextlib.suppress(OSError):
            size = fcntl.fcntl(self._sink_fd, fcntl.F_GETPIPE_SZ)
            rest = _readable_bytes(self._source_fd) + _readable_bytes(self._sink_fd)
            if rest <= size:
                fcntl.fcntl(self._sink_fd, fcntl.F_SETPIPE_SZ, 2 * size)


class FileTransfer(_Teeing):
    """From a pipe to a regular file, by way of the stage."""

    def __init__(self, source_fd: int, *, sink_fd: int, stage_fd: int) -> None:
        super().__init__(source_fd)
        self._sink_fd = sink_fd
        self._stage_fd = stage_fd
        self._appends = bool(fcntl.fcntl(sink_fd, fcntl.F_GETFL) & os.O_APPEND)
        if stage_fd >= 0:
            self._finish_staged()

    def forward(self, data: Bytes) -> int:
        if self._stage_fd < 0:
            size = len(data)
            _write_all(self._sink_fd, data)
            os.read(self._source_fd, size)
        else:
            os.write(self._stage_fd, _NOTE.pack(self._position()))
            size = splicing.move(self._source_fd, self._stage_fd, len(data))
            _write_all(self._sink_fd, memoryview(data)[:size])
            os.read(self._stage_fd, _NOTE.size + size)
        self._peeked -= size
        return size

    def _pipes(self) -> tuple[int, ...]:
        return (self._source_fd, self._stage_fd) if self._stage_fd >= 0 else (self._source_fd,)

    def _finish_staged(self) -> None:
        staged_bytes = _readable_bytes(self._stage_fd)
        if not staged_bytes:
            return
        staged = os.read(self._stage_fd, staged_bytes)
        (before,) = _NOTE.unpack_from(staged)
        written = min(max(0, self._position() - before), staged_bytes - _NOTE.size)
        _write_all(self._sink_fd, staged[_NOTE.size + written :])

    def _position(self) -> int:
        if self._appends:
            return os.fstat(self._sink_fd).st_size
        return os.lseek(self._sink_fd, 0, os.SEEK_CUR)


class CopyingTransfer:
    """From anything to anything, by read and write."""

    def __init__(self, source_fd: int, *, sink_fd: int) -> None:
        self.ended = False
        self._source_fd = source_fd
        self._sink_fd = sink_fd
        self._own_sink_fd = _reopened(sink_fd)
        self._kept = b""

    def peek(self) -> bytes:
        if not _is_ready(self._sink_fd, select.POLLOUT):
            raise BlockingIOError  # rather in the source than in us
        try:
            data = os.read(self._source_fd, _FIRST_SIZE)
        except BlockingIOError:
            return self._kept
        except OSError as error:
            if error.errno != errno.EIO:  # a pseudo-terminal whose other end is closed
                raise
            data = b""
        self.ended = not data
        self._kept += data
        return self._kept

    def forward(self, data: Bytes) -> int:
        try:
            if self._own_sink_fd >= 0:
                size = os.write(self._own_sink_fd, data)
            elif _is_ready(self._sink_fd, select.POLLOUT):
                size = os.write(self._sink_fd, data[:_ATOMIC_BYTES])
            else:
                return 0
        except BlockingIOError:
            return 0
        self._kept = self._kept[size:]
        return size

    def drop(self, size_bytes: int) -> None:
        self._kept = self._kept[size_bytes:]

    def has_more(self) -> bool:
        return _readable_bytes(self._source_fd) > 0

    def unread_bytes(self) -> int:
        return len(self._kept) + _readable_bytes(self._source_fd)

    def make_room(self) -> None:
        pass

    def close(self) -> None:
        if self._own_sink_fd >= 0:
            os.close(self._own_sink_fd)
            self._own_sink_fd = -1


def _reopened(fd: int) -> int:
    """A terminal as an open file of our own that does not block; -1 where that cannot be had.

    Others share the open file that we were given, so its flags are not ours to change.
    """
    if not os.isatty(fd):
        return -1
    flags = os.O_WRONLY | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
    try:
        return os.open(f"/proc/self/fd/{fd}", flags)
    except OSError:
        return -1


def _write_all(fd: int, data: Bytes) -> None:
    while data:
        data = memoryview(data)[os.write(fd, data) :]


def _readable_bytes(fd: int) -> int:
    answer = fcntl.ioctl(fd, termios.FIONREAD, bytes(_COUNT.size))
    count: int = _COUNT.unpack(answer)[0]
    return count


def _is_ready(fd: int, events: int) -> bool:
    poll = select.poll()
    poll.register(fd, events)
    return bool(poll.poll(0))
