"""examples/ansible does what it says: with us, and without."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tests.e2e.ansible_runs import NEWEST, Ansible, recap
from tests.e2e.installed import Installed
from tests.e2e.tool_venv import tool_venv

EXAMPLE = Path(__file__).parents[2] / "examples" / "ansible"
WORDS = ("-i", "inventory.ini", "site.yml")


@pytest.fixture
def ansible(chaos: Installed) -> Ansible:
    """The newest version, in a copy of the example."""
    shutil.copytree(EXAMPLE, chaos.cwd, dirs_exist_ok=True)
    ansible = Ansible(tool_venv(f"ansible-core=={NEWEST}"), chaos)
    chaos.env["DB_PASSWORD"] = "correct-horse-battery"
    return ansible


def test_the_playbook_is_reported_by_host(ansible: Ansible) -> None:
    """Three hosts; a loop, a role, a handler, retries, a rescue, and what no_log hides."""
    done = ansible.run(*WORDS)
    assert done.returncode == 0, done.stdout
    assert ansible.reported() == recap(done.stdout)
    assert ansible.operations("db-1") == [
        ("Make its folder", True, True),
        ("Migrate", True, True),
        ("Set the password", True, True),
    ]
    assert ansible.operations("web-1") == ansible.operations("web-2")
    assert ansible.operations("web-1") == [
        ("service : Make the folder", True, True),
        ("service : Write the settings", True, True),
        ("Ask whether it answers", False, True),
        ("There was none", False, True),
        ("service : Restart", False, True),
    ]
    asked = ansible.entry("Ask whether it answers", "web-1")
    assert (asked["stdout"], asked["retry_statistics"]["retry_attempts"]) == ("asked 3", 2)
    assert "correct-horse" not in ansible.chaos.journals()[-1].read_text()


def test_deployed_without_us(ansible: Ansible) -> None:
    """The same playbook, no report."""
    done = ansible.bare(*WORDS)
    assert done.returncode == 0, done.stdout
    assert (ansible.chaos.cwd / "target/db-1/schema").read_text() == "1\n2\n"
    assert not (ansible.chaos.cwd / "chaos_report.json").exists()
