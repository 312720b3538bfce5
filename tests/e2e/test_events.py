"""The event document that a run leaves behind: `--events PATH`."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from tests.e2e.installed import Installed, is_free, wait_for
from tests.e2e.recorded import recording
from tests.e2e.shells import LIBRARY
from tests.exporters.test_event_document import SCHEMA

SCRIPT = f"""#!/bin/sh
. {LIBRARY}
telemetry_init deploy-service v1.0.0
telemetry_add_tag service auth-service
telemetry_start_timer migrate
telemetry_track_info migrate "12 tables"
telemetry_track_success migrate
telemetry_start_timer copy
telemetry_track_warning copy "slow disk"
telemetry_track_error copy "no space left"
telemetry_record_metric rows 1200
telemetry_record_metric execution_time 42
telemetry_flush
"""


@pytest.fixture
def chaos(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def document(path: Path) -> dict[str, Any]:
    """A document that is valid for everybody."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    Draft202012Validator(SCHEMA).validate(found)
    return found


def said(found: dict[str, Any]) -> list[tuple[str, str]]:
    return [(event["type"], event["message"]) for event in found["events"]]


def test_a_script_says_what_it_did(chaos: Installed) -> None:
    """Its name, version, tags, metrics, events and errors, beside what was measured."""
    script = chaos.script(SCRIPT)
    done = chaos.call("run", "--events", "events.json", "--environment", "production", "--", script)
    path = chaos.cwd / "events.json"
    assert done.returncode == 0
    assert f"events    {path}" in done.stderr.decode()
    assert path.stat().st_mode & 0o777 == 0o600
    found = document(path)
    (started,) = chaos.records("run.started")
    assert found["execution_id"].replace("-", "") == started["run_id"]
    assert found["user_id"] == started["attributes"]["user.hash"]
    assert (found["script_name"], found["script_version"]) == ("deploy-service", "v1.0.0")
    assert found["environment"] == "production"
    assert found["tags"] == {"service": "auth-service"}
    assert (found["metrics"]["rows"], found["metrics"]["execution_time"]) == (1200, 42)
    assert found["metrics"]["disk_usage"] > 0
    assert said(found) == [
        ("info", "12 tables"),
        ("success", "migrate succeeded"),
        ("warning", "slow disk"),
        ("error", "no space left"),
        ("success", "deploy-service succeeded"),
    ]
    (error,) = found["errors"]
    assert (error["operation"], error["message"]) == ("copy", "no space left")


def test_a_variable_asks_for_it(chaos: Installed) -> None:
    """`CHAOS_OTEL_EVENTS`; without it, and without the option, nothing is written."""
    chaos.run("true")
    assert not (chaos.cwd / "events.json").exists()
    chaos.env["CHAOS_OTEL_EVENTS"] = "events.json"
    assert chaos.run("sh", "-c", "echo words >&2; exit 3").returncode == 3
    (error,) = document(chaos.cwd / "events.json")["errors"]
    assert (error["type"], error["message"]) == ("exit_3", "sh failed (exit_3): words")


def test_a_script_without_a_wrapper(chaos: Installed) -> None:
    """The same, when the script has ended."""
    chaos.env["CHAOS_OTEL_EVENTS"] = str(chaos.cwd / "events.json")
    chaos.env["CHAOS_OTEL_COMMAND"] = chaos.command
    assert chaos.bare(chaos.script(SCRIPT)).returncode == 0
    path = chaos.cwd / "events.json"
    wait_for(lambda: path.exists() and chaos.journals() and is_free(chaos.journals()[-1].parent))
    found = document(path)
    assert found["script_name"] == "deploy-service"
    assert ("error", "no space left") in said(found)


def test_no_secret_is_in_it(chaos: Installed) -> None:
    """It comes from the journal, where there is none."""
    script = chaos.script(SCRIPT.replace("12 tables", "password=$DB_PASSWORD"))
    chaos.env["DB_PASSWORD"] = "hunter2hunter2"
    chaos.call("run", "--events", "events.json", "--tag", "key=hunter2hunter2", "--", script)
    text = (chaos.cwd / "events.json").read_text()
    assert "hunter2" not in text
    assert "slow disk" in text


@pytest.mark.parametrize("bad", ["missing/events.json", "folder", "link"])
def test_a_bad_place_costs_a_line(chaos: Installed, bad: str) -> None:
    """The command's status and the report are what they would be; what was there stays."""
    (chaos.cwd / "folder").mkdir()
    (chaos.cwd / "target").write_text("precious")
    (chaos.cwd / "link").symlink_to("target")
    done = chaos.call("run", "--events", bad, "--", "sh", "-c", "exit 4")
    assert done.returncode == 4
    line = done.stderr.decode().splitlines()[0]
    assert line.startswith("chaos-otel: cannot write the event document")
    assert "--events" in line
    assert chaos.report()["summary"]["total_operations"] == 1
    assert (chaos.cwd / "target").read_text() == "precious"


def test_deliver_writes_what_could_not_be_written(chaos: Installed) -> None:
    """Once its folder is there; and delivering again gives the same, byte for byte."""
    chaos.call("run", "--events", "later/events.json", "--", "sh", "-c", "exit 4")
    path = chaos.cwd / "later" / "events.json"
    path.parent.mkdir()
    assert chaos.call("deliver").returncode == 0
    first = path.read_bytes()
    assert document(path)["errors"][0]["type"] == "exit_4"
    path.unlink()
    run_id = chaos.journals()[-1].parent.name
    assert chaos.call("deliver", run_id).returncode == 0
    assert path.read_bytes() == first


def test_a_place_that_stays_bad_is_told_once_more(chaos: Installed) -> None:
    """The next run puts the document into its run's folder; then nothing more is said of it."""
    chaos.call("run", "--events", "missing/events.json", "--", "sh", "-c", "exit 4")
    aside = chaos.journals()[0].parent / "event_document.json"
    again = chaos.run("true").stderr.decode()
    assert f"it lies in {aside}" in again
    assert document(aside)["errors"][0]["type"] == "exit_4"
    assert "missing" not in chaos.run("true").stderr.decode()


def test_a_later_document_is_not_replaced(chaos: Installed) -> None:
    """What is delivered too late lies in its run's folder."""
    for code in (5, 6):
        chaos.call("run", "--events", "events.json", "--", "sh", "-c", f"exit {code}")
    folder = chaos.journals()[0].parent
    assert chaos.call("deliver", folder.name).returncode == 0
    assert document(chaos.cwd / "events.json")["errors"][0]["type"] == "exit_6"
    assert document(folder / "event_document.json")["errors"][0]["type"] == "exit_5"


def test_an_endpoint_gets_the_same_document(chaos: Installed) -> None:
    """Byte for byte what the file has, once, with the token, in an array of one."""
    chaos.env["TELEMETRY_API_KEY"] = "t0k3n-of-the-endpoint"
    with recording() as server:
        url = f"{server.url}/v1/events"
        done = chaos.call(
            "run", "--events", "events.json", "--endpoint", url, "--", chaos.script(SCRIPT)
        )
        assert done.returncode == 0
        chaos.call("deliver")  # where the machine was too slow for the run's own budget
        (request,) = server.requests
    assert request.path == "/v1/events"
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert headers["authorization"] == "Bearer t0k3n-of-the-endpoint"
    assert headers["idempotency-key"]
    assert server.documents() == [document(chaos.cwd / "events.json")]
    assert b"t0k3n" not in b"".join(one.read_bytes() for one in chaos.state.rglob("*.json*"))


def test_recover_writes_it(chaos: Installed) -> None:
    """Of a run that nobody was left to close."""
    script = chaos.script("#!/bin/sh\necho early\nexec sleep 600\n")
    run = chaos.start("run", "--events", "events.json", "--", script)
    said = b'"kind":"output"'
    wait_for(lambda: chaos.journals() and said in chaos.journals()[0].read_bytes())
    for process in _processes(chaos.runtime.as_posix().encode()):
        os.kill(process, signal.SIGKILL)
    run.kill()
    os.kill(chaos.records("process.started")[0]["pid"], signal.SIGKILL)
    run.wait()
    folder = chaos.journals()[-1].parent
    wait_for(lambda: is_free(folder))
    chaos.call("recover")
    (error,) = document(chaos.cwd / "events.json")["errors"]
    assert error["type"] == "interrupted"


def _processes(word: bytes) -> list[int]:
    """Those of `deliver` for this world."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                line = (folder / "cmdline").read_bytes()
            except OSError:
                continue
            if b"chaos_otel.pipeline.deliver" in line and word in line:
                found.append(int(folder.name))
    return found
