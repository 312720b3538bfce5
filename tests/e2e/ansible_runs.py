"""Runs of real Ansible on this machine, and what its own recap says about them."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

from tests.e2e.installed import Installed

NEWEST = "2.19.14"
VERSIONS = ("2.16.19", NEWEST)

_ROW = re.compile(r"^(?P<host>\S+) +: (?P<counts>ok=.*)$", re.MULTILINE)
# as many hosts as a test wants, all of them this machine; one that nothing can connect to
_INVENTORY = """
[all]
a
b
c
[off]
gone ansible_connection=nowhere
[all:vars]
ansible_connection=local
"""
_NOWHERE = """
from ansible.errors import AnsibleConnectionFailure
from ansible.plugins.connection import ConnectionBase

DOCUMENTATION = "{name: nowhere, short_description: no connection, options: {}}"

class Connection(ConnectionBase):
    transport = "nowhere"
    def _connect(self, *_, **__):
        raise AnsibleConnectionFailure("nobody there")
    exec_command = put_file = fetch_file = _connect
    def close(self):
        pass
"""


class Totals(NamedTuple):
    """Of one host: what went well, what of that changed something, what failed."""

    ok: int
    changed: int
    failed: int


class Ansible:
    """ansible-playbook of one version; `chaos` runs it with us, and is the place for playbooks."""

    def __init__(self, bin_folder: Path, chaos: Installed) -> None:
        self.command = str(bin_folder / "ansible-playbook")
        self.python = str(bin_folder / "python")
        self.chaos = chaos
        (chaos.cwd / "connection_plugins").mkdir()
        self.file(_NOWHERE, "connection_plugins/nowhere.py")
        self.file(_INVENTORY, "hosts")
        chaos.env |= {
            "LC_ALL": "C.UTF-8",
            "ANSIBLE_INVENTORY": "hosts",
            "ANSIBLE_PYTHON_INTERPRETER": sys.executable,
            "ANSIBLE_REMOTE_TMP": str(chaos.cwd / "remote"),
            "ANSIBLE_ASYNC_DIR": str(chaos.cwd / "async"),
            "ANSIBLE_RETRY_FILES_ENABLED": "false",
        }

    def file(self, text: str, name: str = "site.yml") -> str:
        """Write a file into the working folder; its name."""
        (self.chaos.cwd / name).write_text(text)
        return name

    def run(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """`chaos-otel run --quiet -- ansible-playbook WORDS`."""
        return self.chaos.call("run", "--quiet", "--", self.command, *words)

    def bare(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        """`ansible-playbook WORDS`."""
        return self.chaos.bare(self.command, *words)

    def operations(self, host: str = "localhost") -> list[tuple[str, bool, bool]]:
        """Name, changed, success of each operation on a host, in order of completion."""
        return [
            (entry["operation"], entry["changed"], entry["success"])
            for entry in self.chaos.history(host)
        ]

    def entry(self, name: str, host: str = "localhost") -> dict[str, Any]:
        """The one operation of that name on a host."""
        (found,) = [one for one in self.chaos.history(host) if one["operation"] == name]
        return found

    def ended(self, name: str) -> dict[str, Any]:
        """The record of the end of the one operation of that name, with its attributes."""
        (found,) = [one for one in self.chaos.records("operation.ended") if one["name"] == name]
        return found

    def reported(self) -> dict[str, Totals]:
        """The totals of our report, by host."""
        return {
            name: Totals(
                host["successful_operations"],
                host["changed_operations"],
                host["failed_operations"],
            )
            for name, host in self.chaos.report()["hosts"].items()
        }


def recap(stdout: bytes) -> dict[str, Totals]:
    """The totals of the last recap, since it counts on from playbook to playbook; hosts
    without any are left out."""
    found: dict[str, Totals] = {}
    for row in _ROW.finditer(stdout.decode()):
        counts = {key: int(count) for key, count in re.findall(r"(\w+)=(\d+)", row["counts"])}
        failed = counts["failed"] + counts["unreachable"]
        found[row["host"]] = Totals(counts["ok"], counts["changed"], failed)
    assert found, "Ansible gave no recap"
    return {host: totals for host, totals in found.items() if any(totals)}
