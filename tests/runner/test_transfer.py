"""A kill at any step of a transfer leaves each byte in one place."""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos_otel.runner import splicing
from chaos_otel.runner.contract import Channel
from chaos_otel.runner.transfer import (
    CopyingTransfer,
    FileTransfer,
    MovingTransfer,
    Transfer,
    open_transfer,
)

DATA = b"0123456789" * 500


class Pipes:
    """A source with bytes in it, a stage, and a file as the sink."""

    def __init__(self, path: Path, flags: int) -> None:
        self.path = path
        self.source_fd, self.in_fd = os.pipe()
        read_fd, write_fd = os.pipe()
        self.stage_fd = os.open(f"/proc/self/fd/{write_fd}", os.O_RDWR)
        self.sink_fd = os.open(path, os.O_WRONLY | os.O_CREAT | flags, 0o600)
        os.close(read_fd)
        os.close(write_fd)
        os.write(self.sink_fd, b"before ")
        os.write(self.in_fd, DATA)

    def close(self) -> None:
        for fd in (self.source_fd, self.in_fd, self.stage_fd, self.sink_fd):
            os.close(fd)

    def transfer(self) -> FileTransfer:
        return FileTransfer(self.source_fd, sink_fd=self.sink_fd, stage_fd=self.stage_fd)

    def note(self) -> None:
        os.write(self.stage_fd, struct.pack("=q", self.path.stat().st_size))


@pytest.fixture(params=[0, os.O_APPEND], ids=["file", "append"])
def pipes(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Pipes]:
    """In both ways that a file can be open."""
    pipes = Pipes(tmp_path / "sink", request.param)
    yield pipes
    pipes.close()


def _finish(pipes: Pipes) -> bytes:
    """What a successor makes of it."""
    os.close(pipes.in_fd)
    transfer = pipes.transfer()
    while data := transfer.peek():
        assert transfer.forward(data) == len(data)
    transfer.close()
    pipes.in_fd = os.open(os.devnull, os.O_RDONLY)
    return pipes.path.read_bytes()


def test_killed_before_anything(pipes: Pipes) -> None:
    """All is in the source."""
    assert _finish(pipes) == b"before " + DATA


def test_killed_behind_the_note(pipes: Pipes) -> None:
    """A note without bytes says nothing."""
    pipes.note()
    assert _finish(pipes) == b"before " + DATA


@pytest.mark.parametrize("written", [0, 1, 999, 2000])
def test_killed_while_writing(pipes: Pipes, written: int) -> None:
    """The file's end says how much was written of what is staged."""
    pipes.note()
    assert splicing.move(pipes.source_fd, pipes.stage_fd, 2000) == 2000
    os.write(pipes.sink_fd, DATA[:written])
    assert _finish(pipes) == b"before " + DATA


def test_killed_behind_everything(pipes: Pipes) -> None:
    """What was written is not written again."""
    transfer = pipes.transfer()
    assert transfer.forward(transfer.peek()) == len(DATA)
    os.write(pipes.in_fd, b" behind")
    assert _finish(pipes) == b"before " + DATA + b" behind"


def test_what_is_looked_at_stays_in_the_source() -> None:
    """Until it is forwarded or dropped, in that order and to the byte."""
    source_fd, in_fd = os.pipe()
    out_fd, sink_fd = os.pipe()
    transfer = MovingTransfer(source_fd, sink_fd=sink_fd)
    os.write(in_fd, b"abcdef")
    assert transfer.peek() == b"abcdef"
    assert transfer.peek() == b"abcdef"
    assert transfer.forward(b"ab") == 2
    transfer.drop(3)
    assert transfer.peek() == b"f"
    assert transfer.unread_bytes() == 1
    assert os.read(out_fd, 100) == b"ab"
    os.close(in_fd)
    transfer.forward(b"f")
    assert (transfer.peek(), transfer.ended) == (b"", True)
    transfer.close()
    for fd in (source_fd, out_fd, sink_fd):
        os.close(fd)


def test_a_sink_takes_as_many_small_writes_as_if_written_to() -> None:
    """Moved pages do not merge; room is made when the command has ended."""
    source_fd, in_fd = os.pipe()
    out_fd, sink_fd = os.pipe()
    transfer = MovingTransfer(source_fd, sink_fd=sink_fd)
    taken = 0
    for _ in range(64):
        os.write(in_fd, b"x")
        taken += transfer.forward(transfer.peek())
    assert taken < 64
    transfer.make_room()
    while data := transfer.peek():
        taken += transfer.forward(data)
    assert taken == 64
    assert os.read(out_fd, 100) == b"x" * 64
    transfer.close()
    for fd in (source_fd, in_fd, out_fd, sink_fd):
        os.close(fd)


def test_each_kind_of_sink_gets_its_transfer(tmp_path: Path) -> None:
    """Pipes are moved into, files staged, terminals and everything else copied to."""
    source_fd, in_fd = os.pipe()
    out_fd, pipe_fd = os.pipe()
    master_fd, slave_fd = os.openpty()
    file_fd = os.open(tmp_path / "file", os.O_WRONLY | os.O_CREAT)
    null_fd = os.open(os.devnull, os.O_WRONLY)
    kinds: list[tuple[int, type[Transfer]]] = [
        (pipe_fd, MovingTransfer),
        (file_fd, FileTransfer),
        (slave_fd, CopyingTransfer),
        (null_fd, CopyingTransfer),
    ]
    for sink_fd, kind in kinds:
        transfer = open_transfer(Channel(1, "pipe", source_fd, sink_fd, -1, (), ""))
        assert type(transfer) is kind
        transfer.close()
    for fd in (source_fd, in_fd, out_fd, pipe_fd, master_fd, slave_fd, file_fd, null_fd):
        os.close(fd)
