"""A shell in a real terminal emulator: what a person would type, and what they would see."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

RUN = f"{sys.executable} -m chaos_otel run --quiet --no-report --"
PATIENCE_S = 60.0
_PROMPT = re.compile(r"(?<!\d)(\d+):(\d+)> ?$")


class Tmux:
    """A tmux server of its own with `bash` in its one window; the prompt has the last status."""

    def __init__(self, folder: Path, *, columns: int, lines: int) -> None:
        self.folder = folder
        self._socket = str(folder / "tmux")
        self._prompts = 0
        shell = "env PS1='\\#:$?> ' HISTFILE= LC_ALL=C.UTF-8 bash --norc --noprofile -i"
        size = ["-x", str(columns), "-y", str(lines)]
        self.command("new-session", "-d", *size, "-c", str(folder), shell)
        self.command("set", "-g", "status", "off")
        self.command("set", "-g", "history-limit", "10000")
        self.command("resize-window", *size)
        self.next_prompt()

    def command(self, *words: str) -> str:
        """A tmux command; what it prints."""
        done = subprocess.run(
            ["tmux", "-S", self._socket, "-f", "/dev/null", *words],
            check=True,
            capture_output=True,
            text=True,
            timeout=PATIENCE_S,
        )
        return done.stdout

    def keys(self, *names: str) -> None:
        """Press keys by their tmux names: `C-c`, `Enter`, `q`."""
        self.command("send-keys", *names)

    def type(self, text: str) -> None:
        """Type a text as it is and press Return."""
        self.command("send-keys", "-l", text)
        self.keys("Enter")

    def run(self, line: str) -> int:
        """Type a line at the prompt and wait for the next one: the status in it."""
        self.type(line)
        return self.next_prompt()

    def start(self, script: str, *, wrapper: str = RUN, redirected: str = "") -> int:
        """Run a bash script that says `up` when it is ready; its process id."""
        (self.folder / "script").write_text(f"echo $$ > pid\n{script}")
        (self.folder / "pid").unlink(missing_ok=True)
        self.keys("C-l")
        self.type(f"{wrapper} bash script {redirected}")
        return int(self.read("pid"))

    def read(self, name: str) -> str:
        """What is in the file, as soon as it ends with a whole line."""
        path = self.folder / name
        self.until(lambda: path.exists() and path.read_text().endswith("\n"), f"file {name}")
        return path.read_text()

    def modes(self) -> str:
        """What `stty -a` says at the prompt."""
        self.run("stty -a > modes")
        return self.read("modes")

    def until_foreground(self, pid: int) -> None:
        """Until the wrapped command goes on and the terminal hands it its keys: Ctrl-Z pressed
        before that is the shell's."""

        def handed_over() -> bool:
            fd = os.open(self.command("display-message", "-p", "#{pane_tty}").strip(), os.O_NOCTTY)
            try:
                raw = not termios.tcgetattr(fd)[3] & termios.ISIG
            finally:
                os.close(fd)
            return raw and state_of(pid) != "T"

        self.until(handed_over, "command in the foreground")

    def resize(self, *, columns: int, lines: int) -> None:
        self.command("resize-window", "-x", str(columns), "-y", str(lines))

    def screen(self) -> list[str]:
        """The lines that can be seen, wrapped ones whole, without empty ones at the end."""
        lines = self.command("capture-pane", "-p", "-J").rstrip().split("\n")
        return [line.rstrip() for line in lines]

    def wait(self, pattern: str) -> None:
        """Until a line of the screen matches."""
        expression = re.compile(pattern)
        self.until(
            lambda: any(expression.search(line) for line in self.screen()), f"line like {pattern}"
        )

    def next_prompt(self) -> int:
        """Until the shell asks for the next command: the status that it shows."""
        status = -1

        def asked() -> bool:
            nonlocal status
            found = _PROMPT.search(self.screen()[-1])
            if found is None or int(found[1]) <= self._prompts:
                return False
            self._prompts, status = int(found[1]), int(found[2])
            return True

        self.until(asked, f"prompt after {self._prompts}")
        return status

    def until(self, condition: Callable[[], bool], what: str) -> None:
        """Until it holds; the test fails with the screen if it does not in time."""
        end_s = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > end_s:
                shown = "\n".join(self.screen())
                pytest.fail(f"waited for {what} in vain; the screen:\n{shown}", pytrace=False)
            time.sleep(0.05)

    def close(self) -> None:
        """End the server: the terminal hangs up."""
        subprocess.run(
            ["tmux", "-S", self._socket, "kill-server"], check=False, capture_output=True
        )


@contextmanager
def tmux_window(folder: Path, *, columns: int = 80, lines: int = 24) -> Iterator[Tmux]:
    """A window that is closed in the end; skips the test where there is no tmux."""
    need("tmux")
    window = Tmux(folder, columns=columns, lines=lines)
    try:
        yield window
    finally:
        window.close()


def parent_of(pid: int) -> int:
    """The parent's process id."""
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()[1])


def is_alive(pid: int) -> bool:
    """Whether there is such a process, and it is no zombie."""
    with contextlib.suppress(OSError):
        return state_of(pid) != "Z"
    return False


def state_of(pid: int) -> str:
    """The letter that the kernel gives the process's state."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][0]


def need(program: str) -> str:
    """The path of a program; without it the test is skipped, in CI it fails."""
    path = shutil.which(program)
    if path is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(f"{program} is not installed")
    assert path is not None
    return path
