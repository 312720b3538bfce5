"""The modes and the size of a terminal, on a pseudo-terminal of the test's own."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import termios
import tty
from collections.abc import Iterator

import pytest

from chaos_otel.runner import terminal


@pytest.fixture
def ends() -> Iterator[tuple[int, int]]:
    """A master and its slave; either may be closed by the test."""
    fds = os.openpty()
    yield fds
    for fd in fds:
        with contextlib.suppress(OSError):
            os.close(fd)


def test_modes_survive_text_and_back(ends: tuple[int, int]) -> None:
    """What `save` gave passes through JSON and sets everything again, in cooked and in raw mode."""
    _, slave = ends
    for _ in range(2):
        saved = terminal.save(slave)
        modes = termios.tcgetattr(slave)
        text = json.loads(json.dumps(saved.decode("ascii")))
        changed = termios.tcgetattr(slave)
        changed[3] ^= termios.ECHO | termios.ICANON
        changed[6][termios.VINTR] = b"x"
        termios.tcsetattr(slave, termios.TCSANOW, changed)
        terminal.set_modes(slave, text.encode("ascii"))
        assert termios.tcgetattr(slave) == modes
        tty.setraw(slave)


def test_raw_passes_every_byte_both_ways(ends: tuple[int, int]) -> None:
    """No byte is a key, none is changed, none is echoed."""
    master, slave = ends
    modes = termios.tcgetattr(slave)
    modes[0] |= termios.ISTRIP | termios.PARMRK | termios.INLCR
    termios.tcsetattr(slave, termios.TCSANOW, modes)
    terminal.make_raw(slave, terminal.save(slave))
    every = bytes(range(256))
    os.write(master, every)
    assert os.read(slave, 1000) == every
    os.write(slave, every)
    assert os.read(master, 1000) == every


def test_input_that_waits_is_kept(ends: tuple[int, int]) -> None:
    """Type-ahead outlives the change to raw and back."""
    master, slave = ends
    saved = terminal.save(slave)
    os.write(master, b"typed\n")
    terminal.make_raw(slave, saved)
    assert terminal.restore(slave, saved)
    assert os.read(slave, 100) == b"typed\n"


def test_restore_leaves_a_terminal_alone_that_is_not_raw(ends: tuple[int, int]) -> None:
    """The shell may have it already, and edit a line."""
    _, slave = ends
    saved = terminal.save(slave)
    terminal.make_raw(slave, saved)
    assert terminal.is_raw(slave)
    changed = termios.tcgetattr(slave)
    changed[1] |= termios.OPOST
    termios.tcsetattr(slave, termios.TCSANOW, changed)
    assert not terminal.is_raw(slave)
    assert not terminal.restore(slave, saved)
    assert termios.tcgetattr(slave) == changed


def test_restore_works_from_another_session(ends: tuple[int, int]) -> None:
    """`deliver` has no controlling terminal and restores ours all the same."""
    _, slave = ends
    saved = terminal.save(slave)
    terminal.make_raw(slave, saved)
    program = (
        "import sys; from chaos_otel.runner.terminal import restore;"
        "sys.exit(not restore(int(sys.argv[1]), sys.argv[2].encode()))"
    )
    subprocess.run(
        [sys.executable, "-c", program, str(slave), saved.decode()],
        check=True,
        pass_fds=[slave],
        start_new_session=True,
    )
    assert terminal.save(slave) == saved


def test_a_size_is_carried_over_with_its_pixels(ends: tuple[int, int]) -> None:
    """Rows, columns, and the pixels that image viewers ask for."""
    master, slave = ends
    size = b"".join(n.to_bytes(2, sys.byteorder) for n in (31, 97, 970, 620))
    terminal.resize(master, size)
    assert terminal.size(slave) == size
    assert os.get_terminal_size(slave) == (97, 31)


def test_another_terminal_is_not_the_same_and_not_ours(ends: tuple[int, int]) -> None:
    """By the device, not by the descriptor; the foreground is that of the controlling terminal."""
    _, slave = ends
    again = os.open(os.ttyname(slave), os.O_RDWR | os.O_NOCTTY)
    other_master, other = os.openpty()
    try:
        assert terminal.is_same(slave, again)
        assert not terminal.is_same(slave, other)
        assert not terminal.in_foreground(slave)
        with open(os.devnull) as null:
            assert not terminal.is_same(null.fileno(), slave)
            assert not terminal.in_foreground(null.fileno())
    finally:
        for fd in (again, other_master, other):
            os.close(fd)


def test_a_terminal_without_its_window_is_hung_up(ends: tuple[int, int]) -> None:
    """Then nothing can be set any more either, which is an OSError like others."""
    master, slave = ends
    saved = terminal.save(slave)
    assert not terminal.is_hung_up(slave)
    os.close(master)
    assert terminal.is_hung_up(slave)
    assert not terminal.restore(slave, saved)
    with pytest.raises(OSError, match="Input/output"):
        terminal.set_modes(slave, saved)


def test_readable_sees_what_was_just_written(ends: tuple[int, int]) -> None:
    """The kernel hands bytes over in the background; asking waits for that."""
    master, slave = ends
    terminal.make_raw(slave, terminal.save(slave))
    for _ in range(1000):
        assert not terminal.is_readable(master)
        os.write(slave, b"x")
        assert terminal.is_readable(master)
        os.read(master, 1)
