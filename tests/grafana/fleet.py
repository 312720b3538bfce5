"""A morning of deployments on one machine: real scripts, real tools, what goes well and what not.

Nothing here is measured; `test_scenario.py` asks Prometheus what came of it.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Final

from tests.e2e.ansible_runs import NEWEST as ANSIBLE
from tests.e2e.ansible_runs import Ansible
from tests.e2e.installed import Installed
from tests.e2e.pyinfra_runs import NEWEST as PYINFRA
from tests.e2e.pyinfra_runs import Pyinfra, Totals
from tests.e2e.tool_venv import tool_venv
from tests.exporters.servers import OtlpServer, Received

HEAD: Final = '#!/bin/bash\n. "$(chaos-otel shell-lib)"\ntelemetry_init "$(basename "$0")" v1.2.0\n'
DEPLOY: Final = (
    HEAD + 'telemetry_step unpack -- sleep 0.2\necho unpacked\ntelemetry_flush\nexit "${1:-0}"\n'
)
BACKUP: Final = HEAD + (
    "attempt() { echo x >>tries; test $(($(wc -l <tries) % 3)) = 0; }\n"
    "telemetry_retry 3 upload -- attempt\ntelemetry_flush\n"
)
BROKEN: Final = HEAD + (
    'telemetry_retry 2 migrate -- false || status=$?\ntelemetry_flush\nexit "${status:-0}"\n'
)
SLOW: Final = HEAD + "telemetry_step aggregate -- sleep 3\ntelemetry_flush\n"
SENT: Final = HEAD + (
    "for step in fetch poison ship; do telemetry_step $step -- true; done\ntelemetry_flush\n"
)
LEAKY: Final = HEAD + (
    "telemetry_start_timer dump\n"
    "echo password=t0p-s3cret\nseq 1 20000\ndd if=/dev/zero of=big bs=1M count=8 conv=fsync\n"
    "telemetry_track_success dump\n"
    'printf "no record of ours\\n" >>"$CHAOS_OTEL_INBOX"\ntelemetry_flush\n'
)
SITE: Final = """
- hosts: localhost
  gather_facts: false
  tasks:
    - name: Greet
      command: echo hello
    - name: Look
      command: "true"
      changed_when: false
    - name: Stumble
      command: "false"
      ignore_errors: true
"""
MACHINES: Final = """
from pyinfra.operations import files, server
files.directory(name="Make a folder", path="made")
server.shell(
    name="Restart", commands=["echo x >>starts; test $(wc -l <starts) -ge 2"],
    _retries=3, _retry_delay=0,
)
server.shell(name="Hopeless", commands=["false"], _ignore_errors=True)
"""
# how many runs of a script succeed and fail
DEPLOYS: Final = (6, 2)
BACKUPS: Final = 2
BREAKS: Final = 3


class Fleet:
    """The machine: `chaos` is its chaos-otel."""

    def __init__(self, chaos: Installed) -> None:
        self.chaos = chaos
        self.machines = Totals(0, 0, 0, 0)
        self.began_s = time.time()
        # what a collector was sent
        self.sent: list[Received] = []
        chaos.env |= {
            # new series are held at 0 for two seconds, which a scrape each second sees
            "CHAOS_OTEL_SCRAPE_INTERVAL": "1",
            "CHAOS_OTEL_OUTPUT_LIMIT": "4096",
            "PATH": f"{chaos.command.rpartition('/')[0]}:{chaos.env['PATH']}",
        }
        self._commit()

    def morning(self) -> None:
        """All that is over when it returns."""
        for status in (0, 0, 3, 0, 0, 0, 0):
            self._run("production", "deploy.sh", DEPLOY, str(status))
        for _ in range(BACKUPS):
            self._run("staging", "backup.sh", BACKUP)
        for _ in range(BREAKS):
            self._run("staging", "broken.sh", BROKEN)
        self._run("staging", "never.sh", "#!/bin/sh\nexec sleep 100\n", options=("--timeout", "1"))
        self._run("production", "report.sh", SLOW)
        self._run("production", "leaky.sh", LEAKY)
        self._at_night()
        self._tools()
        self._destinations()

    @contextmanager
    def one_under_way(self) -> Iterator[None]:
        """A run that lasts until the end of the block."""
        script = self.chaos.script(HEAD + "read -r _\ntelemetry_flush\n", "watch.sh")
        words = ("run", "--quiet", "--environment", "production", "--", script)
        run = self.chaos.start(*words, stdin=subprocess.PIPE)
        try:
            yield
        finally:
            run.communicate(b"\n")

    def _run(
        self, environment: str, name: str, text: str, *words: str, options: tuple[str, ...] = ()
    ) -> None:
        script = self.chaos.script(text, name)
        self.chaos.call(
            "run", "--quiet", "--environment", environment, *options, "--", script, *words
        )

    def _commit(self) -> None:
        """The scripts lie in a repository, so that a revision can be recorded."""
        identity = ("-c", "user.name=a", "-c", "user.email=a@example.org")
        for words in (("init", "-q"), (*identity, "commit", "-q", "--allow-empty", "-m", "one")):
            subprocess.run(["git", *words], cwd=self.chaos.cwd, check=True, env=self.chaos.env)

    def _at_night(self) -> None:
        """A run in a time zone where it is three o'clock at night."""
        west = (time.gmtime().tm_hour - 3) % 24
        self.chaos.env["TZ"] = f"NIGHT{west}"
        self._run("production", "cleanup.sh", DEPLOY)
        del self.chaos.env["TZ"]

    def _tools(self) -> None:
        self.chaos.env["CHAOS_OTEL_ENVIRONMENT"] = "production"
        pyinfra = Pyinfra(tool_venv(f"pyinfra=={PYINFRA}", "setuptools<80"), self.chaos)
        pyinfra.run("@local", pyinfra.file(MACHINES), "-y")
        self.machines = pyinfra.reported()
        ansible = Ansible(tool_venv(f"ansible-core=={ANSIBLE}"), self.chaos)
        ansible.run(ansible.file(SITE))
        del self.chaos.env["CHAOS_OTEL_ENVIRONMENT"]

    def _destinations(self) -> None:
        """One that takes everything, one that refuses some records, and one that is not there."""
        self.chaos.script(SENT, "sent.sh")
        with ExitStack() as servers:
            healthy = servers.enter_context(OtlpServer("healthy"))
            picky = servers.enter_context(OtlpServer("refuse:poison"))
            gone = servers.enter_context(OtlpServer("refused"))
            self.chaos.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = healthy.url
            self.chaos.call("consent", "grant", "--yes")
            self.chaos.call("run", "--quiet", "--export-wait", "20s", "--", "./sent.sh")
            self._run("production", "deploy.sh", DEPLOY, "4", options=("--export-wait", "20s"))
            self.sent = list(healthy.taken)
            self.chaos.call("consent", "revoke", "--yes")
            del self.chaos.env["OTEL_EXPORTER_OTLP_ENDPOINT"]
            for server in (picky, gone):
                words = ("run", "--quiet", "--otlp", server.url, "--export-wait", "5s")
                self.chaos.call(*words, "--", "./sent.sh")
