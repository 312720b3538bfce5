"""Nothing leaves the machine before somebody has said so, on the installed command."""

from __future__ import annotations

import json
import os
import re
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pexpect
import pytest
from tests.e2e.installed import Installed, is_free, wait_for
from tests.e2e.recorded import Recorded, recording
from tests.e2e.shells import need

# names that nobody may look up, for the whole family and for one signal
CONFIGURED = {
    "TELEMETRY_ENDPOINT": "https://telemetry.invalid/v1/events",
    "TELEMETRY_API_KEY": "hunter2hunter2",
    "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.invalid:4318",
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "https://traces.invalid/v1/traces",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20hunter2hunter2",
}
_INTERNET = re.compile(r"AF_INET|AF_PACKET|resolv\.conf|/etc/hosts|systemd/resolve")


@pytest.fixture
def there() -> Iterator[Recorded]:
    """A collector and an endpoint in one."""
    with recording() as recorded:
        yield recorded


def _settled(chaos: Installed) -> None:
    wait_for(lambda: all(is_free(folder) for folder in chaos.state.glob("runs/*")))


def _waiting(chaos: Installed) -> list[Path]:
    return sorted(chaos.state.glob("runs/*/forward.json"))


def _delivered_run(chaos: Installed, *words: str) -> subprocess.CompletedProcess[bytes]:
    done = chaos.call("run", *words, "--export-wait", "60s", "--", "true")
    wait_for(lambda: not _waiting(chaos), seconds=90)
    return done


def _changes(chaos: Installed) -> list[dict[str, Any]]:
    lines = (chaos.state / "consents.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def _network(chaos: Installed, *words: str) -> list[str]:
    """What a call and all that it leaves behind did with sockets that are no local ones."""
    need("strace")
    trace = chaos.cwd / "trace"
    strace = ("strace", "-f", "-qq", "-s", "200", "-e", "trace=network,openat", "-o", str(trace))
    done = chaos.bare(*strace, chaos.command, *words)
    assert done.returncode == 0, done.stderr
    return [line for line in trace.read_text().splitlines() if _INTERNET.search(line)]


@pytest.mark.parametrize(
    "words",
    [
        ("run", "--", "true"),
        ("status",),
        ("consent", "show"),
        ("deliver",),
        ("config", "show"),
    ],
    ids=lambda words: " ".join(words),
)
def test_no_socket_and_no_look_up_before_consent(chaos: Installed, words: tuple[str, ...]) -> None:
    """With every variable set that names a destination: `run`, all that it leaves behind, and the
    commands that only look open no socket to any network and read nothing that names hosts."""
    chaos.env |= CONFIGURED
    assert _network(chaos, *words) == []


def test_with_consent_there_is_a_connection(chaos: Installed, there: Recorded) -> None:
    """The test above would see it."""
    chaos.env["CHAOS_OTEL_SCRAPE_INTERVAL"] = "100ms"  # for which a last snapshot waits
    lines = _network(chaos, "run", "--otlp", there.url, "--export-wait", "60s", "--", "true")
    port = there.url.rpartition(":")[2]
    assert any("connect(" in line and f"htons({port})" in line for line in lines)


def test_a_variable_is_no_consent_and_the_summary_says_so(chaos: Installed) -> None:
    """One line with the remedy, unless it is to be quiet; no token in any of it."""
    chaos.env |= CONFIGURED
    done = chaos.run("true")
    (line,) = [line for line in done.stderr.decode().splitlines() if "not sent" in line]
    assert "(and 2 more)" in line
    assert "chaos-otel consent grant" in line
    assert b"not sent" not in chaos.call("run", "--quiet", "--", "true").stderr
    told = chaos.call("status").stdout + chaos.call("status", "--json").stdout
    told += chaos.call("config", "show").stdout + chaos.call("config", "show", "--json").stdout
    assert b"hunter2" not in told + done.stderr
    assert b"chaos-otel consent grant" in told


def test_a_grant_lets_every_later_run_go_there(chaos: Installed, there: Recorded) -> None:
    """By URL, by whoever calls it; written down with time, means and pseudonym, and counted."""
    chaos.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = there.url
    chaos.run("true")
    _settled(chaos)
    assert there.requests == []
    granted = chaos.call("consent", "grant", there.url)
    assert granted.stdout.decode() == f"otlp {there.url}: granted\n"
    _delivered_run(chaos)
    assert there.span_names() == ["true", "true"]
    (change,) = _changes(chaos)
    assert (change["change"], change["said"]) == ("grant", "command")
    assert change["destination"] == f"otlp {there.url}"
    assert re.fullmatch(r"[0-9a-f]{16}", change["by"])
    assert stat.S_IMODE((chaos.state / "consents.jsonl").stat().st_mode) == 0o600
    assert "script.consent.changes" in {metric.name for metric in there.metrics()}


def test_one_kind_of_destination_is_not_the_other(chaos: Installed, there: Recorded) -> None:
    """The same address as an endpoint of documents and as a collector: two consents."""
    chaos.env |= {"OTEL_EXPORTER_OTLP_ENDPOINT": there.url, "TELEMETRY_ENDPOINT": there.url}
    assert chaos.call("consent", "grant", "endpoint", there.url).returncode == 0
    _delivered_run(chaos)
    assert len(there.documents()) == 1
    assert there.spans() == []


def test_revoking_empties_what_waits(chaos: Installed) -> None:
    """What waited is given up and counted, also of a run whose own flag was its consent; later runs
    wait for nothing."""
    dead = "http://127.0.0.1:9"
    chaos.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = dead
    chaos.call("consent", "grant", dead)
    chaos.run("true")
    chaos.call("run", "--otlp", dead, "--", "true")
    _settled(chaos)
    assert len(_waiting(chaos)) == 2
    revoked = chaos.call("consent", "revoke", dead)
    assert revoked.stdout.decode() == f"otlp {dead}: revoked; runs given up: 2\n"
    assert _waiting(chaos) == []
    chaos.run("true")
    _settled(chaos)
    assert _waiting(chaos) == []
    shown = json.loads(chaos.call("status", "--json").stdout)
    assert shown["dropped"] == {"revoked": 2}
    assert [one["change"] for one in _changes(chaos)] == ["grant", "revoke"]


def test_a_flag_is_consent_for_that_run_alone(chaos: Installed, there: Recorded) -> None:
    """Nothing is written down for good, and the next run without it goes nowhere."""
    _delivered_run(chaos, "--otlp", there.url, "--endpoint", f"{there.url}/events")
    assert there.span_names() == ["true", "true"]
    assert len(there.documents()) == 1
    before = len(there.requests)
    chaos.env["OTEL_EXPORTER_OTLP_ENDPOINT"] = there.url
    chaos.run("true")
    _settled(chaos)
    assert len(there.requests) == before
    assert not (chaos.state / "consents.jsonl").exists()


def test_tokens_arrive_and_are_nowhere_on_disk(chaos: Installed, there: Recorded) -> None:
    """Header and bearer token come with the requests; no file of the state folder holds them."""
    chaos.env |= {
        "OTEL_EXPORTER_OTLP_HEADERS": "authorization=Bearer%20hunter2hunter2",
        "TELEMETRY_API_KEY": "correcthorsebattery",
    }
    _delivered_run(chaos, "--otlp", there.url, "--endpoint", f"{there.url}/events")
    sent = {one.path: one.headers["authorization"] for one in there.requests}
    assert sent.pop("/events") == "Bearer correcthorsebattery"
    assert set(sent.values()) == {"Bearer hunter2hunter2"}
    for path in chaos.state.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"hunter2hunter2" not in data and b"correcthorse" not in data, path


def test_a_project_cannot_send_anything_anywhere(chaos: Installed, there: Recorded) -> None:
    """Neither define a destination nor consent to one."""
    (chaos.cwd / "chaos-otel.toml").write_text(
        f'otlp_endpoint = "{there.url}"\nendpoint = "{there.url}"\n'
        f'[destinations.x]\nurl = "{there.url}"\n[consent]\ngrant = ["otlp {there.url}"]\n'
    )
    done = chaos.run("true")
    _settled(chaos)
    assert there.requests == []
    assert b"chaos-otel.toml" in done.stderr


def test_who_is_asked_on_a_terminal_may_say_no(chaos: Installed, there: Recorded) -> None:
    """One by one; nobody to ask is wrong usage."""
    chaos.env |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": there.url,
        "TELEMETRY_ENDPOINT": f"{there.url}/events",
    }
    assert chaos.call("consent", "grant").returncode == 2
    with pexpect.spawn(
        chaos.command, ["consent", "grant"], env=_terminal(chaos), cwd=str(chaos.cwd), timeout=120
    ) as asked:
        asked.expect("otlp http.*N]:")
        asked.sendline("n")
        asked.expect("endpoint http.*N]:")
        asked.sendline("y")
        asked.expect(pexpect.EOF)
    assert [one["destination"] for one in _changes(chaos)] == [f"endpoint {there.url}/events"]
    shown = chaos.call("consent", "show").stdout.decode().splitlines()
    assert shown[0] == f"otlp {there.url}  not granted"
    assert shown[1].startswith(f"endpoint {there.url}/events  granted by ")
    assert chaos.call("consent", "show", "otlp", there.url).returncode == 1
    assert chaos.call("consent", "show", "endpoint", f"{there.url}/events").returncode == 0


def _terminal(chaos: Installed) -> os._Environ[str]:
    return chaos.env | {"TERM": "dumb"}  # type: ignore[return-value]


def test_the_host_may_grant_for_its_users(chaos: Installed, there: Recorded) -> None:
    """Root's /etc/chaos-otel/config.toml: its destination is used, its word is written down, a
    person's no beats it, and when it is taken back that is written down too."""
    etc = _HostFile(chaos)
    etc.write(f'[consent]\ngrant = ["otlp {there.url}"]\n[destinations.all]\nurl = "{there.url}"\n')
    etc.call("run", "--export-wait", "60s", "--", "true")
    wait_for(lambda: not _waiting(chaos), seconds=90)
    _settled(chaos)
    assert there.span_names() == ["true", "true"]
    assert "granted by this host" in etc.call("consent", "show").stdout.decode()
    etc.call("consent", "revoke", there.url)
    etc.call("run", "--", "true")
    _settled(chaos)
    assert len(there.spans()) == 2
    etc.write(f'[destinations.all]\nurl = "{there.url}"\n')
    etc.call("run", "--", "true")
    _settled(chaos)
    assert [(one["change"], one["said"]) for one in _changes(chaos)] == [
        ("grant", "host"),
        ("revoke", "command"),
        ("revoke", "host"),
    ]


class _HostFile:
    """An /etc of a test's own, for the processes it starts and no others."""

    def __init__(self, chaos: Installed) -> None:
        if os.geteuid() != 0:
            pytest.skip("only root can have an /etc of its own")
        self._chaos = chaos
        self._etc = chaos.cwd.parent / "etc"
        subprocess.run(["cp", "-a", "/etc", self._etc], check=True)
        self.path = self._etc / "chaos-otel" / "config.toml"
        self.path.parent.mkdir(exist_ok=True)
        self.path.parent.chmod(0o755)
        if self._inside("true").returncode:
            if os.environ.get("CI"):
                pytest.fail("this machine allows no mounts")
            pytest.skip("this machine allows no mounts")

    def write(self, text: str) -> None:
        self.path.write_text(text)
        self.path.chmod(0o644)

    def call(self, *words: str) -> subprocess.CompletedProcess[bytes]:
        done = self._inside(self._chaos.command, *words)
        assert done.returncode == 0, done.stderr
        return done

    def _inside(self, *command: str) -> subprocess.CompletedProcess[bytes]:
        script = 'mount --bind "$1" /etc && shift && exec "$@"'
        return self._chaos.bare("unshare", "-m", "sh", "-c", script, "sh", str(self._etc), *command)


def test_completion_offers_what_is_configured(chaos: Installed) -> None:
    """Names and URLs, and no look-up for it."""
    chaos.env |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://collector.invalid:4318",
        "_CHAOS_OTEL_COMPLETE": "bash_complete",
        "COMP_WORDS": "chaos-otel test-connection ",
        "COMP_CWORD": "2",
    }
    offered = chaos.bare(sys.executable, "-m", "chaos_otel").stdout.decode()
    assert "https://collector.invalid:4318" in offered


def test_a_script_without_a_wrapper_is_sent_with_consent_only(
    chaos: Installed, there: Recorded
) -> None:
    """`telemetry_init` opens a run of its own: the same rules hold for it."""
    chaos.env |= {"TELEMETRY_ENDPOINT": f"{there.url}/e", "CHAOS_OTEL_COMMAND": chaos.command}
    library = chaos.call("shell-lib").stdout.decode().strip()
    script = chaos.script(
        f"#!/bin/bash\n. '{library}'\ntelemetry_init shop v1\ntelemetry_step a -- true\n"
        "telemetry_flush\n"
    )
    chaos.bare(script)
    _settled(chaos)
    assert there.requests == []
    chaos.call("consent", "grant", f"{there.url}/e")
    chaos.bare(script)
    wait_for(lambda: there.documents(), seconds=90)
    wait_for(lambda: not _waiting(chaos), seconds=90)
    (document,) = there.documents()
    assert (document["script_name"], document["script_version"]) == ("shop", "v1")


def test_a_run_under_way_sends_no_more_after_a_revoke(chaos: Installed, there: Recorded) -> None:
    """What its flag allowed counts no more; the command does not notice."""
    gate = chaos.cwd / "gate"
    chaos.env["CHAOS_OTEL_FLUSH_INTERVAL"] = "100ms"
    script = chaos.script(
        '#!/bin/bash\n. "$(chaos-otel shell-lib)"\ntelemetry_step before -- true\n'
        f'until [ -e "{gate}" ]; do sleep 0.05; done\ntelemetry_step after -- true\nexit 7\n'
    )
    chaos.env["PATH"] = f"{Path(chaos.command).parent}:{chaos.env['PATH']}"
    with chaos.start("run", "--otlp", there.url, "--export-wait", "5s", "--", script) as running:
        wait_for(lambda: "before" in there.span_names(), seconds=90)
        assert chaos.call("consent", "revoke", "otlp", there.url).returncode == 0
        sent = len(there.requests)
        gate.touch()
        assert running.wait() == 7
    _settled(chaos)
    assert "after" not in there.span_names()
    assert len(there.requests) <= sent + 1  # one may have been on its way
    assert _waiting(chaos) == []
