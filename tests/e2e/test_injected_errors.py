"""Any call of ours may fail: the command does not notice, and no report is left half-written."""

from __future__ import annotations

import errno
import fcntl
import os
import re
import shutil
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, wait_for
from tests.e2e.unnoticed import line_of_ours, need

import chaos_otel.emit

FAULTY = Path(__file__).with_name("faulty")
MORE_THAN_ANY_RUN_CALLS = 2_000
OLD = "the report of an earlier run"
LIBRARY = Path(chaos_otel.emit.__file__).with_name("utils.sh")
SCRIPT = f"""#!/bin/sh
. {LIBRARY}
telemetry_step one -- sh -c 'echo out 1; echo err 1 >&2'
sleep 0.1
telemetry_step two -- echo out 2
exit 7
"""
# without anything that a shell would make a pipe or a process for
PLAIN = "#!/bin/sh\necho out 1; echo err 1 >&2; echo out 2; exit 7"
PRINTS = (b"out 1\nout 2\n", b"err 1\n")


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    made = Installed(tmp_path)
    made.script(SCRIPT)
    made.runtime.joinpath("chaos-otel").mkdir(mode=0o700)
    return made


def _run(installed: Installed, *around: str, **environment: str) -> str:
    """Run the script in trouble, with an old report there; the line that was told."""
    report = installed.cwd / "chaos_report.json"
    report.write_text(OLD)
    done = installed.bare(
        *around, installed.command, "run", "-q", "--", "./deploy.sh",
        env=installed.env | environment, timeout=60,
    )  # fmt: skip
    out, err = PRINTS
    assert (done.returncode, done.stdout) == (7, out), done.stderr
    said = line_of_ours(done, err)
    wait_for(lambda: all(_is_free(folder) for folder in installed.state.glob("runs/*")))
    _assert_old_or_whole(installed, report)
    return said


def _assert_old_or_whole(installed: Installed, report: Path) -> None:
    if report.read_text() != OLD:
        document = installed.report()
        assert list(document) == ["summary", "hosts"]
        assert document["summary"]["status"] == "failure"


def _is_free(folder: Path) -> bool:
    try:
        with open(folder / "lock") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except FileNotFoundError:
        return True
    return True


def _fail(installed: Installed, role: str, number: int, code: int) -> tuple[str, str]:
    """What was told, and which call it was that failed ("" for none)."""
    note = installed.home / "failed"
    note.unlink(missing_ok=True)
    shutil.rmtree(installed.state, ignore_errors=True)  # or there would be more to do each time
    said = _run(
        installed,
        PYTHONPATH=os.pathsep.join(filter(None, (str(FAULTY), installed.env.get("PYTHONPATH")))),
        CHAOS_TEST_FAIL=f"{role}:{number}:{code}",
        CHAOS_TEST_FAILED=str(note),
    )
    return said, note.read_text(errors="replace") if note.exists() else ""


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
@pytest.mark.parametrize("role", ["capture", "deliver"])
def test_any_call_of_ours_may_fail(installed: Installed, role: str, part: int) -> None:
    """EIO, ENOSPC and EMFILE in turn, at every fourth call of a run; four tests make it every
    one."""
    codes = (errno.EIO, errno.ENOSPC, errno.EMFILE)
    reached = 0
    for number in range(1 + part, MORE_THAN_ANY_RUN_CALLS, 4):
        _, failed = _fail(installed, role, number, codes[number % len(codes)])
        if not failed:
            break
        reached += 1
    assert reached > 5


# what neither a shell nor the start of an interpreter calls, with how often it is worth trying
CALLS = {
    "mkdir": 4,
    "fsync": 3,
    "renameat": 1,
    "flock": 5,
    "fchmod": 2,
    "pipe2": 8,
    "statfs": 1,
    "fallocate": 1,
    "pwrite64": 1,
    "pidfd_open": 2,
    "unlink": 3,
    "clone3": 2,
}


@pytest.mark.slow
@pytest.mark.parametrize("call", CALLS)
def test_any_system_call_of_ours_may_fail(installed: Installed, call: str) -> None:
    """EIO from the kernel's side, in every process and thread of ours at the same call."""
    if not shutil.which("strace"):
        need("strace")
    installed.script(PLAIN)
    for number in range(1, CALLS[call] + 1):
        _run(installed, *_strace(call, number))


def _strace(call: str, number: int) -> tuple[str, ...]:
    inject = f"inject={call}:error=EIO:when={number}"
    trace = f"trace={call}"
    return ("strace", "-f", "--seccomp-bpf", "-qq", "-o", "/dev/null", "-e", trace, "-e", inject)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20, 420, 25))
def test_any_file_may_refuse_to_be_opened(installed: Installed, number: int) -> None:
    """EIO from `openat` in each process of ours, once the interpreter stands: what cannot be loaded
    is done without. The command opens fewer files than that."""
    if not shutil.which("strace"):
        need("strace")
    installed.script(PLAIN)
    first = _opens_before_our_own(installed)
    _run(installed, *_strace("openat", first + number))


def _opens_before_our_own(installed: Installed) -> int:
    """After how many calls of `openat` the command line has been read: 125 is right before it."""
    trace = installed.home / "trace"
    words = ("strace", "-qq", "-o", str(trace), "-e", "trace=openat")
    installed.bare(*words, installed.command, "run", "-q", "--no-report", "--", "true")
    opened = re.findall(r'^openat\([^"]*"([^"]*)"', trace.read_text(), re.MULTILINE)
    return next(n for n, path in enumerate(opened) if path == "/proc/self/cmdline")
