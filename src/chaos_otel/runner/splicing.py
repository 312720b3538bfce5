"""tee(2) and splice(2), which move bytes between pipes without a moment in which they are in
neither.

`os.splice` has no flags before Python 3.14 and there is no `os.tee`. Loads ctypes, so it is
imported when the command runs.
"""

from __future__ import annotations

import ctypes
import errno
import os
from collections.abc import Callable
from functools import cache

_NONBLOCK = 2  # SPLICE_F_NONBLOCK: for this call, not for the open file that others share


@cache
def is_available() -> bool:
    """Whether this system has these calls and lets us use them. Raises OSError without pipes."""
    read_fd, write_fd = os.pipe()
    try:
        tee(read_fd, write_fd, 1)
    except AttributeError:
        return False
    except OSError as error:
        return error.errno == errno.EINVAL  # as it must for one pipe: it is there
    finally:
        os.close(read_fd)
        os.close(write_fd)
    return True


def tee(source_fd: int, target_fd: int, size_bytes: int) -> int:
    """Copy what is first in one pipe to another; it stays in the first. 0 at its end.

    Raises BlockingIOError where there is nothing yet, or no room.
    """
    return _call(_libc().tee, source_fd, target_fd, size_bytes)


def move(source_fd: int, target_fd: int, size_bytes: int) -> int:
    """Move what is first in a pipe to a pipe or a socket. Raises as `tee`."""
    return _call(_libc().splice, source_fd, None, target_fd, None, size_bytes)


def _call(function: Callable[..., int], *arguments: object) -> int:
    while True:
        done = function(*arguments, _NONBLOCK)
        if done >= 0:
            return done
        code = ctypes.get_errno()
        if code != errno.EINTR:
            raise OSError(code, os.strerror(code))


@cache
def _libc() -> ctypes.CDLL:
    libc = ctypes.CDLL(None, use_errno=True)
    offset = ctypes.POINTER(ctypes.c_longlong)
    libc.tee.argtypes = (ctypes.c_int, ctypes.c_int, ctypes.c_size_t, ctypes.c_uint)
    libc.tee.restype = ctypes.c_ssize_t
    libc.splice.argtypes = (
        ctypes.c_int,
        offset,
        ctypes.c_int,
        offset,
        ctypes.c_size_t,
        ctypes.c_uint,
    )
    libc.splice.restype = ctypes.c_ssize_t
    return libc
