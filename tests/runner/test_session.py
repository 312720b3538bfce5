"""A command in a terminal session, run by the runner alone below a real pseudo-terminal."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pexpect
import pytest

DRIVER = str(Path(__file__).with_name("driver.py"))
PATIENCE_S = 60.0
EVERY_BYTE = bytes(range(256))
# programs for the command's side: standard library only, binary, unbuffered
RAW = "import os, sys, tty; tty.setraw(0); os.write(1, b'up\\r\\n');"


@contextmanager
def session(*command: str, before: str = "exec") -> Iterator[pexpect.spawn[Any]]:
    """The command below the driver below a terminal; `before`: shell words in front of it."""
    words = [sys.executable, DRIVER, "--", *command]
    child = pexpect.spawn(
        "/bin/sh",
        ["-c", f'{before} "$@"', "sh", *words],
        timeout=PATIENCE_S,
        echo=True,
        dimensions=(30, 100),
    )
    try:
        yield child
    finally:
        child.close(force=True)


def output(child: pexpect.spawn[Any]) -> bytes:
    """What comes until the end."""
    child.expect(pexpect.EOF)
    assert isinstance(child.before, bytes)
    return child.before


def number(child: pexpect.spawn[Any]) -> int:
    """The number on the next line."""
    child.expect(rb"(\d+)\r\n")
    assert isinstance(child.after, bytes)
    return int(child.after)


def status(child: pexpect.spawn[Any]) -> int:
    """The exit status, or minus the signal, when all of the output is there."""
    child.expect(pexpect.EOF)
    child.wait()
    if child.signalstatus is not None:
        return -int(child.signalstatus)
    assert child.exitstatus is not None
    return int(child.exitstatus)


def test_every_byte_comes_through_both_ways() -> None:
    """A command that has made its terminal raw gets, and gives, what it would without us."""
    program = RAW + "data = b''\nwhile len(data) < 256: data += os.read(0, 999)\nos.write(1, data)"
    with session(sys.executable, "-c", program) as child:
        child.expect(b"up\r\n")
        child.send(EVERY_BYTE)
        assert output(child) == EVERY_BYTE


def test_a_reader_that_does_not_read_loses_nothing() -> None:
    """More than all buffers on the way hold waits at the real terminal until the command reads."""
    text = b"0123456789abcde\n" * 16384
    program = RAW + (
        "import hashlib, time; time.sleep(1); left = 16384 * 16; digest = hashlib.sha256()\n"
        "while left: data = os.read(0, 4096); digest.update(data); left -= len(data)\n"
        "print(digest.hexdigest())"
    )
    with session(sys.executable, "-c", program) as child:
        child.expect(b"up\r\n")
        child.send(text)
        child.expect_exact(hashlib.sha256(text).hexdigest())
        assert status(child) == 0


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["sh", "-c", "exit 7"], 7),
        (["sh", "-c", "kill -9 $$"], -signal.SIGKILL),
        (["./missing"], 127),
        (["/"], 126),
    ],
)
def test_the_end_is_passed_on(command: list[str], expected: int) -> None:
    """The status, the signal, and why it could not start."""
    with session(*command) as child:
        assert status(child) == expected


def test_a_command_that_ends_at_once_is_never_lost() -> None:
    """It may be gone before we have looked at it once."""
    loop = f"for n in $(seq 30); do {sys.executable} {DRIVER} -- sh -c 'exit 3'; echo =$?; done"
    child = pexpect.spawn("/bin/sh", ["-c", loop], timeout=PATIENCE_S)
    assert output(child) == b"=3\r\n" * 30
    child.close()


def test_modes_and_size_are_those_of_the_real_terminal() -> None:
    """What somebody set before is found inside."""
    with session("stty", "-a", before="stty intr ^X -ixon; exec") as child:
        shown = output(child).decode()
    assert "rows 30; columns 100;" in shown
    assert "intr = ^X;" in shown
    assert " -ixon " in shown


def test_ignored_and_blocked_signals_are_inherited() -> None:
    """Those of our caller, neither the monitor's nor ours; CHLD too, which would reap for us."""
    masks = ["grep", "-E", "Sig(Blk|Ign)", "/proc/self/status"]
    before = "exec env --default-signal=PIPE,XFSZ --ignore-signal=USR1,CHLD --block-signal=USR2"
    with session(*masks, before=before) as child:
        wrapped = output(child)
    bare = output(pexpect.spawn("/bin/sh", ["-c", f'{before} "$@"', "sh", *masks]))
    assert wrapped == bare
    blocked, ignored = (int(mask, 16) for mask in re.findall(rb"Sig...:\t([0-9a-f]+)", bare))
    assert blocked == 0x800
    assert ignored & 0x10200 == 0x10200


def test_a_signal_reaches_the_command_alone_or_its_group() -> None:
    """As it was sent to us; each counts once."""
    script = (
        "import os, signal, sys, time; n = [0];"
        "signal.signal(signal.SIGUSR1, lambda *_: n.__setitem__(0, n[0] + 1));"
        "signal.signal(signal.SIGTERM, lambda *_: (print(name, n[0], flush=True), os._exit(0)));"
        "name = 'child' if os.fork() == 0 else 'parent';"
        "name == 'parent' and (time.sleep(0.5), print('up', flush=True));\n"
        "while True: time.sleep(0.1)"
    )
    with session(sys.executable, "-c", script) as child:
        child.expect(b"up\r\n")
        assert child.pid is not None
        os.kill(child.pid, signal.SIGUSR1)
        time.sleep(0.3)
        os.killpg(os.getpgid(child.pid), signal.SIGUSR1)
        time.sleep(0.3)
        os.killpg(os.getpgid(child.pid), signal.SIGTERM)
        assert sorted(output(child).split(b"\r\n")) == [b"", b"child 1", b"parent 2"]


def test_the_real_terminal_is_raw_only_while_the_command_is_there() -> None:
    """Cooked before, raw meanwhile, cooked when the wrapper has gone."""
    with session("sh", "-c", "echo up; read x") as child:
        cooked = termios.tcgetattr(child.child_fd)
        child.expect(b"up\r\n")
        assert termios.tcgetattr(child.child_fd)[3] & termios.ICANON == 0
        child.sendline("x")
        assert status(child) == 0
        assert cooked[3] & termios.ICANON


def test_what_stays_behind_does_not_hold_us_long() -> None:
    """A background process in the session, its terminal open: the wrapper leaves all the same."""
    with session("sh", "-c", "sleep 1000 & echo $!; exit 4") as child:
        left = number(child)
        assert status(child) == 4
    os.kill(left, signal.SIGKILL)


def test_without_its_monitor_the_command_is_waited_for() -> None:
    """Somebody killed what stands between: we end when the command does, and say so with 125."""
    with session("sh", "-c", "trap '' HUP; echo $PPID; sleep 1; echo end") as child:
        os.kill(number(child), signal.SIGKILL)
        child.expect(b"end\r\n")
        assert status(child) == 125
