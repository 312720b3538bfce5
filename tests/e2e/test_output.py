"""Output passes as if we were not there: every byte, at once, and it ends where it would."""

from __future__ import annotations

import hashlib
import os
import random
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, wait_for
from tests.e2e.unnoticed import run_unnoticed

QUICK = ("--no-report", "--no-wait")
PYTHON = (sys.executable, "-S", "-c")
KILLED_BY_PIPE = 128 + signal.SIGPIPE

# random bytes with lone escapes and with what looks like a mark but has another run's nonce, or
# none
WILD = """
import os, random, sys
chance = random.Random(int(sys.argv[1]))
near = [b"\\x1b", b"\\x1b_", b"\\x1b_chaos:", b"\\x1b\\\\"]
near += [b"\\x1b_chaos:0:0123456789abcdef\\x1b\\\\"]
nonce = os.environ.get("CHAOS_OTEL_MARKS", "none").partition(":")[0].encode()
if len(sys.argv) > 2:
    near += [b"\\x1b_chaos:" + nonce[:9], b"\\x1b_chaos:" + nonce + b":0123456789abcdeg\\x1b\\\\"]
for n in range(300):
    data = chance.randbytes(chance.choice([0, 1, 7, 300, 5000])) + chance.choice(near)
    for fd in (1, 2):
        view = memoryview(data)
        while view:
            view = view[os.write(fd, view):]
"""


def _run(chaos: Installed) -> str:
    """The beginning of a shell command that wraps what follows."""
    return f"{chaos.command} run -q --no-report --no-wait --"


@pytest.mark.parametrize("capture", ["auto", "pipe", "pty", "none"])
def test_binary_output_is_exact(chaos: Installed, capture: str) -> None:
    """On both outputs, kept apart, in every way of capturing."""
    words = (*PYTHON, WILD, "7")
    bare = chaos.bare(*words)
    ours = chaos.call("run", "-q", *QUICK, f"--capture={capture}", "--", *words)
    assert ours.stdout == bare.stdout
    assert ours.stderr == bare.stderr


@pytest.mark.parametrize("capture", ["auto", "pty"])
def test_beginnings_of_our_own_marks_are_output(chaos: Installed, capture: str) -> None:
    """With this run's nonce but cut or with a digit that is none: nobody's mark, so passed on."""
    nonce = 'echo "$CHAOS_OTEL_MARKS" | cut -d: -f1'
    show = (
        f"n=$({nonce}); printf '\\033_chaos:%s:0123456789abcdeX\\033\\\\' $n; sleep 0.3; "
        "printf '\\033_chaos:%s:0123' $n"
    )
    ours = chaos.call("run", "-q", *QUICK, f"--capture={capture}", "--", "sh", "-c", show)
    first, second = ours.stdout[:43], ours.stdout[43:]
    assert first.startswith(b"\x1b_chaos:") and first.endswith(b":0123456789abcdeX\x1b\\")
    assert second == first[:29]


def test_output_arrives_before_the_program_goes_on(chaos: Installed) -> None:
    """A byte, a lone escape, the beginning of a mark: what a program prints and then waits is
    seen.
    """
    script = 'while read -r line; do printf "$line"; done'
    with chaos.start("run", "-q", *QUICK, "--", "sh", "-c", script, stdin=subprocess.PIPE) as run:
        assert run.stdin is not None and run.stdout is not None
        for text in (b"x", b"\x1b", b"\x1b_", b"\x1b_chaos:", b"no newline"):
            run.stdin.write(text.replace(b"\x1b", b"\\033") + b"\n")
            run.stdin.flush()
            assert os.read(run.stdout.fileno(), 100) == text


def test_one_open_file_keeps_its_order(chaos: Installed) -> None:
    """`2>&1` into a pipe and into a file: the lines of both in the order they were written in."""
    script = "for n in $(seq 500); do echo out $n; echo err $n >&2; done"
    expected = b"".join(b"out %d\nerr %d\n" % (n, n) for n in range(1, 501))
    piped = chaos.run("sh", "-c", script, stderr=subprocess.STDOUT)
    assert piped.stdout.startswith(expected)
    for operator in (">", ">>"):
        redirected = f'"$@" {operator}both 2>&1'
        chaos.bare(
            "sh",
            "-c",
            redirected,
            "sh",
            chaos.command,
            "run",
            "-q",
            *QUICK,
            "--",
            "sh",
            "-c",
            script,
        )
        assert (chaos.cwd / "both").read_bytes() == expected
        (chaos.cwd / "both").unlink()


def test_two_open_files_of_one_name_write_over_each_other(chaos: Installed) -> None:
    """`>f 2>f` loses output without us, so it does with us."""
    both = chaos.cwd / "both"
    words = ("sh", "-c", "echo 1234567890; sleep 0.2; echo abc >&2")
    chaos.bare("sh", "-c", '"$@" >both 2>both', "sh", *words)
    bare = both.read_bytes()
    chaos.bare(
        "sh", "-c", '"$@" >both 2>both', "sh", chaos.command, "run", "-q", *QUICK, "--", *words
    )
    assert both.read_bytes() == bare == b"abc\n567890\n"


def test_a_file_is_gone_on_with_where_it_was(chaos: Installed) -> None:
    """What a script wrote before us and writes behind us into the same open file stays whole."""
    wrapped = f"{_run(chaos)} echo wrapped"
    (chaos.cwd / "log").write_text("x" * 100)
    chaos.bare("sh", "-c", f"{{ echo before; {wrapped}; echo behind; }} 1<>log")
    assert (chaos.cwd / "log").read_bytes().startswith(b"before\nwrapped\nbehind\nxxx")


@pytest.mark.parametrize("size_mib", [64])
def test_standard_input_is_untouched(chaos: Installed, size_mib: int) -> None:
    """A large pipe arrives whole, and the command gets the very same open file."""
    words = (
        *PYTHON,
        "import hashlib, sys; print(hashlib.file_digest(sys.stdin.buffer, 'md5').hexdigest())",
    )
    give = f"head -c {size_mib}M /dev/urandom | tee copy | "
    for run in (_run(chaos), ""):
        done = chaos.bare("sh", "-c", f'{give} {run} "$@"', "sh", *words)
        assert done.stdout.split() == [_digest(chaos.cwd / "copy")]


@pytest.mark.slow
def test_standard_input_of_a_gigabyte(chaos: Installed) -> None:
    """Larger than anything that would fit into a buffer on the way."""
    test_standard_input_is_untouched(chaos, 1024)


def _digest(path: Path) -> bytes:
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "md5").hexdigest().encode()


def test_what_is_left_of_standard_input_is_left(chaos: Installed) -> None:
    """We do not read ahead of the command."""
    script = f"{_run(chaos)} head -c 4; cat"
    done = chaos.bare("sh", "-c", script, stdin=_pipe_with(b"abcdefgh"))
    assert done.stdout == b"abcdefgh"


def _pipe_with(data: bytes) -> int:
    read_fd, write_fd = os.pipe()
    os.write(write_fd, data)
    os.close(write_fd)
    return read_fd


def test_yes_into_head(chaos: Installed) -> None:
    """An endless writer in front of us ends as it should."""
    script = f'yes | {_run(chaos)} head -n 2; echo "${{PIPESTATUS[@]}}"'
    assert chaos.bare("bash", "-c", script).stdout == f"y\ny\n{KILLED_BY_PIPE} 0\n".encode()


def test_a_reader_that_goes_away_ends_the_command(chaos: Installed) -> None:
    """`yes | head -1`: it dies by SIGPIPE, and so do we."""
    script = f'{_run(chaos)} yes | head -n 1; echo "${{PIPESTATUS[@]}}"'
    assert chaos.bare("bash", "-c", script).stdout == f"y\n{KILLED_BY_PIPE} 0\n".encode()


def test_a_reader_that_goes_away_is_noticed_while_the_command_is_silent(chaos: Installed) -> None:
    """The first write behind it fails at once, as it would without us."""
    script = "trap '' PIPE; read -r go; sleep 0.5; echo lost || exit 33; exit 44"
    with chaos.start("run", "-q", *QUICK, "--", "sh", "-c", script, stdin=subprocess.PIPE) as run:
        assert run.stdin is not None and run.stdout is not None
        run.stdout.close()
        run.stdin.write(b"go\n")
        run.stdin.close()
        assert run.wait(timeout=60) == 33


@pytest.mark.parametrize("target", ["/dev/null", "/dev/full", "/dev/zero"])
def test_devices_are_the_commands_own(chaos: Installed, target: str) -> None:
    """It sees the device, and the error that the device gives."""
    command = (
        "sh",
        "-c",
        'exec 3>&1; readlink /proc/self/fd/3 >&2; echo out; echo "status $?" >&2',
    )
    with open(target, "wb") as device:
        bare = chaos.bare(*command, stdout=device)
        ours = chaos.call("run", "-q", *QUICK, "--", *command, stdout=device)
    assert (ours.returncode, ours.stderr) == (bare.returncode, bare.stderr)


def test_a_socket_as_output(chaos: Installed) -> None:
    """Some callers give sockets where others give pipes."""
    near, far = socket.socketpair()
    with near, far:
        run = chaos.start(
            "run", "-q", *QUICK, "--", *PYTHON, WILD, "5", stdout=far, stderr=subprocess.DEVNULL
        )
        far.close()
        received = b"".join(iter(lambda: near.recv(1 << 16), b""))
        run.communicate(timeout=60)
    assert received == chaos.bare(*PYTHON, WILD, "5").stdout


def test_a_slow_reader_gets_everything(chaos: Installed) -> None:
    """Back-pressure reaches the command; nothing is dropped and nothing kept in us."""
    words = (*PYTHON, "import os\nfor n in range(40000): os.write(1, b'%06d\\n' % n)")
    with chaos.start("run", "-q", *QUICK, "--", *words) as run:
        assert run.stdout is not None
        time.sleep(0.5)
        data = b""
        while chunk := os.read(run.stdout.fileno(), 10_000):
            data += chunk
            time.sleep(0.002)
    assert data == b"".join(b"%06d\n" % n for n in range(40000))


def test_a_caller_that_reads_only_when_we_are_gone(chaos: Installed) -> None:
    """What a pipe would have held of many small writes, it holds with us too: no deadlock."""
    words = (*PYTHON, "import os, time\nfor n in range(3000): os.write(1, b'x'); time.sleep(1e-5)")
    with chaos.start("run", "-q", *QUICK, "--", *words) as run:
        assert run.wait(timeout=60) == 0
        assert run.stdout is not None and run.stdout.read() == b"x" * 3000


def test_a_daemon_left_behind_does_not_hold_us_and_goes_on_writing(chaos: Installed) -> None:
    """We leave; whoever reads still gets what it writes later, and then the end."""
    daemon = "(sleep 3; echo late; echo late too >&2) & echo early"
    begun = time.monotonic()
    with chaos.start("run", "-q", "--no-report", "--", "sh", "-c", daemon) as run:
        assert run.wait(timeout=60) == 0
        left_s = time.monotonic() - begun
        assert run.stdout is not None and run.stderr is not None
        assert run.stdout.read() == b"early\nlate\n"
        assert run.stderr.read() == b"late too\n"
        whole_s = time.monotonic() - begun
    assert left_s < whole_s


def test_a_daemon_that_closes_its_outputs_is_not_waited_for(chaos: Installed) -> None:
    """And what it does afterwards is its own business."""
    daemon = "(exec >&- 2>&-; sleep 1; echo done >later) & echo early"
    assert run_unnoticed(chaos, options=QUICK, command=("sh", "-c", daemon)) == ""
    wait_for(lambda: (chaos.cwd / "later").exists())


def test_isatty_is_as_without_us(chaos: Installed) -> None:
    """Here nothing is a terminal; `test_terminal.py` has the others."""
    command = ("sh", "-c", "for n in 0 1 2; do test -t $n; echo $?; done")
    assert run_unnoticed(chaos, options=QUICK, command=command) == ""


@pytest.mark.parametrize("split", [False, True])
def test_split_stores_one_open_file_as_two_streams(chaos: Installed, split: bool) -> None:
    """Stored apart with `--split`, together as stdout without; passed on all the same."""
    words = ["--split"] if split else []
    command = ("sh", "-c", "echo out; sleep 0.2; echo err >&2")
    ours = chaos.call("run", "-q", *words, "--", *command, stderr=subprocess.STDOUT)
    assert ours.stdout == b"out\nerr\n"
    (entry,) = chaos.history()
    stored = (entry["stdout"], entry["stderr"])
    assert stored == (("out\n", "err\n") if split else ("out\nerr\n", ""))


def test_a_random_mix_of_writers(chaos: Installed) -> None:
    """Many programs in parallel, each line whole: writes of a pipe's atomic size are never torn."""
    chance = random.Random(11)
    lines = [bytes([65 + n]) * chance.randrange(1, 4000) for n in range(26)]
    writer = "import os, sys\nfor n in range(50): os.write(1, sys.argv[1].encode() + b'\\n')"
    parts = [f'{sys.executable} -S -c "$0" {line.decode()} &' for line in lines]
    ours = chaos.run("sh", "-c", " ".join(parts) + " wait", writer)
    printed = ours.stdout.splitlines()
    assert sorted(printed) == sorted(lines * 50)
