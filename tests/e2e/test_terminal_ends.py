"""However a wrapped command ends, and whoever dies with it, the terminal is as it was before."""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.tmux import RUN, Tmux, is_alive, parent_of, tmux_window

from chaos_otel.runner import terminal

UNTIL_GO = "echo up; while ! test -e go; do sleep 0.1; done"


@pytest.fixture
def window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tmux]:
    """A shell in a terminal emulator, in an empty folder."""
    monkeypatch.setenv("CHAOS_OTEL_STATE_DIR", str(tmp_path / "state"))
    with tmux_window(tmp_path) as shell:
        yield shell


def start_below_a_plain_shell(window: Tmux, script: str) -> tuple[int, int]:
    """As `start`, below a `sh` that leaves the terminal's modes alone and stays afterwards.

    Returns the command's process id and a descriptor of the real terminal.
    """
    (window.folder / "outer").write_text(f"stty -a > before\n{RUN} bash script\nexec sleep 1000\n")
    (window.folder / "script").write_text(f"echo $$ > pid\n{script}")
    window.type("sh outer")
    window.wait("^up$")
    path = window.command("display", "-p", "#{pane_tty}").strip()
    return int(window.read("pid")), os.open(path, os.O_RDWR | os.O_NOCTTY)


def until_cooked(window: Tmux, terminal_fd: int) -> None:
    """Until the real terminal has the modes of before the command."""
    expected = window.read("before")

    def is_cooked() -> bool:
        return os.popen(f"stty -a < /proc/{os.getpid()}/fd/{terminal_fd}").read() == expected

    window.until(is_cooked, "terminal as it was")


@pytest.mark.parametrize(
    "victims", [("command",), ("monitor",), ("capture", "command"), ("capture", "monitor")]
)
def test_after_a_kill_the_terminal_is_as_it_was(window: Tmux, victims: tuple[str, ...]) -> None:
    """SIGKILL for the command, for what stands between, for us and the command."""
    command, terminal_fd = start_below_a_plain_shell(window, UNTIL_GO)
    monitor = parent_of(command)
    pids = {"command": command, "monitor": monitor, "capture": parent_of(monitor)}
    assert terminal.is_raw(terminal_fd)
    for victim in victims:
        os.kill(pids[victim], signal.SIGKILL)
    until_cooked(window, terminal_fd)
    window.until(lambda: not is_alive(command), "end of the command")
    os.close(terminal_fd)


def test_kill_of_capture_alone_leaves_the_command_and_the_terminal_as_they_were(
    window: Tmux,
) -> None:
    """The command goes on to its own end, writing where it wrote; the terminal is restored."""
    command, terminal_fd = start_below_a_plain_shell(
        window, f"{UNTIL_GO}; echo still here; echo done > result"
    )
    os.kill(parent_of(parent_of(command)), signal.SIGKILL)
    until_cooked(window, terminal_fd)
    (window.folder / "go").touch()
    assert window.read("result") == "done\n"
    window.wait("still here$")
    os.close(terminal_fd)


@pytest.mark.parametrize("signum", [signal.SIGTERM, signal.SIGHUP, signal.SIGUSR1])
def test_a_signal_to_us_ends_the_command_and_restores_the_terminal(
    window: Tmux, signum: int
) -> None:
    """The command gets it, dies of it, and so do we."""
    command = window.start(UNTIL_GO)
    window.wait("^up$")
    os.kill(parent_of(parent_of(command)), signum)
    assert window.next_prompt() == 128 + signum
    assert not is_alive(command)


def test_modes_are_the_same_after_any_status(window: Tmux) -> None:
    """Success, failure, and a command that is not there."""
    before = window.modes()
    for command, status in (("true", 0), ("false", 1), ("./missing", 127), ("/", 126)):
        assert window.run(f"{RUN} {command}") == status
        assert window.modes() == before


def test_modes_that_the_command_set_end_with_it(window: Tmux) -> None:
    """They were those of its own terminal: a command killed in raw mode leaves a sane one."""
    before = window.modes()
    window.start("stty raw -echo; printf 'up\\r\\n'; sleep 0.2; kill -9 $$")
    assert window.next_prompt() == 128 + signal.SIGKILL
    assert window.modes() == before


def test_what_is_a_terminal_without_us_is_one_with_us(window: Tmux) -> None:
    """`isatty` of stdin, stdout and stderr, in all eight ways to redirect them."""
    (window.folder / "ask").write_text(
        "for fd in 0 1 2; do test -t $fd && echo $fd; done > answer; echo end >> answer"
    )
    for redirected in itertools.product(("", "</dev/null"), ("", ">out"), ("", "2>err")):
        answers = []
        for wrapper in ("", RUN):
            window.run("rm -f answer")
            assert window.run(f"{wrapper} sh ask {' '.join(redirected)}") == 0
            answers.append(window.read("answer"))
        assert answers[0] == answers[1], redirected


def test_stderr_in_a_file_has_its_own_bytes(window: Tmux) -> None:
    """Beside a session an output that is not the terminal goes through a pipe, not through it."""
    window.start("echo up; printf 'one\\ntwo\\n' >&2", redirected="2> err")
    assert window.next_prompt() == 0
    window.wait("^up$")
    assert (window.folder / "err").read_bytes() == b"one\ntwo\n"


def test_when_the_window_is_closed_the_command_is_hung_up(window: Tmux) -> None:
    """SIGHUP, as without us."""
    command = window.start(f"trap 'echo hangup > result; exit' HUP; {UNTIL_GO}")
    window.wait("^up$")
    window.close()
    assert window.read("result") == "hangup\n"
    window.until(lambda: not is_alive(command), "end of the command")


def test_a_command_that_outlived_us_is_hung_up_with_its_window(window: Tmux) -> None:
    """We were killed; whoever goes on showing its output lets go when there is nobody to see it."""
    command = window.start(f"trap 'echo hangup > result; exit' HUP; {UNTIL_GO}")
    window.wait("^up$")
    os.kill(parent_of(parent_of(command)), signal.SIGKILL)
    assert window.next_prompt() == 128 + signal.SIGKILL
    assert is_alive(command)
    window.close()
    assert window.read("result") == "hangup\n"


def test_a_command_that_ignores_the_hangup_has_no_terminal_any_more(window: Tmux) -> None:
    """Its writes fail, as without us; it is not held by a terminal that nobody reads."""
    window.start("trap '' HUP; echo up; while echo x; do sleep 0.1; done 2>/dev/null; echo e > end")
    window.wait("^x$")
    window.close()
    assert window.read("end") == "e\n"


def test_what_the_command_leaves_behind_is_not_hung_up(window: Tmux) -> None:
    """It goes on after our end, and what it writes still comes to the terminal."""
    window.start(f"({UNTIL_GO}; echo late; echo late > result) & sleep 0.2; exit 6")
    assert window.next_prompt() == 6
    window.type("touch go")
    assert window.read("result") == "late\n"
    window.wait("late$")
