"""Keeps the rendered entries of many hosts apart, in little memory and with one descriptor.

What does not fit in memory lies in one file without a name, each host's share in stretches of it.
"""

from __future__ import annotations

import os
import tempfile
from typing import IO, Final

MEMORY_BYTES: Final = 4 << 20
_COPY_BYTES: Final = 1 << 20


class Spool:
    """Append to a host, later copy a host out, whole and in order. `folder` is where it spills to.

    Raises OSError when the disk refuses; then nothing of it is to be trusted.
    """

    def __init__(self, folder: str, *, memory_bytes: int = MEMORY_BYTES) -> None:
        self._folder = folder
        self._memory_bytes = memory_bytes
        self._held_bytes = 0
        self._held: dict[str, list[bytes]] = {}
        self._stretches: dict[str, list[tuple[int, int]]] = {}
        self._file: IO[bytes] | None = None
        self._end = 0

    def append(self, host: str, data: bytes) -> None:
        """Add to the end of a host's share."""
        held = self._held.get(host)
        if held is None:
            held = self._held[host] = []
        held.append(data)
        self._held_bytes += len(data)
        if self._held_bytes > self._memory_bytes:
            self._spill()

    def copy(self, host: str, target_fd: int) -> None:
        """Write a host's share to the end of `target_fd`."""
        for start, end in self._stretches.get(host, ()):
            self._copy_stretch(start, end, target_fd)
        write_all(target_fd, b"".join(self._held.get(host, ())))

    def close(self) -> None:
        """Give everything back."""
        self._held.clear()
        self._stretches.clear()
        if self._file is not None:
            self._file.close()

    def _spill(self) -> None:
        if self._file is None:
            self._file = tempfile.TemporaryFile(buffering=0, dir=self._folder)  # noqa: SIM115
        for host, held in self._held.items():
            data = b"".join(held)
            write_all(self._file.fileno(), data)
            stretches = self._stretches.setdefault(host, [])
            begin = self._end
            self._end += len(data)
            if stretches and stretches[-1][1] == begin:
                begin = stretches.pop()[0]
            stretches.append((begin, self._end))
        self._held.clear()
        self._held_bytes = 0

    def _copy_stretch(self, start: int, end: int, target_fd: int) -> None:
        assert self._file is not None
        while start < end:
            data = os.pread(self._file.fileno(), min(_COPY_BYTES, end - start), start)
            if not data:
                raise OSError(0, "the spool file is shorter than it was")
            write_all(target_fd, data)
            start += len(data)


def write_all(fd: int, data: bytes) -> None:
    """Write all of it or raise OSError."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]
