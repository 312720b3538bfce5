"""What the command finds around it: words, variables, descriptors, signals, limits, as without
us.
"""

from __future__ import annotations

import ctypes
import fcntl
import os
import re
import resource
import sys
from collections.abc import Sequence

import pytest
from tests.e2e.installed import Installed
from tests.e2e.unnoticed import run_unnoticed

QUICK = ("--no-report", "--no-wait")
SHOW_SIGNALS = ("grep", "-E", "^(ShdPnd|Sig(Pnd|Blk|Ign|Cgt)):", "/proc/self/status")
OURS = tuple(
    name + b"="
    for name in (
        b"TRACEPARENT",
        b"CHAOS_OTEL_INBOX",
        b"CHAOS_OTEL_RUN_ID",
        b"CHAOS_OTEL_MARKS",
        b"PYTHONPATH",
    )
)


def test_words_arrive_byte_for_byte(chaos: Installed) -> None:
    """Not UTF-8, empty, with newlines and what shells and option parsers would take for theirs."""
    words = (b"\xff\xfe", b"", b"a\nb", b"--help", b"--", b"-q", b"$HOME *", b"\xc3\xa4", b"")
    command = ("sh", "-c", "cat /proc/$$/cmdline", *words)
    assert run_unnoticed(chaos, options=QUICK, command=command) == ""


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "de_DE.ISO-8859-1", ""])
def test_words_and_variables_in_any_locale(chaos: Installed, locale: str) -> None:
    """Python's own decoding, and the variable that it sets in the C locale, reach nobody."""
    chaos.env["LC_ALL"] = locale
    command = ("sh", "-c", "cat /proc/$$/cmdline; tr '\\0' '\\n' </proc/$$/environ", b"\xe4\xff")
    ours = chaos.call("run", "-q", *QUICK, "--", *command)
    bare = chaos.bare(*command)
    assert _without_ours(ours.stdout, b"\n") == bare.stdout.removesuffix(b"\n").split(b"\n")


def test_the_environment_is_ours_byte_for_byte(chaos: Installed) -> None:
    """In order, twice what stands twice, with entries that are no variables at all."""
    block = [b"A=1", b"A=2", b"=no name", b"no equals sign", b"B=\xff\n", b"", b"C=", b"A=3"]
    block += [name.encode() + b"=" + value.encode() for name, value in chaos.env.items()]
    ours = _run_with(block, [chaos.command, "run", "-q", *QUICK, "--", "cat", "/proc/self/environ"])
    assert _without_ours(ours, b"\0") == block


def _without_ours(output: bytes, separator: bytes) -> list[bytes]:
    entries = output.removesuffix(separator).split(separator)
    added = [entry for entry in entries if entry.startswith(OURS)]
    assert len(added) == len({entry.partition(b"=")[0] for entry in added}) >= 3
    return [entry for entry in entries if entry not in added]


def _run_with(block: Sequence[bytes], words: Sequence[str]) -> bytes:
    """Run a program with an environment block that no Python mapping can hold; its stdout."""
    read_fd, write_fd = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.dup2(write_fd, 1)
            argv = (ctypes.c_char_p * (len(words) + 1))(*(word.encode() for word in words), None)
            entries = (ctypes.c_char_p * (len(block) + 1))(*block, None)
            ctypes.CDLL(None).execve(words[0].encode(), argv, entries)
        finally:
            os._exit(99)
    os.close(write_fd)
    with open(read_fd, "rb") as output:
        data = output.read()
    assert os.waitpid(pid, 0)[1] == 0
    return data


def test_descriptors_are_inherited_and_no_others(chaos: Installed) -> None:
    """Those that our caller left open keep their numbers; none of ours is seen."""
    read_fd, write_fd = os.pipe()
    low, high = (
        fcntl.fcntl(fd, fcntl.F_DUPFD, least) for fd, least in ((read_fd, 60), (write_fd, 70))
    )
    try:
        command = ("bash", "-c", f"ls /proc/$$/fd; echo through >&{high}")
        line = run_unnoticed(chaos, options=QUICK, command=command, pass_fds=(low, high))
        assert line == ""
        assert os.read(read_fd, 100) == b"through\n" * 2
    finally:
        for fd in (read_fd, write_fd, low, high):
            os.close(fd)


@pytest.mark.parametrize("closed", ["0", "1", "2", "01", "02", "12", "012"])
def test_closed_standard_streams_stay_closed(chaos: Installed, closed: str) -> None:
    """And nothing of ours takes their numbers."""
    close = " ".join(f"{fd}<&-" if fd == "0" else f"{fd}>&-" for fd in closed)
    around = ("sh", "-c", f'exec "$@" {close}', "sh")
    seen = chaos.cwd / "seen"
    command = ("sh", "-c", "echo out; echo err >&2; ls /proc/$$/fd 9>&- >seen; exit 3")
    chaos.bare(*around, *command)
    bare = seen.read_text()
    seen.unlink()
    run_unnoticed(chaos, around=around, options=QUICK, command=command)
    assert seen.read_text() == bare


@pytest.mark.parametrize(
    "before",
    [
        "pass",
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)",
        "[signal.signal(n, signal.SIG_IGN) for n in (2, 3, 15, 17, 20, 21, 22, 28, 34, 64)]",
        "signal.pthread_sigmask(signal.SIG_BLOCK, [1, 2, 13, 15, 17, 18, 28, 40, 64])",
    ],
)
def test_ignored_and_blocked_signals_are_inherited(chaos: Installed, before: str) -> None:
    """As `nohup` and others set them: neither more nor fewer."""
    prepare = f"import os, signal, sys; {before}; os.execvp(sys.argv[1], sys.argv[1:])"
    around = (
        sys.executable,
        "-S",
        "-c",
        "import signal; signal.signal(13, signal.SIG_DFL); "
        "signal.signal(25, signal.SIG_DFL); " + prepare,
    )
    assert run_unnoticed(chaos, around=around, options=QUICK, command=SHOW_SIGNALS) == ""


def test_sigpipe_and_sigxfsz_are_at_their_defaults(chaos: Installed) -> None:
    """Python ignores both before we can look, so the command gets the default:
    docs/exit-codes.md.
    """
    ignoring = "import os, signal, sys; [signal.signal(n, signal.SIG_IGN) for n in (13, 25)]; "
    around = (sys.executable, "-S", "-c", ignoring + "os.execvp(sys.argv[1], sys.argv[1:])")
    ours = chaos.bare(*around, chaos.command, "run", "-q", *QUICK, "--", *SHOW_SIGNALS)
    (ignored,) = re.findall(rb"SigIgn:\t([0-9a-f]+)", ours.stdout)
    assert not int(ignored, 16) & (1 << 12 | 1 << 24)


def test_folder_mask_limits_and_niceness_are_the_callers(chaos: Installed) -> None:
    """Nothing of it is ours to change."""
    show = "pwd; umask; ulimit -a; nice; cat /proc/self/oom_score_adj; ps -o pgid= -o sid= -p $$"
    soft = min(200, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    around = ("sh", "-c", f'umask 027; ulimit -n {soft}; exec nice -n 5 "$@"', "sh")
    assert run_unnoticed(chaos, around=around, options=QUICK, command=("bash", "-c", show)) == ""


def test_the_command_has_no_children_of_ours(chaos: Installed) -> None:
    """`wait` in a script finds nothing that it did not start."""
    command = ("sh", "-c", "read -r x </proc/$$/task/$$/children; echo [$x]; wait; echo $?")
    assert run_unnoticed(chaos, options=QUICK, command=command) == ""
