"""A signal reaches the command exactly once, whether it was sent to us or to the whole group."""

from __future__ import annotations

import os
import random
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, wait_for

QUICK = ("--no-report", "--no-wait")
NAMED = ("INT", "TERM", "HUP", "QUIT", "USR1", "USR2", "WINCH", "TSTP", "CONT")
PROMISED = [signal.Signals[f"SIG{name}"] for name in NAMED]
REALTIME = (34, 40, 64)
COUNT = f"""
import os, signal
watched = {[int(signum) for signum in (*PROMISED, *REALTIME)]}
signal.pthread_sigmask(signal.SIG_BLOCK, watched)
os.write(1, b"ready\\n")
while True:
    os.write(1, b"%d\\n" % signal.sigwaitinfo(watched).si_signo)
"""


class Listener:
    """A wrapped command, in a process group of ours, that says which signals reach it."""

    def __init__(self, run: subprocess.Popen[bytes]) -> None:
        assert run.stdout is not None
        self.pid = run.pid
        self._fd = run.stdout.fileno()
        self._rest = b""

    def heard(self, *, within_s: float) -> str:
        """The next thing that it says, "" if nothing comes."""
        while b"\n" not in self._rest:
            if not select.select([self._fd], [], [], within_s)[0]:
                return ""
            self._rest += os.read(self._fd, 4096)
        line, _, self._rest = self._rest.partition(b"\n")
        return line.decode()

    def send(self, signum: int, *, group: bool) -> None:
        (os.killpg if group else os.kill)(self.pid, signum)

    def is_settled(self) -> bool:
        """Whether all have dealt with what they were sent: nothing pending, everyone asleep.

        First our children, for we sleep while we wait for an answer of theirs.
        """
        return all(_has_nothing_to_do(pid) for pid in (*_children(self.pid), self.pid))


def _children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _has_nothing_to_do(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/task/{pid}/status").read_text()
    except OSError:
        return True
    fields = dict(line.split(":\t", 1) for line in status.splitlines())
    pending = int(fields["ShdPnd"], 16) | int(fields["SigPnd"], 16)
    return not pending and fields["State"].startswith(("S", "Z"))


@contextmanager
def _listening(chaos: Installed, *, script: str = COUNT) -> Iterator[Listener]:
    command = (sys.executable, "-S", "-c", script)
    run = chaos.start("run", "-q", *QUICK, "--", *command, start_new_session=True)
    try:
        listener = Listener(run)
        assert listener.heard(within_s=60) == "ready"
        yield listener
    finally:
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()


@pytest.mark.parametrize("signum", [*PROMISED, *REALTIME])
@pytest.mark.parametrize("group", [False, True])
def test_each_signal_arrives_once(chaos: Installed, signum: int, group: bool) -> None:
    """Sent to us alone we pass it on; sent to the group the command has it already."""
    with _listening(chaos) as listener:
        listener.send(signum, group=group)
        assert listener.heard(within_s=60) == str(int(signum))
        assert listener.heard(within_s=0.2) == ""


def test_two_thousand_signals_none_wrong(chaos: Installed) -> None:
    """Alone and to the group in turn at random, each sent when all have dealt with the one before:
    the kernel itself makes one of two of a kind."""
    chance = random.Random(3)
    with _listening(chaos) as listener:
        wrong = []
        for number in range(2_000):
            signum = chance.choice([*PROMISED, *REALTIME])
            group = chance.random() < 0.5
            listener.send(signum, group=group)
            heard = listener.heard(within_s=60)
            if heard != str(int(signum)):
                wrong.append((number, signum, group, heard))
            wait_for(listener.is_settled)
        assert wrong == []
        assert listener.heard(within_s=0.2) == ""


def test_a_sender_that_goes_through_the_processes_one_by_one(chaos: Installed) -> None:
    """As `kill -1` or a service manager does: us first, the others a moment later, still once.

    A round in which this test was held up in between says nothing.
    """
    with _listening(chaos) as listener:
        members = _group_of(listener.pid)
        counted = 0
        while counted < 20:
            begun_s = time.monotonic()
            for pid in members:
                os.kill(pid, signal.SIGUSR1)
            was_quick = time.monotonic() - begun_s < 0.001
            assert listener.heard(within_s=60) == str(int(signal.SIGUSR1))
            more = listener.heard(within_s=0.3)  # also what is left over is forgotten by then
            assert not (more and was_quick)
            counted += was_quick


def test_a_slow_sender_costs_no_later_signal(chaos: Installed) -> None:
    """One that reaches our sibling long after us is not taken for the group's share of the next."""
    with _listening(chaos) as listener:
        (sibling,) = set(_group_of(listener.pid)) - {listener.pid, _command(listener)}
        listener.send(signal.SIGUSR1, group=False)
        assert listener.heard(within_s=60) == str(int(signal.SIGUSR1))
        os.kill(sibling, signal.SIGUSR1)
        wait_for(listener.is_settled)
        listener.send(signal.SIGUSR1, group=False)
        assert listener.heard(within_s=60) == str(int(signal.SIGUSR1))


def _command(listener: Listener) -> int:
    (pid,) = (
        pid
        for pid in _group_of(listener.pid)
        if _is_named(pid, b"-S") and not _is_named(pid, b"run")
    )
    return pid


def _group_of(pid: int) -> list[int]:
    members = []
    for name in os.listdir("/proc"):
        try:
            if name.isdigit() and os.getpgid(int(name)) == pid:
                members.append(int(name))
        except ProcessLookupError:
            continue
    return sorted(members)


def test_a_signal_by_pattern_is_not_taken_for_one_to_the_group(chaos: Installed) -> None:
    """`pkill -f 'chaos-otel run'` hits us alone, so the command is told."""
    with _listening(chaos) as listener:
        named = [pid for pid in _group_of(listener.pid) if _is_named(pid, b"run")]
        assert listener.pid in named
        for pid in named:
            os.kill(pid, signal.SIGUSR2)
        assert listener.heard(within_s=60) == str(int(signal.SIGUSR2))


def _is_named(pid: int, word: bytes) -> bool:
    words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    return word in words


def test_the_default_action_is_the_commands(chaos: Installed) -> None:
    """A command that does not care dies by the signal, and we by the same."""
    for group in (False, True):
        run = chaos.start(
            "run",
            "-q",
            *QUICK,
            "--",
            "sh",
            "-c",
            "echo ready; exec sleep 60",
            start_new_session=True,
        )
        assert run.stdout is not None and run.stdout.readline() == b"ready\n"
        (os.killpg if group else os.kill)(run.pid, signal.SIGTERM)
        assert run.wait(timeout=60) == -signal.SIGTERM
        run.communicate()


def test_a_signal_that_the_command_survives_is_not_our_end(chaos: Installed) -> None:
    """It finishes its work and says how it ended."""
    script = 'trap "echo caught" INT TERM HUP QUIT; echo ready; sleep 1 & wait; wait; exit 9'
    run = chaos.start("run", "-q", *QUICK, "--", "sh", "-c", script, start_new_session=True)
    assert run.stdout is not None and run.stdout.readline() == b"ready\n"
    os.kill(run.pid, signal.SIGTERM)
    out, _ = run.communicate(timeout=60)
    assert (run.returncode, out) == (9, b"caught\n")


def test_an_alarm_set_before_us_is_the_commands(chaos: Installed) -> None:
    """`alarm` outlives exec, and `perl -e 'alarm 1; exec …'` is how people limit time."""
    setting = (
        "import os, signal, sys; signal.setitimer(0, 1.0); os.execvp(sys.argv[1], sys.argv[1:])"
    )
    around = (sys.executable, "-S", "-c", setting)
    ours = chaos.bare(*around, chaos.command, "run", "-q", *QUICK, "--", "sleep", "60")
    assert ours.returncode == -signal.SIGALRM


def test_a_signal_for_an_ignoring_wrapper_still_reaches_a_command_that_listens(
    chaos: Installed,
) -> None:
    """Ignored at our start is what the command starts with, not what it ends with."""
    around = ("sh", "-c", 'trap "" HUP; exec "$@"', "sh")
    words = (*around, chaos.command, "run", "-q", *QUICK, "--", sys.executable, "-S", "-c", COUNT)
    with subprocess.Popen(
        words, cwd=chaos.cwd, env=chaos.env, stdout=subprocess.PIPE, start_new_session=True
    ) as run:
        listener = Listener(run)
        assert listener.heard(within_s=60) == "ready"
        listener.send(signal.SIGHUP, group=False)
        assert listener.heard(within_s=60) == str(int(signal.SIGHUP))
        os.killpg(run.pid, signal.SIGKILL)


def test_a_stopped_command_shows_as_a_stopped_job(chaos: Installed) -> None:
    """Whoever waits for us sees the stop with its signal, and SIGCONT to us alone goes on with
    it.
    """
    # in a group of its own: one that its starter has orphaned is never stopped
    words = ("run", "-q", *QUICK, "--", "sh", "-c", "kill -TSTP $$; echo on; exit 4")
    run = chaos.start(*words, process_group=0)
    for sent, seen in ((None, signal.SIGTSTP),):
        assert sent is None
        _, status = os.waitpid(run.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status) and os.WSTOPSIG(status) == seen
    time.sleep(0.1)
    os.kill(run.pid, signal.SIGCONT)
    out, _ = run.communicate(timeout=60)
    assert (run.returncode, out) == (4, b"on\n")


@pytest.mark.parametrize("signum", [signal.SIGTSTP, signal.SIGSTOP])
def test_stop_and_continue_of_the_whole_group(chaos: Installed, signum: int) -> None:
    """As a shell does it with Ctrl-Z and `fg`, several times over."""
    script = "echo ready; for n in 1 2 3; do sleep 0.2; done; echo done; exit 6"
    run = chaos.start("run", "-q", *QUICK, "--", "sh", "-c", script, process_group=0)
    assert run.stdout is not None and run.stdout.readline() == b"ready\n"
    for _ in range(3):
        os.killpg(run.pid, signum)
        _, status = os.waitpid(run.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status) and os.WSTOPSIG(status) == signum
        os.killpg(run.pid, signal.SIGCONT)
        assert not _is_stopped_for_long(run.pid)
    out, _ = run.communicate(timeout=60)
    assert (run.returncode, out) == (6, b"done\n")


def _is_stopped_for_long(pid: int) -> bool:
    def state() -> str:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]

    wait_for(lambda: state() != "T")
    return state() == "T"


def test_a_ctrl_c_after_the_end_skips_what_is_left_of_our_work(chaos: Installed) -> None:
    """The status is still the command's. Here a daemon that keeps its output open is waited for."""
    script = "sleep 30 & echo $!; exit 8"
    run = chaos.start("run", "-q", "--", "sh", "-c", script, start_new_session=True)
    assert run.stdout is not None
    daemon = int(run.stdout.readline())
    wait_for(lambda: len(_group_of(run.pid)) <= 3)
    os.kill(run.pid, signal.SIGINT)
    assert run.wait(timeout=60) in (8, -signal.SIGINT)
    os.kill(daemon, signal.SIGKILL)
    run.communicate()
