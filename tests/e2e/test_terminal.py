"""What a person does at a terminal works with a wrapped command as it does with a bare one."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.tmux import RUN, Tmux, need, parent_of, tmux_window

LONG = "".join(f"line {number}\n" for number in range(1, 200))
UNTIL_STOP = "echo up; while ! test -e stop; do sleep 0.1; done"


@pytest.fixture
def window(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Tmux]:
    """A shell in a terminal emulator, in an empty folder."""
    monkeypatch.setenv("CHAOS_OTEL_STATE_DIR", str(tmp_path / "state"))
    with tmux_window(tmp_path) as shell:
        yield shell


def test_less_is_opened_scrolled_and_quit(window: Tmux) -> None:
    """A pager has the whole screen, takes single keys, and leaves the screen as it was."""
    need("less")
    (window.folder / "long").write_text(LONG)
    window.type(f"{RUN} less long")
    window.wait("^line 1$")
    window.keys("Space")
    window.wait("^line 40$")
    window.keys("G")
    window.wait("^line 199$")
    window.keys("q")
    assert window.next_prompt() == 0


def test_vim_edits_and_writes_a_file(window: Tmux) -> None:
    """A full-screen editor: insert, Escape, a command line, out."""
    need("vim.tiny")
    window.type(f"{RUN} vim.tiny -u NONE -N note")
    window.wait("^~")
    window.keys("i")
    window.keys("-l", "written")
    window.wait("^written$")
    window.keys("Escape")
    window.type(":wq")
    assert window.next_prompt() == 0
    assert window.read("note") == "written\n"


def test_top_draws_and_quits(window: Tmux) -> None:
    """A program that redraws by a timer and reads single keys."""
    need("top")
    window.type(f"{RUN} top")
    window.wait("PID.*COMMAND")
    window.keys("q")
    assert window.next_prompt() == 0


def test_a_password_is_read_from_the_terminal_and_not_shown(window: Tmux) -> None:
    """/dev/tty is the command's own terminal, and `read -s` switches its echo off."""
    window.start("""
        exec 3</dev/tty
        read -u 3 -rsp 'Password: ' word
        echo "$word" > got
    """)
    window.wait("^Password:")
    window.type("open sesame")
    assert window.next_prompt() == 0
    assert window.read("got") == "open sesame\n"
    assert not any("sesame" in line for line in window.screen())


@pytest.mark.parametrize(("key", "signum"), [("C-c", signal.SIGINT), ("C-\\", signal.SIGQUIT)])
def test_a_key_ends_the_command_and_the_shell_sees_the_signal(
    window: Tmux, key: str, signum: int
) -> None:
    """Ctrl-C and Ctrl-\\ end the command, and we die of the same signal."""
    window.start("ulimit -c 0; echo up; exec sleep 1000")
    window.wait("^up$")
    window.keys(key)
    assert window.next_prompt() == 128 + signum


def test_ctrl_c_reaches_the_command_once(window: Tmux) -> None:
    """A command that counts its SIGINTs counts the keys."""
    window.start(f"n=0; trap 'n=$((n+1)); echo int $n' INT; {UNTIL_STOP}")
    window.wait("^up$")
    for number in (1, 2, 3):
        window.keys("C-c")
        window.wait(f"int {number}$")
    (window.folder / "stop").touch()
    assert window.next_prompt() == 0
    assert not any("int 4" in line for line in window.screen())


def test_a_new_size_reaches_the_command_once(window: Tmux) -> None:
    """The command's terminal has the new size, and one SIGWINCH says so."""
    window.start(f"trap 'echo size $(stty size)' WINCH; {UNTIL_STOP}")
    window.wait("^up$")
    window.resize(columns=71, lines=19)
    window.wait("^size 19 71$")
    window.resize(columns=80, lines=24)
    window.wait("^size 24 80$")
    (window.folder / "stop").touch()
    window.next_prompt()
    sizes = [line for line in window.screen() if line.startswith("size")]
    assert sizes == ["size 19 71", "size 24 80"]


def test_sigwinch_without_a_new_size_is_passed_on_once(window: Tmux) -> None:
    """Sent to us by `kill` it is a signal like any other."""
    pid = window.start(f"trap 'echo winch' WINCH; trap 'exit 3' USR1; {UNTIL_STOP}")
    window.wait("^up$")
    capture = parent_of(parent_of(pid))
    os.kill(capture, signal.SIGWINCH)
    window.wait("^winch$")
    os.kill(capture, signal.SIGUSR1)
    assert window.next_prompt() == 3
    assert window.screen().count("winch") == 1


def test_a_large_paste_arrives_whole(window: Tmux) -> None:
    """100 KB at once, for a reader that is slow to begin: nothing is lost, nothing is changed."""
    text = "".join(f"{number:05d} {'abcdefghi ' * 5}\n" for number in range(1800))
    (window.folder / "clipboard").write_text(text)
    window.start("echo up; sleep 1; cat > pasted")
    window.wait("^up$")
    window.command("load-buffer", str(window.folder / "clipboard"))
    window.command("paste-buffer", "-r")
    pasted = window.folder / "pasted"
    window.until(
        lambda: pasted.exists() and pasted.stat().st_size >= len(text), "the end of the paste"
    )
    window.keys("C-d")
    assert window.next_prompt() == 0
    assert pasted.read_text() == text


def test_wrapped_twice(window: Tmux) -> None:
    """A wrapper inside a wrapper: a terminal in a terminal, and both get out of the way."""
    need("less")
    (window.folder / "long").write_text(LONG)
    before = window.modes()
    window.type(f"{RUN} {RUN} less long")
    window.wait("^line 1$")
    window.keys("G")
    window.wait("^line 199$")
    window.keys("q")
    assert window.next_prompt() == 0
    assert window.modes() == before
