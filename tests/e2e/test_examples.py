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


def test_the_deployment_is_reported_step_by_step(installed: Installed) -> None:
    """Four steps with their own output; two changed something; one was retried until it worked."""
    done = installed.run(str(DEPLOY), "target")
    assert done.returncode == 0, done.stderr
    history = installed.history()
    assert [entry["operation"] for entry in history] == ["build", "copy", "migrate", "check"]
    assert [entry["changed"] for entry in history] == [False, True, True, False]
    assert all(entry["success"] for entry in history)
    assert history[2]["stdout"] == "schema 0 -> 3, 2 products\n"
    retries = history[3]["retry_statistics"]["retry_info"]
    assert (retries["retry_attempts"], retries["retry_succeeded"]) == (2, True)
    assert (installed.cwd / "target" / "shop.db").exists()


def test_deployed_again_nothing_is_copied(installed: Installed) -> None:
    """A step that finds all as it should be changed nothing."""
    for _ in range(2):
        assert installed.run(str(DEPLOY), "target").returncode == 0
    copy, migrate = installed.history()[1:3]
    assert (copy["changed"], copy["stdout"]) == (False, "nothing to copy\n")
    assert (migrate["changed"], migrate["stdout"]) == (False, "unchanged, 2 products\n")


@pytest.mark.parametrize("step", ["build", "copy", "migrate", "check"])
def test_it_fails_when_asked_to(installed: Installed, step: str) -> None:
    """The step that failed stands in the report with what it said, and nothing ran after it."""
    installed.env["FAIL"] = step
    done = installed.run(str(DEPLOY), "target")
    assert done.returncode == 1
    last = installed.history()[-1]
    assert (last["operation"], last["success"]) == (step, False)
    assert f"{step}: failed, as FAIL={step} asked for" in last["stderr"]
    assert installed.report()["summary"]["status"] == "failure"


def test_without_us_it_deploys_all_the_same(installed: Installed) -> None:
    """No wrapper and no library: the script goes on."""
    installed.env["PATH"] = "/usr/bin:/bin"
    done = installed.bare(str(DEPLOY), "target")
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(b"the shop answers\n")
    assert not (installed.cwd / "chaos_report.json").exists()
