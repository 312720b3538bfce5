"""A pump passes on at once what cannot be a mark, and holds back only what can."""

from __future__ import annotations

import os
import tty
from collections.abc import Iterator

import pytest

from chaos_otel.runner.contract import Channel
from chaos_otel.runner.loop import Loop
from chaos_otel.runner.marks import Marks
from chaos_otel.runner.pump import Pump

NONCE = b"0123456789abcdef"
MARK = b"\x1b_chaos:" + NONCE + b":00000000000000a1\x1b\\"


class Heard:
    """Remembers what a pump tells."""

    def __init__(self) -> None:
        self.words: list[tuple[object, ...]] = []

    def output(self, stream: int, op: str, data: bytes) -> None:
        self.words.append(("output", op, data))

    def marked(self, stream: int, op: str) -> None:
        self.words.append(("marked", op))

    def closed(self, stream: int) -> None:
        self.words.append(("closed",))


class Line:
    """A pump with both its ends in our hands."""

    def __init__(self, kind: str) -> None:
        self.loop = Loop()
        self.heard = Heard()
        self.out_fd, self.sink_fd = os.pipe()
        if kind == "pty":
            source_fd, self.in_fd = os.openpty()
            tty.setraw(self.in_fd)
            channel = Channel(1, "pty", source_fd, self.sink_fd, -1, (), "")
        else:
            source_fd, self.in_fd = os.pipe()
            channel = Channel(1, "pipe", source_fd, self.sink_fd, -1, (), "")
        self.pump = Pump(self.loop, channel, marks=Marks(NONCE), listener=self.heard)

    def say(self, data: bytes) -> None:
        """Write, and let the pump do what it can do now."""
        os.write(self.in_fd, data)
        while self.loop.turn(0.02):
            pass

    def passed(self) -> bytes:
        os.set_blocking(self.out_fd, False)
        try:
            return os.read(self.out_fd, 1 << 20)
        except BlockingIOError:
            return b""

    def close(self) -> None:
        self.pump.close()
        for fd in (self.in_fd, self.out_fd, self.sink_fd):
            os.close(fd)


@pytest.fixture(params=["pipe", "pty"])
def line(request: pytest.FixtureRequest) -> Iterator[Line]:
    """Both kinds of source."""
    line = Line(request.param)
    yield line
    line.close()


def test_marks_are_taken_out_and_told(line: Line) -> None:
    """What follows a mark belongs to its operation."""
    line.say(b"before" + MARK + b"inside" + MARK.replace(b"a1", b"00") + b"outside")
    assert line.passed() == b"beforeinsideoutside"
    assert line.heard.words == [
        ("output", "", b"before"),
        ("marked", "00000000000000a1"),
        ("output", "00000000000000a1", b"inside"),
        ("marked", ""),
        ("output", "", b"outside"),
    ]


@pytest.mark.parametrize("data", [b"\x1b", b"\x1b_", b"text\x1b", b"\x1b[", b"\x1b_chaot"])
def test_what_programs_print_and_then_wait_is_seen_at_once(line: Line, data: bytes) -> None:
    """A lone escape, an escape and a letter, what only looks like a mark."""
    line.say(data)
    assert line.passed() == data


def test_a_pseudo_terminal_may_give_a_mark_in_two_parts() -> None:
    """It is held back for a moment and still taken out."""
    line = Line("pty")
    line.say(b"text" + MARK[:20])
    assert line.passed() == b"text"
    line.say(MARK[20:] + b"more")
    assert line.passed() == b"more"
    assert ("marked", "00000000000000a1") in line.heard.words
    line.close()


def test_what_does_not_become_a_mark_is_passed_on() -> None:
    """After a tenth of a second, without anything else happening."""
    line = Line("pty")
    line.say(MARK[:20])
    for _ in range(1000):
        line.loop.turn(0.01)
        if passed := line.passed():
            break
    assert passed == MARK[:20]
    line.close()


def test_a_mark_that_our_own_reading_cut_is_found(line: Line) -> None:
    """Wherever in a long stretch it lies."""
    if os.isatty(line.in_fd):
        pytest.skip("a pseudo-terminal holds less than that")
    expected = b""
    for size in range(65536 - 60, 65536 - 20, 7):
        line.say(b"a" * 10)
        expected += b"a" * 10
        assert line.passed() == b"a" * 10
        writer = os.fork()
        if writer == 0:
            os.write(line.in_fd, b"b" * (size - size % 4096) + b"c" * (size % 4096))
            os.write(line.in_fd, MARK + b"d")
            os._exit(0)
        got = b""
        while len(got) < size + 1:
            line.loop.turn(0.1)
            got += line.passed()
        os.waitpid(writer, 0)
        assert got == b"b" * (size - size % 4096) + b"c" * (size % 4096) + b"d"


def test_a_full_sink_holds_the_source(line: Line) -> None:
    """Nothing is lost, and it goes on when there is room."""
    os.set_blocking(line.in_fd, False)
    sent = 0
    try:
        for _ in range(1000):
            sent += os.write(line.in_fd, b"z" * 4096)
            line.loop.turn(0)
    except BlockingIOError:
        pass
    assert line.pump.waits_for_sink
    got = 0
    while got < sent:
        got += len(line.passed())
        line.loop.turn(0.05)
    assert got == sent


def test_a_sink_without_a_reader_closes_the_source() -> None:
    """Though nothing was written."""
    line = Line("pipe")
    os.close(line.out_fd)
    line.loop.turn(1)
    assert line.heard.words == [("closed",)]
    with pytest.raises(BrokenPipeError):
        os.write(line.in_fd, b"x")
    line.out_fd = os.open(os.devnull, os.O_RDONLY)
    line.close()


def test_the_end_of_the_source_is_told_once(line: Line) -> None:
    """With all that was in it passed on."""
    os.write(line.in_fd, b"last")
    os.close(line.in_fd)
    for _ in range(5):
        line.loop.turn(0.05)
    assert line.passed() == b"last"
    assert line.heard.words == [("output", "", b"last"), ("closed",)]
    line.in_fd = os.open(os.devnull, os.O_RDONLY)
