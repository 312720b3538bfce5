"""A world of its own for what is measured: home, state, runtime and work folders, a clock."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_KEPT = ("PATH", "LANG", "LC_ALL", "TMPDIR")
_STAMP = Path(__file__).with_name("stamp.c")


@dataclass(frozen=True, slots=True)
class Place:
    """`folder` is where the measured commands work; `env` is their environment.

    `stamp` is a program that appends the time of its first instruction to the file it is given:
    nanoseconds on CLOCK_MONOTONIC, a line each.
    """

    folder: Path
    env: dict[str, str]
    chaos_otel: str
    stamp: str

    def wrapped(self, *command: str) -> list[str]:
        """`chaos-otel run -- COMMAND`."""
        return [self.chaos_otel, "run", "--", *command]

    def stamps_ns(self) -> list[int]:
        """What `stamp` has written to the file `stamps`, which is emptied."""
        file = self.folder / "stamps"
        lines = file.read_text().split()
        file.unlink()
        return [int(line) for line in lines]


@contextmanager
def open_place() -> Iterator[Place]:
    """Make the folders and compile `stamp`; all is removed at the end."""
    # what is done after an answer may still be going on in there
    with tempfile.TemporaryDirectory(
        prefix="chaos-otel-bench-", ignore_cleanup_errors=True
    ) as name:
        base = Path(name)
        folders = {part: base / part for part in ("work", "home", "state", "runtime")}
        for folder in folders.values():
            folder.mkdir(mode=0o700)
        env = {key: os.environ[key] for key in _KEPT if key in os.environ}
        env |= {"HOME": str(folders["home"]), "CHAOS_OTEL_STATE_DIR": str(folders["state"])}
        env |= _runtime(folders["runtime"])
        beside = Path(sys.executable).with_name("chaos-otel")
        command = str(beside) if beside.exists() else shutil.which("chaos-otel") or "chaos-otel"
        yield Place(folders["work"], env, command, _compiled(base / "stamp"))


def _compiled(program: Path) -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit(
            "bench needs a C compiler as cc, to see a command's first instruction: apt install gcc"
        )
    subprocess.run([compiler, "-O2", "-o", program, _STAMP], check=True)
    return str(program)


def _runtime(fallback: Path) -> dict[str, str]:
    """The inbox belongs in memory: without a runtime folder of the user's it is /dev/shm."""
    return {} if os.access("/dev/shm", os.W_OK) else {"XDG_RUNTIME_DIR": str(fallback)}
