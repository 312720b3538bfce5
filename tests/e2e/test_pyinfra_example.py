"""examples/pyinfra does what it says: with us, and without."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.e2e.installed import Installed
from tests.e2e.pyinfra_runs import NEWEST, Pyinfra, recap
from tests.e2e.tool_venv import tool_venv

EXAMPLE = Path(__file__).parents[2] / "examples" / "pyinfra"


@pytest.fixture
def pyinfra(chaos: Installed) -> Pyinfra:
    """The newest version, in a copy of the example."""
    shutil.copytree(EXAMPLE, chaos.cwd, dirs_exist_ok=True)
    return Pyinfra(tool_venv(f"pyinfra=={NEWEST}", "setuptools<80"), chaos)


def test_the_deploy_is_reported_by_host(pyinfra: Pyinfra) -> None:
    """Three hosts; unchanged, nested, retried and ignored operations on the one that is real."""
    done = pyinfra.run("inventory.py", "deploy.py", "-y")
    assert done.returncode == 0, done.stderr
    assert pyinfra.reported() == recap(done.stderr)
    assert set(pyinfra.report()["hosts"]) == {"@local", "@fake/web-1", "@fake/web-2"}
    assert pyinfra.operations() == [
        ("Make the folder", True, True),
        ("Write the settings", True, True),
        ("Write them again", False, True),
        ("Migration 1", True, True),
        ("Migration 2", True, True),
        ("Migrate", True, True),
        ("Ask whether it answers", True, True),
        ("Remove the old release", False, False),
    ]
    *_, asked, removed = pyinfra.history()
    assert asked["stdout"] == "asked 3"
    assert asked["retry_statistics"]["retry_attempts"] == 2
    assert "target/old" in removed["stderr"]


def test_deployed_without_us(pyinfra: Pyinfra) -> None:
    """The same deploy, no report."""
    done = pyinfra.bare("inventory.py", "deploy.py", "-y")
    assert done.returncode == 0, done.stderr
    assert (pyinfra.chaos.cwd / "target" / "schema").read_text() == "1\n2\n"
    assert not (pyinfra.chaos.cwd / "chaos_report.json").exists()
