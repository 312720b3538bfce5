"""The most memory that a process has had so far, as the kernel says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path


class PeakMemory:
    """Keeps the highest VmHWM seen of the process that `find` names (0: not there yet)."""

    def __init__(self, find: Callable[[], int]) -> None:
        self._find = find
        self._pid = 0
        self.kilobytes = 0

    @property
    def megabytes(self) -> float:
        """In units of a million bytes."""
        return self.kilobytes * 1024 / 1e6

    def sample(self) -> None:
        """Look once; a process that is gone keeps what was seen last."""
        try:
            self._pid = self._pid or self._find()
            text = Path(f"/proc/{self._pid}/status").read_text() if self._pid else ""
        except OSError:
            return
        for line in text.splitlines():
            if line.startswith("VmHWM:"):
                self.kilobytes = max(self.kilobytes, int(line.split()[1]))
