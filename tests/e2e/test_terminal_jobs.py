"""Job control: a wrapped command is stopped, continued and moved as a bare one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.tmux import RUN, Tmux, is_alive, parent_of, state_of, tmux_window

UNTIL_GO = "echo up; while ! test -e go; do sleep 0.1; done"
STOPPED = 128 + signal.SIGTSTP


@pytest.fixture
def window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tmux]:
    """A shell in a terminal emulator, in an empty folder."""
    monkeypatch.setenv("CHAOS_OTEL_STATE_DIR", str(tmp_path / "state"))
    with tmux_window(tmp_path) as shell:
        yield shell


def test_stopped_and_brought_back(window: Tmux) -> None:
    """Ctrl-Z gives the prompt and the terminal back as they were; `fg` goes on to the status."""
    before = window.modes()
    window.start("echo up; read line; echo got $line; exit 7")
    window.wait("^up$")
    window.keys("C-z")
    assert window.next_prompt() == STOPPED
    assert window.modes() == before
    window.run("jobs")
    window.wait(r"^\[1\]\+ +Stopped")
    window.type("fg; echo status $?")
    window.type("something")
    window.wait("^got something$")
    window.wait("^status 7$")
    window.next_prompt()
    assert window.modes() == before


def test_stopped_twice(window: Tmux) -> None:
    """The second Ctrl-Z is as good as the first."""
    pid = window.start("echo up; read line; exit 7")
    window.wait("^up$")
    for _ in range(2):
        window.keys("C-z")
        assert window.next_prompt() == STOPPED
        window.type("fg")
        window.until_foreground(pid)
    window.type("x")
    assert window.next_prompt() == 7


def test_sigcont_reaches_the_command_once(window: Tmux) -> None:
    """A command that counts what continued it counts one for each `fg`."""
    window.start(f"n=0; trap 'n=$((n+1)); echo cont $n' CONT; {UNTIL_GO}")
    window.wait("^up$")
    for number in (1, 2):
        window.keys("C-z")
        assert window.next_prompt() == STOPPED
        window.type("fg")
        window.wait(f"cont {number}$")
    (window.folder / "go").touch()
    assert window.next_prompt() == 0
    assert not any("cont 3" in line for line in window.screen())


def test_in_the_background_it_writes_on(window: Tmux) -> None:
    """Ctrl-Z, `bg`: the output appears beside the shell's, whose terminal is as it was."""
    before = window.modes()
    window.start(f"{UNTIL_GO}; echo behind; exit 4")
    window.wait("^up$")
    window.keys("C-z")
    window.next_prompt()
    window.run("bg")
    assert window.modes() == before
    window.type("touch go")
    window.wait("behind$")
    assert window.run("wait %1") == 4
    assert window.modes() == before


def test_in_the_background_it_is_stopped_when_it_reads(window: Tmux) -> None:
    """As a bare job is; brought to the front it reads what is typed."""
    pid = window.start(f"{UNTIL_GO}; read x; echo got $x")
    window.wait("^up$")
    window.keys("C-z")
    window.next_prompt()
    window.run("bg; touch go")
    window.until(lambda: state_of(parent_of(parent_of(pid))) == "T", "a stop by its read")
    window.run("jobs")
    window.wait(r"^\[1\]\+ +Stopped")
    window.type("fg")
    window.type("word")
    window.wait("^got word$")
    assert window.next_prompt() == 0


def test_in_the_background_of_a_terminal_with_tostop_it_is_stopped_when_it_writes(
    window: Tmux,
) -> None:
    """As `stty tostop` has it for every background job."""
    window.run("stty tostop")
    pid = window.start(f"{UNTIL_GO}; echo written; exit 4")
    window.wait("^up$")
    window.keys("C-z")
    window.next_prompt()
    window.run("bg; touch go")
    window.until(lambda: state_of(parent_of(parent_of(pid))) == "T", "a stop by its write")
    # the shell has to know of it before `fg`, or it takes the stop for one in the foreground
    window.until(
        lambda: (
            window.run("clear; jobs") == 0
            and any(line.startswith("[1]+  Stopped") for line in window.screen())
        ),
        "a stop that the shell knows of",
    )
    assert "written" not in window.screen()
    window.type("fg")
    window.wait("^written$")
    assert window.next_prompt() == 4


def test_brought_back_while_it_runs(window: Tmux) -> None:
    """`bg`, then `fg` of the running job, of which bash tells nobody: keys work as before."""
    window.start(f"trap 'echo interrupted; exit 9' INT; {UNTIL_GO}")
    window.wait("^up$")
    window.keys("C-z")
    window.next_prompt()
    window.run("bg")
    window.type("fg")
    window.wait("^" + RUN.split()[0] + ".*script *$")
    window.keys("C-c")
    window.wait("interrupted$")
    assert window.next_prompt() == 9


def test_a_script_around_us_stops_with_us(window: Tmux) -> None:
    """Ctrl-Z stops the whole job, as the terminal does: the shell would get no prompt otherwise."""
    (window.folder / "outer").write_text(f"{RUN} sh -c 'echo up; read x'\necho after\n")
    window.type("sh outer")
    window.wait("^up$")
    window.keys("C-z")
    assert window.next_prompt() == STOPPED
    window.type("fg")
    window.type("x")
    window.wait("^after$")
    assert window.next_prompt() == 0


def test_without_a_shell_around_it_cannot_be_stopped(window: Tmux) -> None:
    """Nobody could continue it: Ctrl-Z does nothing that lasts, as for a bare command."""
    (window.folder / "outer").write_text("import pty, sys; sys.exit(pty.spawn(sys.argv[1:]) >> 8)")
    python = RUN.split()[0]
    window.start("echo up; read x; echo got $x", wrapper=f"{python} outer {RUN}")
    window.wait("^up$")
    window.keys("C-z")
    window.type("word")
    window.wait("got word$")
    assert window.next_prompt() == 0


def test_stopped_and_continued_by_somebody_else(window: Tmux) -> None:
    """SIGSTOP to the command stops the job; SIGCONT to it lets it go on in the background."""
    pid = window.start(f"{UNTIL_GO}; echo on; exit 4")
    window.wait("^up$")
    os.kill(pid, signal.SIGSTOP)
    assert window.next_prompt() == 128 + signal.SIGSTOP
    os.kill(pid, signal.SIGCONT)
    (window.folder / "go").touch()
    window.wait("on$")
    assert window.run("wait %1") == 4


def test_killed_while_it_is_stopped(window: Tmux) -> None:
    """The shell hears of it at once, as of a bare job."""
    pid = window.start(UNTIL_GO)
    window.wait("^up$")
    window.keys("C-z")
    assert window.next_prompt() == STOPPED
    capture = parent_of(parent_of(pid))
    os.kill(pid, signal.SIGKILL)
    window.until(lambda: not is_alive(capture), "our end")
    window.run("true")
    window.wait(r"^\[1\]\+ +Killed")


def test_job_control_inside(window: Tmux) -> None:
    """An interactive shell as the command stops, lists and resumes its own jobs."""
    before = window.modes()
    window.type(f"{RUN} env PS1='inner> ' bash --norc --noprofile -i")
    window.wait("^inner>$")
    window.type("sh -c 'echo here; read x'")
    window.wait("^here$")
    window.keys("C-z")
    window.wait(r"^\[1\]\+ +Stopped +sh -c")
    window.type("fg")
    window.wait("^sh -c")
    window.keys("C-c")
    window.wait("^inner>$")
    window.type("echo $((6 * 7))")
    window.wait("^42$")
    window.type("exit 5")
    assert window.next_prompt() == 5
    assert window.modes() == before


def test_closing_the_window_ends_a_stopped_job(window: Tmux) -> None:
    """It is hung up and continued, as a bare job is, and does not stay behind."""
    pid = window.start(UNTIL_GO)
    window.wait("^up$")
    window.keys("C-z")
    assert window.next_prompt() == STOPPED
    capture = parent_of(parent_of(pid))
    window.close()
    for process in (pid, capture):
        window.until(lambda: not is_alive(process), "end of the job")  # noqa: B023


def test_an_inner_shell_is_suspended(window: Tmux) -> None:
    """`suspend` in a shell inside, while it has the terminal, stops us; `fg` brings it back."""
    window.type(f"{RUN} env PS1='inner> ' bash --norc --noprofile -i")
    window.wait("^inner>$")
    window.type("suspend")
    assert window.next_prompt() == 128 + signal.SIGSTOP
    window.type("fg")
    window.type("echo $((6 * 7))")
    window.wait("^42$")
    window.type("exit 5")
    assert window.next_prompt() == 5
