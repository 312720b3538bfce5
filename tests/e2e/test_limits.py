"""Limits that somebody has set on the process: the command runs as it would without us."""

from __future__ import annotations

import os
import resource
import subprocess
from pathlib import Path

import pytest
from tests.e2e.installed import Installed
from tests.e2e.steps import step
from tests.e2e.unnoticed import as_user, give_to, run_unnoticed


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def _limit(words: str) -> tuple[str, ...]:
    return ("sh", "-c", f'ulimit {words} && exec "$@"', "sh")


def _first_that_starts_python(installed: Installed, option: str, candidates: list[int]) -> int:
    """Below it no Python program starts at all, so neither do we."""
    for number in candidates:
        words = [*_limit(f"{option} {number}"), installed.command, "run", "--help"]
        if not installed.bare(*words, timeout=60).returncode:
            return number
    raise AssertionError(f"no limit of {candidates} is enough")


def test_any_limit_on_open_files(installed: Installed) -> None:
    """EMFILE wherever it may come: whether recorded or not, the command is what it would be."""
    # above the first descriptors it is dash that cannot put its own aside: "printf" needs none
    command = ("python3", "-S", "-c", "import os; os.write(1, b'out\\n'); os._exit(7)")
    first = _first_that_starts_python(installed, "-n", list(range(4, 30)))
    recorded = []
    for number in [*range(first, 32), 40, 64]:
        said = run_unnoticed(installed, around=_limit(f"-n {number}"), command=command)
        recorded.append(not said)
        assert said or installed.report()["summary"]["total_operations"] == 1
        (installed.cwd / "chaos_report.json").unlink(missing_ok=True)
    assert not recorded[0] and recorded[-1]


def test_a_descriptor_above_the_limit_is_no_obstacle(installed: Installed) -> None:
    """One that is older than the limit reaches the command, and costs no record."""
    read_fd, write_fd = os.pipe()
    high_fd = 200
    os.dup2(write_fd, high_fd)
    try:
        around = _limit("-n 100")
        command = ("python3", "-S", "-c", f"import os; os.write({high_fd}, b'x')")
        said = run_unnoticed(installed, around=around, command=command, pass_fds=[high_fd])
        assert said == ""
        os.close(write_fd)
    finally:
        os.close(high_fd)
    # nobody of ours holds it open: it ends with the command
    assert os.read(read_fd, 100) == b"xx"
    assert os.read(read_fd, 100) == b""
    os.close(read_fd)


@pytest.mark.parametrize("blocks", [0, 1, 2, 8, 64])
def test_any_limit_on_file_sizes(installed: Installed, blocks: int) -> None:
    """No SIGXFSZ for anything that we write or have written; one line tells what is missing."""
    emitter = '[ -n "$CHAOS_OTEL_INBOX" ] && { ' + step(1, "echo one") + "; }; echo done; exit 3"
    command = ("sh", "-c", emitter.replace("\n", "; "))
    assert run_unnoticed(installed, around=_limit(f"-f {blocks}"), command=command)


def test_a_limit_on_file_sizes_still_kills_the_command(installed: Installed) -> None:
    """The limit is the command's: it dies by SIGXFSZ as it would."""
    command = ("sh", "-c", "exec dd if=/dev/zero of=big bs=1024 count=64")
    assert "file sizes" in run_unnoticed(installed, around=_limit("-f 8"), command=command)


def test_a_soft_limit_on_file_sizes_cuts_nothing_of_ours(installed: Installed) -> None:
    """It is the command's; journal and report may be longer."""
    program = "print('x' * 9_000)"
    around = _limit("-S -f 16")
    said = run_unnoticed(installed, around=around, command=("python3", "-S", "-c", program))
    assert "not whole" not in said
    assert installed.history()[0]["stdout"] == "x" * 9_000 + "\n"


def test_an_old_report_survives_a_limit_that_the_new_one_breaks(installed: Installed) -> None:
    """Never half of the new one in its place."""
    old = installed.cwd / "chaos_report.json"
    old.write_text("old")
    program = "print('x' * 20_000)"
    around = _limit("-f 16")
    said = run_unnoticed(installed, around=around, command=("python3", "-S", "-c", program))
    assert "not whole" in said
    if old.read_text() != "old":
        assert installed.call("report", "validate", str(old)).returncode == 0


def test_no_process_left(installed: Installed) -> None:
    """With as many processes as the user may have, all that is left is to become the command."""
    uid = 54_321
    give_to(uid, installed.cwd, installed.home, installed.runtime, installed.cwd.parent)
    around = (*as_user(uid), "prlimit", f"--nproc={_processes_of(uid) + 1}", "--")
    said = run_unnoticed(installed, around=around, command=("python3", "-S", "-c", "print(1)"))
    assert "not recorded" in said


def _processes_of(uid: int) -> int:
    found = subprocess.run(["ps", "-o", "pid=", "-u", str(uid)], capture_output=True, check=False)
    return len(found.stdout.split())


def test_any_limit_on_memory(installed: Installed) -> None:
    """Where the interpreter starts at all, the command runs; recorded or not, one line at most."""
    sizes = [*range(10_000, 60_000, 2_000)]
    first = _first_that_starts_python(installed, "-v", sizes)
    command = ("printf", "out\\n")
    for size in range(first, first + 60_000, 6_000):
        run_unnoticed(installed, around=_limit(f"-v {size}"), command=command)
        if (installed.cwd / "chaos_report.json").exists():
            assert installed.report()["summary"]["status"] == "success", size
    assert run_unnoticed(installed, around=_limit("-v 1000000"), command=command) == ""


def test_a_limit_on_cpu_time_is_the_commands(installed: Installed) -> None:
    """It dies of its own use, by the signal it would have died of."""
    soft, hard = resource.getrlimit(resource.RLIMIT_CPU)
    assert soft == hard == resource.RLIM_INFINITY or soft > 60
    command = ("python3", "-S", "-c", "while True: pass")
    assert run_unnoticed(installed, around=_limit("-S -t 1"), command=command) == ""
