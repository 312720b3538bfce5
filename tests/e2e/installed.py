"""The installed command in a world of its own: a test's home, state, runtime and work folders."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_KEPT = ("PATH", "LANG", "LC_ALL", "TERM", "CI", "PYTHONPATH", "TMPDIR")


class Installed:
    """Runs `chaos-otel` as its users do. `env` may be changed before a run."""

    def __init__(self, base: Path) -> None:
        self.cwd = base / "work"
        self.home = base / "home"
        self.runtime = base / "runtime"
        self.state = base / "state"
        for folder in (self.cwd, self.home, self.runtime):
            folder.mkdir()
        self.runtime.chmod(0o700)
        self.env = {name: os.environ[name] for name in _KEPT if name in os.environ}
        self.env |= {
            "HOME": str(self.home),
            "XDG_RUNTIME_DIR": str(self.runtime),
            "CHAOS_OTEL_STATE_DIR": str(self.state),
        }
        beside = Path(sys.executable).with_name("chaos-otel")
        self.command = (
            str(beside) if beside.exists() else shutil.which("chaos-otel") or "chaos-otel"
        )

    def call(self, *words: str | bytes, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """`chaos-otel WORDS`, its output caught."""
        return subprocess.run([self.command, *words], **self._popen(options), check=False)

    def run(self, *command: str | bytes, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """`chaos-otel run -- COMMAND`."""
        return self.call("run", "--", *command, **options)

    def bare(self, *command: str | bytes, **options: Any) -> subprocess.CompletedProcess[bytes]:
        """The same command without us."""
        return subprocess.run(command, **self._popen(options), check=False)

    def start(self, *words: str | bytes, **options: Any) -> subprocess.Popen[bytes]:
        """Begin `chaos-otel WORDS` and go on."""
        return subprocess.Popen([self.command, *words], **self._popen(options))

    def report(self, name: str = "chaos_report.json") -> dict[str, Any]:
        """The report in the working folder."""
        document: dict[str, Any] = json.loads((self.cwd / name).read_text())
        return document

    def history(self, host: str = "@local") -> list[dict[str, Any]]:
        """The report's operations of one host."""
        entries: list[dict[str, Any]] = self.report()["hosts"][host]["history"]
        return entries

    def journals(self) -> list[Path]:
        """All journals, the oldest run's first."""
        return sorted(self.state.glob("runs/*/journal.jsonl"))

    def records(self, kind: str = "") -> list[dict[str, Any]]:
        """The records of the last run, or those of one kind."""
        lines = self.journals()[-1].read_text().splitlines()
        records = [json.loads(line)["r"] for line in lines]
        return [record for record in records if kind in ("", record["kind"])]

    def script(self, text: str, name: str = "deploy.sh") -> str:
        """Write an executable script into the working folder; its path."""
        path = self.cwd / name
        path.write_text(text)
        path.chmod(0o755)
        return str(path)

    def _popen(self, options: Mapping[str, Any]) -> dict[str, Any]:
        defaults: dict[str, Any] = {
            "cwd": self.cwd,
            "env": self.env,
            "stdin": subprocess.DEVNULL,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.PIPE,
        }
        return defaults | dict(options)


def wait_for(condition: Callable[[], Any], *, seconds: float = 240.0) -> Any:
    """Wait until the condition gives something true, and return that."""
    until = time.monotonic() + seconds
    while True:
        found = condition()
        if found:
            return found
        assert time.monotonic() < until, f"nothing within {seconds} s"
        time.sleep(0.02)


def is_free(folder: Path) -> bool:
    """Whether nobody works on the run in this folder any more."""
    with open(folder / "lock") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
    return True
