"""Every example does what it says: with us, and without."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.installed import Installed

DEPLOY = Path(__file__).parents[2] / "examples" / "shell" / "deploy.sh"


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own, found on PATH as the example wants it."""
    installed = Installed(tmp_path)
    installed.env["PATH"] = f"{Path(installed.command).parent}:{installed.env['PATH']}"
    return installed


STEPS = [
    "compile",
    "pack",
    "build",
    "copy",
    "migrate",
    "warm the cache",
    "check",
    "switch",
]


def test_the_deployment_is_reported_step_by_step(installed: Installed) -> None:
    """Each step with its own output; three changed something; one was retried until it worked."""
    done = installed.run(str(DEPLOY), "target")
    assert done.returncode == 0, done.stderr
    history = installed.history()
    assert [entry["operation"] for entry in history] == STEPS
    changed = [entry["operation"] for entry in history if entry["changed"]]
    assert changed == ["copy", "migrate", "switch"]
    assert all(entry["success"] for entry in history)
    assert history[0]["stdout"] == "compiled 4 files\n"
    assert history[4]["stdout"].endswith("the schema is at 3, 3 migrations were due\n")
    retries = history[5]["retry_statistics"]["retry_info"]
    assert (retries["retry_attempts"], retries["retry_succeeded"]) == (1, True)
    assert history[5]["stderr"] == "cache: connection reset\n"
    assert (installed.cwd / "target" / "current" / "VERSION").read_text() == "1.4.2\n"


def test_deployed_again_nothing_is_migrated_or_switched(installed: Installed) -> None:
    """A step that finds all as it should be changed nothing."""
    for _ in range(2):
        assert installed.run(str(DEPLOY), "target").returncode == 0
    changed = [entry["operation"] for entry in installed.history() if entry["changed"]]
    assert changed == ["copy"]


def test_it_fails_when_asked_to(installed: Installed) -> None:
    """The step that failed stands in the report with what it said, and nothing ran after it."""
    done = installed.run(str(DEPLOY), "--fail", "target")
    assert done.returncode == 3
    last = installed.history()[-1]
    assert (last["operation"], last["success"]) == ("check", False)
    assert last["stderr"] == "the release answers 503\n"
    assert installed.report()["summary"]["status"] == "failure"
    assert not (installed.cwd / "target" / "current").exists()


def test_without_us_it_deploys_all_the_same(installed: Installed) -> None:
    """No wrapper and no command of ours: the script goes on."""
    installed.env["PATH"] = "/usr/bin:/bin"
    done = installed.bare(str(DEPLOY), "target")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(b"current is now releases/1.4.2\n")
    assert not (installed.cwd / "chaos_report.json").exists()
