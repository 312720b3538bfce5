"""A terminal's modes and size: read, saved as text, made raw, put back. Knows no command.

Every function works on a terminal that is not the caller's own as well (`deliver` restores from
another session), and none of them can stop the caller by SIGTTIN or SIGTTOU.
"""

from __future__ import annotations

import errno
import fcntl
import os
import select
import signal
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, TypeAlias

Modes: TypeAlias = list[Any]  # what the termios module takes and gives: four flags, two speeds, cc

_IFLAG, _OFLAG, _LFLAG, _CC = 0, 1, 3, 6
# What the command's terminal does must not have been done before by the real one. Breaks and parity
# belong to the real line, so their flags stay as they are.
_RAW_IFLAG = (
    termios.PARMRK
    | termios.ISTRIP
    | termios.INLCR
    | termios.IGNCR
    | termios.ICRNL
    | termios.IXON
    | getattr(termios, "IUCLC", 0o1000 if sys.platform == "linux" else 0)
)
_RAW_LFLAG = termios.ECHO | termios.ECHONL | termios.ICANON | termios.ISIG | termios.IEXTEN
_TIOCGDEV = 0x80045432 if sys.platform == "linux" else 0
_WINSIZE_BYTES = 8  # struct winsize: rows, columns, and the same in pixels


def save(fd: int) -> bytes:
    """The terminal's modes as ASCII text, to be set again. Raises OSError where there is none."""
    *numbers, control = _get(fd)
    numbers += [value if isinstance(value, int) else value[0] for value in control]
    return ":".join(f"{number:x}" for number in numbers).encode("ascii")


def set_modes(fd: int, saved: bytes) -> None:
    """Set what `save` gave, after what was written before has gone out.

    Input that nobody has read stays. Raises OSError where the terminal is gone.
    """
    _set(fd, _decode(saved))


def make_raw(fd: int, saved: bytes) -> None:
    """The modes of `saved`, but every byte passes both ways as it is and no key is a signal."""
    modes = _decode(saved)
    modes[_IFLAG] &= ~_RAW_IFLAG
    modes[_OFLAG] &= ~termios.OPOST
    modes[_LFLAG] &= ~_RAW_LFLAG
    modes[_CC][termios.VMIN] = 1
    modes[_CC][termios.VTIME] = 0
    _set(fd, modes)


def is_raw(fd: int) -> bool:
    """Whether the terminal is as `make_raw` leaves it; False where there is none."""
    try:
        modes = _get(fd)
    except OSError:
        return False
    return not (
        modes[_IFLAG] & _RAW_IFLAG or modes[_OFLAG] & termios.OPOST or modes[_LFLAG] & _RAW_LFLAG
    )


def restore(fd: int, saved: bytes) -> bool:
    """`set_modes` if the terminal is still as `make_raw` left it; True says that it was.

    If it is not, the shell has taken it, and may be editing a line: it is left alone. For somebody
    who died, from another session. Raises OSError where the terminal is gone.
    """
    if not is_raw(fd):
        return False
    set_modes(fd, saved)
    return True


def read(fd: int, size_bytes: int) -> bytes:
    """What is typed. In the background this raises OSError (EIO) instead of stopping the caller."""
    with _blocked(signal.SIGTTIN):
        return os.read(fd, size_bytes)


def size(fd: int) -> bytes:
    """`struct winsize` as the kernel gives it, pixels included."""
    return fcntl.ioctl(fd, termios.TIOCGWINSZ, bytes(_WINSIZE_BYTES))


def resize(fd: int, winsize: bytes) -> None:
    """Set what `size` gave; the kernel tells the terminal's foreground group if it is a change."""
    fcntl.ioctl(fd, termios.TIOCSWINSZ, winsize)


def in_foreground(fd: int) -> bool:
    """Whether `fd` is our controlling terminal and our process group is in its foreground."""
    try:
        return os.tcgetpgrp(fd) == os.getpgrp()
    except OSError:
        return False


def is_readable(fd: int) -> bool:
    """Whether a read gives something at once. What was written before is seen for sure."""
    watch = select.poll()
    watch.register(fd, select.POLLIN)
    return any(revents & select.POLLIN for _, revents in watch.poll(0))


def is_same(fd: int, other_fd: int) -> bool:
    """Whether both are one terminal, by whatever name they were opened (`/dev/tty`)."""
    try:
        return _device(fd) == _device(other_fd)
    except OSError:
        return False


def is_hung_up(fd: int) -> bool:
    """Whether the terminal is gone for good: its line was dropped or its window closed."""
    watch = select.poll()
    watch.register(fd, 0)
    return any(revents & (select.POLLHUP | select.POLLNVAL) for _, revents in watch.poll(0))


def _device(fd: int) -> bytes:
    return fcntl.ioctl(fd, _TIOCGDEV, bytes(4)) if _TIOCGDEV else os.fsencode(os.ttyname(fd))


def _decode(saved: bytes) -> Modes:
    numbers = [int(number, 16) for number in saved.split(b":")]
    return [*numbers[:_CC], numbers[_CC:]]


def _get(fd: int) -> Modes:
    try:
        return termios.tcgetattr(fd)
    except termios.error as error:  # not an OSError
        raise OSError(*error.args) from error


def _set(fd: int, modes: Modes) -> None:
    when = termios.TCSADRAIN
    with _blocked(signal.SIGTTOU):
        while True:
            try:
                termios.tcsetattr(fd, when, modes)
                return
            except termios.error as error:  # nor is it retried by Python
                if error.args[0] != errno.EINTR:
                    raise OSError(*error.args) from error
                when = termios.TCSANOW  # the line may be held (XOFF), and somebody is impatient


@contextmanager
def _blocked(signum: int) -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signum])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
