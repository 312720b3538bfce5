"""Lines out of pieces of output, wherever the pieces were cut."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

from chaos_otel.recorder.transcript import CUT_MARK
from chaos_otel.records import Output

LINE_BYTES_MAX: Final = 16 << 10


class Line(NamedTuple):
    """One line without its end. `wall_ns` is when its first byte was taken in.

    `partial`: the line goes on in the next one. `cut_bytes`: it stands for so much that was left
    out.
    """

    text: str
    wall_ns: int
    partial: bool = False
    cut_bytes: int = 0


class Lines:
    """Cuts one stream of one operation into lines; never holds more than `LINE_BYTES_MAX`.

    Blank lines are left out, a longer line comes in parts. Bytes that are no UTF-8 show as `\\xNN`.
    """

    __slots__ = ("_begin", "_wall_ns")

    def __init__(self) -> None:
        self._begin = b""
        self._wall_ns = 0

    def add(self, output: Output) -> Iterator[Line]:
        """The lines that are complete by this piece."""
        if output.cut_bytes:
            yield from self.end()
            text = CUT_MARK.format(output.cut_bytes).strip()
            yield Line(text, output.wall_ns, cut_bytes=output.cut_bytes)
        data = output.text.encode("utf-8", "backslashreplace") if output.text else output.raw
        *whole, rest = data.split(b"\n")
        for one in whole:
            yield from self._parts(one, output.wall_ns)
            yield from self.end()
        yield from self._parts(rest, output.wall_ns)

    def end(self) -> Iterator[Line]:
        """What is held, if there is anything: its end has come."""
        begin, self._begin = self._begin, b""
        if begin and not begin.isspace():
            text = begin.removesuffix(b"\r").decode("utf-8", "backslashreplace")
            yield Line(text, self._wall_ns)

    def _parts(self, data: bytes, wall_ns: int) -> Iterator[Line]:
        """Hold the data, less the parts of which there are too many."""
        if not data:
            return
        if not self._begin:
            self._wall_ns = wall_ns
        data = self._begin + data
        begin = 0
        while len(data) - begin > LINE_BYTES_MAX:
            end = _character_start(data, begin + LINE_BYTES_MAX)
            text = data[begin:end].decode("utf-8", "backslashreplace")
            yield Line(text, self._wall_ns, partial=True)
            begin, self._wall_ns = end, wall_ns
        self._begin = data[begin:]


def _character_start(data: bytes, at: int) -> int:
    """The nearest place at or before `at` where a UTF-8 character may begin."""
    for back in range(4):
        if data[at - back] & 0xC0 != 0x80:
            return at - back
    return at
