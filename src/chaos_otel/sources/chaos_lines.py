"""Finds Ch-aOS's machine lines in the bytes of a command's stdout, in whatever pieces they come.

Stands on the way of the output, before anything heavy is loaded: it looks at no more than the
beginnings of lines and keeps what it finds. Knows nothing of what a line means, and decodes none.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import cache
from typing import Final, NamedTuple

LINE_BYTES_MAX: Final = 8 << 20
HELD_BYTES_MAX: Final = 32 << 20

EVENT: Final = b"CHAOS_EVENT::"
RUN_ID: Final = b"CHAOS_RUN_ID::"
LOGBOOK: Final = b"CHAOS_LOGBOOK::"
REPORT: Final = b"CHAOS_REPORT::"
RUN_ENDED: Final = b"CHAOS_RUN_ENDED::"
MARKERS: Final = (EVENT, RUN_ID, LOGBOOK, REPORT, RUN_ENDED)
_COMMON = b"CHAOS_"
_LINE_BREAK = b"\n" + _COMMON
_RARE = b"_"  # one byte is found many times faster than several
_LONGEST = max(map(len, MARKERS))
_SMALL_BYTES = 4_096


class MachineLine(NamedTuple):
    """One line without its end, and the operation that it was printed in ("": none)."""

    op: str
    text: bytes


class ChaosLines:
    """Divides one stream into machine lines, which it keeps for `take`, and all the rest.

    At most 8 MiB of one line and 32 MiB of all are held; what is over is let go, and counted in
    `lost_lines` and `lost_bytes`. Never raises.
    """

    def __init__(self) -> None:
        self._at_start = True  # of a line
        self._begun = b""  # the beginning of a line that may become a machine line
        self._line: list[bytes] | None = None  # the pieces of one that has become it
        self._line_bytes = 0
        self._too_long = False
        self._whole: deque[MachineLine] = deque()
        self._held_bytes = 0
        self.lost_lines = 0
        self.lost_bytes = 0

    def divide(self, op: str, data: bytes) -> bytes:
        """Take what comes next; returns what of it, and of what was held back, is no machine line.

        The beginning of a line that may be one (at most 16 bytes) is held back until `release` or
        until it is known.
        """
        if self._line is None and not self._begun and self._passes(data):
            return data
        return b"".join(self._divide(op, self._begun + data))

    def release(self) -> bytes:
        """What is held back of a line that did not become one: nothing comes behind it for now."""
        begun, self._begun = self._begun, b""
        if begun:
            self._at_start = False
        return begun

    def finish(self, op: str) -> bytes:
        """The stream is over: a last line without an end is one, too. Returns as `release`."""
        if self._line is not None:
            self._end_line(op)
        return self.release()

    def take(self) -> list[MachineLine]:
        """The whole lines that have come since the last call."""
        whole = list(self._whole)
        self._whole.clear()
        self._held_bytes = 0
        return whole

    def _passes(self, data: bytes) -> bool:
        """Whether there is nothing of a machine line in it; true, and quick, for nearly all."""
        last = data.rfind(b"\n", -_LONGEST) + 1
        if (last or self._at_start) and data[last:] and len(data) - last < _LONGEST:
            tail = data[last:] if last else data
            if _may_begin(tail):
                return False
        if self._at_start and data.startswith(_COMMON):
            return False
        if _RARE in data and _contains(data, _LINE_BREAK):
            return False
        self._at_start = last == len(data) if data else self._at_start
        return True

    def _divide(self, op: str, data: bytes) -> list[bytes]:
        self._begun = b""
        rest: list[bytes] = []
        at = 0
        while at < len(data):
            if self._line is not None:
                at = self._go_on(op, data, at)
            elif self._at_start and _may_begin(data[at : at + _LONGEST]):
                if not data.startswith(MARKERS, at):
                    self._begun = data[at:]
                    break
                self._line, self._line_bytes, self._too_long = [], 0, False
            else:
                end = data.find(_LINE_BREAK, at) + 1 or _last_line(data, at)
                rest.append(data[at:end])
                self._at_start = data[end - 1] == 10
                at = end
        return rest

    def _go_on(self, op: str, data: bytes, at: int) -> int:
        """Take more of the machine line that is coming; returns where the next one begins."""
        assert self._line is not None
        end = data.find(b"\n", at)
        piece = data[at:] if end < 0 else data[at:end]
        self._line_bytes += len(piece)
        if self._line_bytes > LINE_BYTES_MAX:
            self._too_long = True
            self._line.clear()
        elif piece:
            self._line.append(piece)
        if end < 0:
            return len(data)
        self._end_line(op)
        return end + 1

    def _end_line(self, op: str) -> None:
        text = b"".join(self._line or ()).removesuffix(b"\r")
        self._line, self._at_start = None, True
        if self._too_long or self._held_bytes + len(text) > HELD_BYTES_MAX:
            self.lost_lines += 1
            self.lost_bytes += self._line_bytes
            return
        self._held_bytes += len(text)
        self._whole.append(MachineLine(op, text))


def _contains(data: bytes, text: bytes) -> bool:
    """`text in data`, by the C library where there is much: a third of the time."""
    if len(data) < _SMALL_BYTES or (found := _memmem()) is None:
        return text in data
    return found(data, len(data), text, len(text)) is not None


@cache
def _memmem() -> Callable[[bytes, int, bytes, int], int | None] | None:
    import ctypes

    found = getattr(ctypes.CDLL(None), "memmem", None)
    if found is not None:
        found.argtypes = (ctypes.c_char_p, ctypes.c_size_t, ctypes.c_char_p, ctypes.c_size_t)
        found.restype = ctypes.c_void_p
    return found


def _may_begin(head: bytes) -> bool:
    """Whether a line that begins so may be a machine line; `head` is as much as there is."""
    if len(head) < len(_COMMON):
        return _COMMON.startswith(head)
    return head.startswith(MARKERS) or any(one.startswith(head) for one in MARKERS)


def _last_line(data: bytes, at: int) -> int:
    """Where a last line begins that may become a machine line; the end of the data if none may."""
    last = data.rfind(b"\n", max(at, len(data) - _LONGEST)) + 1
    return last if last > at and _may_begin(data[last:]) and last < len(data) else len(data)
