"""Runs of real pyinfra, and what its own recap says about them."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e.installed import Installed, wait_for

NEWEST = "3.10.0"
VERSIONS = ("3.0", "3.4.1", NEWEST)

_ROW = re.compile(r"^    (?P<name>\S.*?) {2,}(\d+|-) +(\d+|-) +(\d+|-) +(\d+|-) *$", re.MULTILINE)


class Totals(NamedTuple):
    """Operations, each host counted by itself."""

    total: int
    changed: int
    failed: int
    unchanged: int


class Pyinfra:
    """pyinfra of one version; `chaos` runs it with us, and is the place for deploy files."""

    def __init__(self, bin_folder: Path, chaos: Installed) -> None:
        self.command = str(bin_folder / "pyinfra")
        self.python = str(bin_folder / "python")
        self.chaos = chaos
        # the simulated hosts of newer versions answer at once
        chaos.env |= {"PYINFRA_FAKE_DELAY": "0", "PYINFRA_FAKE_DELAY_JITTER": "0"}

    def file(self, text: str, name: str = "deploy.py") -> str:
        """Write a deploy file into the working folder; its name."""
        (self.chaos.cwd / name).write_text(text)
        return name

    def run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """`chaos-otel run --quiet -- pyinfra WORDS`."""
        return self.chaos.call("run", "--quiet", "--", self.command, *words)

    def bare(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """`pyinfra WORDS`."""
        return self.chaos.bare(self.command, *words)

    def report(self) -> dict[str, Any]:
        """The report of the last run, which a busy machine may write after the command has left."""
        folder = self.chaos.journals()[-1].parent
        wait_for((folder / "delivered").exists, seconds=200)
        return self.chaos.report()

    def history(self, host: str = "@local") -> list[dict[str, Any]]:
        """The report's operations of one host."""
        entries: list[dict[str, Any]] = self.report()["hosts"][host]["history"]
        return entries

    def operations(self, host: str = "@local") -> list[tuple[str, bool, bool]]:
        """Name, changed, success of each operation on a host, in order of completion."""
        return [
            (entry["operation"], entry["changed"], entry["success"]) for entry in self.history(host)
        ]

    def reported(self) -> Totals:
        """The totals of our report."""
        summary = self.report()["summary"]
        total, failed = summary["total_operations"], summary["failed_operations"]
        changed = summary["changed_operations"]
        return Totals(total, changed, failed, total - changed - failed)


def answered(
    run: Callable[[], subprocess.CompletedProcess[bytes]],
) -> subprocess.CompletedProcess[bytes]:
    """A run that heard how its report went, before it left: a busy machine may need several."""
    for _ in range(9):
        done = run()
        if b"the report is not written yet" not in done.stderr:
            return done
    return run()


def recap(stderr: bytes) -> Totals:
    """The totals of pyinfra's recap: its rows added up, since 3.0 has no grand total."""
    text = stderr.decode().partition("--> Results:")[2]
    rows = [row.groups()[1:] for row in _ROW.finditer(text) if row["name"] != "Grand total"]
    assert rows, "pyinfra gave no recap"
    return Totals(
        *(sum(int(cell) for cell in column if cell != "-") for column in zip(*rows, strict=True))
    )
