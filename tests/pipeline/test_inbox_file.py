"""The reader's side of an inbox."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaos_otel.pipeline.inbox_file import GIVE_BACK_BYTES, InboxFile

WRITERS, LINES = 4, 20_000
WRITER = """
import os, sys
fd = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
for number in range(int(sys.argv[3])):
    os.write(fd, b"%s %d %s\\n" % (sys.argv[2].encode(), number, b"x" * 100))
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """An empty inbox."""
    path = tmp_path / "one.inbox"
    path.touch(0o600)
    return path


def test_no_line_is_lost_while_the_space_behind_the_reader_is_freed(path: Path) -> None:
    """Several writers append while holes are made in front of them; the file keeps its size."""
    inbox = InboxFile(str(path))
    words = [sys.executable, "-S", "-c", WRITER, str(path)]
    writers = [subprocess.Popen([*words, str(one), str(LINES)]) for one in range(WRITERS)]
    read = bytearray()
    while True:
        over = all(writer.poll() is not None for writer in writers)
        data = inbox.read()
        read += data
        inbox.give_back(inbox.offset)
        if over and not data:
            break
    lines = read.decode().splitlines()
    for writer in range(WRITERS):
        numbers = [int(line.split()[1]) for line in lines if line.startswith(f"{writer} ")]
        assert numbers == list(range(LINES))
    status = path.stat()
    assert status.st_size == len(read) > 4 * GIVE_BACK_BYTES
    assert status.st_blocks * 512 < 2 * GIVE_BACK_BYTES
    inbox.close()


def test_what_is_given_back_is_never_more_than_was_asked(path: Path) -> None:
    """The bytes from the offset on stay."""
    path.write_bytes(b"a" * (GIVE_BACK_BYTES + 1000))
    inbox = InboxFile(str(path))
    inbox.give_back(GIVE_BACK_BYTES - 1)
    assert path.read_bytes() == b"a" * (GIVE_BACK_BYTES + 1000)
    inbox.give_back(GIVE_BACK_BYTES + 500)
    assert path.read_bytes() == b"\0" * GIVE_BACK_BYTES + b"a" * 1000
    inbox.close()


def test_there_is_one_reader_at_a_time(path: Path) -> None:
    """A second one is refused until the first has closed."""
    first = InboxFile(str(path))
    with pytest.raises(BlockingIOError):
        InboxFile(str(path))
    first.close()
    InboxFile(str(path)).close()


def test_a_successor_goes_on_at_an_offset(path: Path) -> None:
    """It reads what follows, and frees nothing twice."""
    path.write_bytes(b"before after")
    inbox = InboxFile(str(path), offset=7)
    assert inbox.read() == b"after"
    assert inbox.offset == 12
    assert inbox.read() == b""
    inbox.close()


def test_a_link_and_a_foreign_file_are_refused(path: Path) -> None:
    """Neither is followed or read."""
    link = path.with_name("link.inbox")
    link.symlink_to(path)
    with pytest.raises(OSError):
        InboxFile(str(link))
    if os.geteuid() == 0:
        os.chown(path, 12_345, 12_345)
        with pytest.raises(PermissionError):
            InboxFile(str(path))
