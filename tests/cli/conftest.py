"""The installed command, and a place of its own to call it in."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest

COMMAND = Path(sys.executable).parent / "chaos-otel"


class Caller:
    """Calls `chaos-otel` in a project's folder, with a home that is nobody's."""

    def __init__(self, root: Path) -> None:
        self.project = root / "project"
        self.home = root / "home"
        self.state = self.home / ".local" / "state" / "chaos-otel"
        self.project.mkdir()
        self.home.mkdir()
        self.variables = {
            "HOME": str(self.home),
            "PATH": f"{COMMAND.parent}:{os.environ['PATH']}",
            "LC_ALL": "C.UTF-8",
        }

    def __call__(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        return self.python("-m", "chaos_otel", *words, **variables)

    def python(self, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
        """The same place, any Python."""
        return self.run([sys.executable, *words], **variables)

    def run(self, command: Sequence[str], **variables: str) -> subprocess.CompletedProcess[str]:
        """The same place, any command."""
        return subprocess.run(
            command,
            cwd=self.project,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=120,
        )


@pytest.fixture
def call(tmp_path: Path) -> Caller:
    return Caller(tmp_path)
