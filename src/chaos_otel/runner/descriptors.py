"""Descriptors that stay out of the command's way: above the standard streams, closed on exec."""

from __future__ import annotations

import fcntl
import os

ABOVE_STANDARD = 3


def keep_standard_numbers() -> None:
    """Let no file of ours take the number of a standard stream that is closed.

    Our own open files would stand there otherwise, and be taken for what our caller gave us. What
    stands there now can neither be read nor written and is closed on exec. Where no descriptor can
    be had nothing is kept, nor will there be a file of ours to take a number.
    """
    try:
        while (fd := os.open("/", os.O_PATH | os.O_CLOEXEC)) < ABOVE_STANDARD:
            pass
        os.close(fd)
    except OSError:
        pass


def above_2(fd: int) -> int:
    """The same open file at a number above 2; a lower `fd` is closed. Raises OSError, `fd`
    closed.
    """
    if fd >= ABOVE_STANDARD:
        return fd
    try:
        return duplicate(fd)
    finally:
        os.close(fd)


def duplicate(fd: int) -> int:
    """A second descriptor for the same open file, above 2 and closed on exec."""
    return fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, ABOVE_STANDARD)


def pipe_above_2(*, flags: int = 0) -> tuple[int, int]:
    """A pipe: read end, write end. `os.pipe` would take the number of a closed standard stream."""
    read_fd, write_fd = os.pipe2(os.O_CLOEXEC | flags)
    try:
        read_fd = above_2(read_fd)
    except OSError:
        os.close(write_fd)
        raise
    try:
        return read_fd, above_2(write_fd)
    except OSError:
        os.close(read_fd)
        raise
