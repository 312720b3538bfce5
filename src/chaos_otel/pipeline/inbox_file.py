"""The reader's side of an inbox file: read on, hold it alone, give the space behind back.

Loaded after the command started (it needs ctypes). Knows nothing of what a line means.
"""

from __future__ import annotations

import ctypes
import fcntl
import os

READ_BYTES = 65_536
GIVE_BACK_BYTES = 1 << 20
_KEEP_SIZE, _PUNCH_HOLE = 0x01, 0x02  # linux/falloc.h


class InboxFile:
    """Reads an inbox from `offset` on. Owns its descriptor and the lock on it.

    Only one reader at a time: opening waits for nobody and raises BlockingIOError where another
    reads. Raises OSError if the file is not there or not ours.
    """

    def __init__(self, path: str, *, offset: int = 0) -> None:
        self.path = path
        self.offset = offset
        self._given_back = offset - offset % GIVE_BACK_BYTES
        self._fd = os.open(path, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            if os.fstat(self._fd).st_uid != os.geteuid():
                raise PermissionError(f"{path} belongs to another user")
            fcntl.flock(self._fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(self._fd)
            raise

    def read(self) -> bytes:
        """The next bytes, at most 64 KiB; empty where nothing has been added."""
        data = os.pread(self._fd, READ_BYTES, self.offset)
        self.offset += len(data)
        return data

    def give_back(self, upto: int) -> None:
        """Free the memory in front of `upto` (all that is in the journal): a hole, never a
        truncation, which would lose lines of those who append at the same moment."""
        whole = upto - upto % GIVE_BACK_BYTES
        if whole > self._given_back:
            _punch_hole(self._fd, self._given_back, whole - self._given_back)
            self._given_back = whole

    def close(self) -> None:
        """Release the lock; the file stays."""
        os.close(self._fd)


def _punch_hole(fd: int, start: int, length: int) -> None:
    fallocate = getattr(ctypes.CDLL(None, use_errno=True), "fallocate", None)
    if fallocate is not None:  # a file system without holes keeps the space; nothing else is lost
        fallocate(fd, _KEEP_SIZE | _PUNCH_HOLE, ctypes.c_int64(start), ctypes.c_int64(length))
