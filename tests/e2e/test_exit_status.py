"""Who looks at the exit status cannot tell us from the command."""

from __future__ import annotations

import signal
import sys

import pytest
from tests.e2e.installed import Installed
from tests.e2e.unnoticed import need, run_unnoticed

QUICK = ("--no-report", "--no-wait")
DIE = "import os, signal, sys; n = int(sys.argv[1]); os.kill(os.getpid(), n); signal.pause()"
NOT_ENDING = {
    signal.SIGCHLD,
    signal.SIGCONT,
    signal.SIGURG,
    signal.SIGWINCH,
    signal.SIGSTOP,
    signal.SIGTSTP,
    signal.SIGTTIN,
    signal.SIGTTOU,
}
ENDING = sorted(signal.valid_signals() - NOT_ENDING)


@pytest.mark.parametrize("first", range(0, 256, 32))
def test_every_exit_code_is_passed_on(chaos: Installed, first: int) -> None:
    """0 to 255, each as it is."""
    words = " ".join([chaos.command, "run", "-q", *QUICK])
    loop = f"for n in $(seq {first} {first + 31}); do {words} -- sh -c 'exit '$n; echo $?; done"
    done = chaos.bare("sh", "-c", loop)
    assert done.stdout.split() == [b"%d" % code for code in range(first, first + 32)]
    assert done.stderr == b""


@pytest.mark.parametrize("part", range(8))
def test_death_by_each_signal_is_passed_on(chaos: Installed, part: int) -> None:
    """The caller's `wait` says the same signal, realtime signals included."""
    for signum in ENDING[part::8]:
        command = (sys.executable, "-S", "-c", _unignoring(signum), str(int(signum)))
        ours = chaos.call("run", "-q", *QUICK, "--", *command)
        assert ours.returncode == -signum, ours.stderr


def _unignoring(signum: int) -> str:
    catchable = signum != signal.SIGKILL
    reset = f"import signal; signal.signal({int(signum)}, signal.SIG_DFL); " if catchable else ""
    return reset + DIE


def test_our_death_leaves_no_core_in_place_of_the_commands(chaos: Installed) -> None:
    """We pass SIGSEGV on as SIGSEGV, with the caller's core limit, and no core of ours is made."""
    around = ("sh", "-c", 'ulimit -c unlimited; exec "$@"', "sh")
    ours = chaos.bare(
        *(*around, chaos.command, "run", "-q", *QUICK, "--"),
        *("sh", "-c", "ulimit -c 0; kill -SEGV $$"),
    )
    assert ours.returncode == -signal.SIGSEGV
    assert [path.name for path in chaos.cwd.glob("*core*")] == []


@pytest.mark.parametrize(
    ("command", "status"),
    [
        (("no-such-command",), 127),
        (("./missing",), 127),
        (("",), 127),
        (("./plain-file",), 126),
        ((".",), 126),
        (("./plain-file/below",), 126),
        (("./lost-interpreter",), 127),
    ],
)
def test_what_cannot_be_executed(chaos: Installed, command: tuple[str, ...], status: int) -> None:
    """127 where it is not there, 126 where it is no program; one line says which, and what to
    do.
    """
    (chaos.cwd / "plain-file").write_text("echo never\n")
    chaos.script("#!/no/such/interpreter\n", "lost-interpreter")
    ours = chaos.run(*command)
    assert (ours.returncode, ours.stdout) == (status, b"")
    assert ours.stderr.startswith(b"chaos-otel: ") and ours.stderr.count(b"\n") == 1
    assert repr(command[0]).encode() in ours.stderr


def test_a_script_without_a_first_line_is_run_by_sh(chaos: Installed) -> None:
    """As `execvp` and every shell do it (ENOEXEC), found in PATH or by its path."""
    chaos.script('echo "$0 has $# words: $*"; exit 5\n', "bare-script")
    chaos.env["PATH"] = f"{chaos.cwd}:{chaos.env['PATH']}"
    for name in ("./bare-script", "bare-script"):
        ours = chaos.call("run", "-q", *QUICK, "--", name, "a b", "")
        assert ours.returncode == 5
        assert ours.stdout.endswith(b"bare-script has 2 words: a b \n")


def test_a_folder_without_permission_in_path_does_not_hide_the_command(chaos: Installed) -> None:
    """A file of that name that cannot be executed is passed over, as `execvp` does."""
    first = chaos.cwd / "first"
    first.mkdir()
    (first / "true").write_text("not a program")
    chaos.env["PATH"] = f"{first}::{chaos.env['PATH']}"
    assert run_unnoticed(chaos, options=QUICK, command=("true",)) == ""


def test_as_the_first_process_of_a_container(chaos: Installed) -> None:
    """No signal can end it there: the status is 128 and the signal's number, as a shell has it."""
    unshare = ("unshare", "--pid", "--fork", "--mount-proc")
    if chaos.bare(*unshare, "true").returncode:
        need("root: a process namespace")
    ours = chaos.bare(
        *(*unshare, chaos.command, "run", "-q", *QUICK, "--", "sh", "-c", "kill -TERM $$")
    )
    assert ours.returncode == 128 + signal.SIGTERM


def test_an_ignored_sigchld_does_not_hide_the_status(chaos: Installed) -> None:
    """Inherited as ignored it would make the kernel forget how our children ended."""
    ignoring = "import os, signal, sys; signal.signal(signal.SIGCHLD, signal.SIG_IGN); "
    ignoring += "[signal.signal(n, signal.SIG_DFL) for n in (signal.SIGPIPE, signal.SIGXFSZ)]; "
    around = (sys.executable, "-S", "-c", ignoring + "os.execvp(sys.argv[1], sys.argv[1:])")
    assert run_unnoticed(chaos, around=around, options=QUICK) == ""
    shown = ("grep", "SigIgn", "/proc/self/status")
    assert run_unnoticed(chaos, around=around, options=QUICK, command=shown) == ""
