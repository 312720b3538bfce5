"""`chaos-otel status`: what is told, and that no secret is."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.installed import is_free, wait_for

from .conftest import Caller

DEAD = "http://127.0.0.1:9"
SECRETS = {
    "OTEL_EXPORTER_OTLP_ENDPOINT": "http://user:hunter2@127.0.0.1:9",
    "OTEL_EXPORTER_OTLP_HEADERS": "authorization=hunter2",
    "TELEMETRY_ENDPOINT": "https://user:hunter2@t.invalid/e",
    "TELEMETRY_API_KEY": "hunter2",
}


def _run(call: Caller, *words: str, **variables: str) -> None:
    """A run and all that it leaves behind, however slow the machine is."""
    call("run", *words, **variables)
    wait_for(lambda: all(is_free(folder) for folder in call.state.glob("runs/*")))


def _tried(call: Caller, **variables: str) -> dict[str, Any]:
    """What is told once the only destination has been tried."""

    def told() -> dict[str, Any] | None:
        status: dict[str, Any] = json.loads(call("status", "--json", **variables).stdout)
        return status if status["destinations"][0]["state"]["last_error"] else None

    found: dict[str, Any] = wait_for(told)
    return found


def test_with_nothing_there_it_says_so_and_makes_nothing(call: Caller) -> None:
    """No store, no state folder."""
    done = call("status")
    assert (done.returncode, done.stderr) == (0, "")
    assert "nothing is sent anywhere" in done.stdout
    assert not call.state.exists()
    told = json.loads(call("status", "--json").stdout)
    assert (told["enabled"], told["destinations"], told["runs"]) == (True, [], [])


def test_settings_with_their_origin_and_no_secret(call: Caller) -> None:
    """Tokens as stars, addresses without user and password."""
    done = call("status", **SECRETS)
    told = json.loads(call("status", "--json", **SECRETS).stdout)
    assert "hunter2" not in done.stdout + json.dumps(told)
    assert "api_key = ********  (environment TELEMETRY_API_KEY)" in done.stdout
    assert "headers            authorization: ********" in done.stdout
    assert told["settings"]["endpoint"]["value"] == "https://t.invalid/e"
    collector = told["destinations"][0]
    assert collector["settings"]["headers"] == {
        "value": {"authorization": "********"},
        "from": "environment OTEL_EXPORTER_OTLP_HEADERS",
    }
    assert collector["consent"] == ""


def test_what_waits_and_why(call: Caller) -> None:
    """Runs, the last error with its time, the last runs with their results."""
    call("consent", "grant", "otlp", DEAD)
    variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": DEAD}
    _run(call, "--name", "shop", "--", "sh", "-c", "exit 3", **variables)
    told = _tried(call, **variables)
    done = call("status", **variables)
    assert "refused" in done.stdout
    (one,) = told["destinations"]
    assert (one["consent"], one["waiting"]["runs"]) == ("consent", 1)
    assert one["waiting"]["size_bytes"] > 0
    assert "refused" in one["state"]["last_error"]
    (run,) = told["runs"]
    assert (run["name"], run["result"], run["exit_code"]) == ("shop", "failure", 3)
    assert f"{run['run_id']}  shop: failure in" in done.stdout


def test_a_run_is_called_as_in_its_report(call: Caller) -> None:
    """By the name that its script gives itself; what somebody typed comes first."""
    script = call.project / "deploy.sh"
    script.write_text('. "$(chaos-otel shell-lib)"\ntelemetry_init shop v1\n')
    _run(call, "--", "sh", str(script))
    _run(call, "--name", "typed", "--", "sh", str(script))
    told = json.loads(call("status", "--json").stdout)
    assert [run["name"] for run in told["runs"]] == ["typed", "shop"]


def test_a_run_s_own_consent_is_told_as_that(call: Caller) -> None:
    """Nobody has granted it for good; the run that named it waits all the same."""
    _run(call, "--otlp", DEAD, "--", "true")
    (one,) = _tried(call)["destinations"]
    assert (one["consent"], one["configured"]) == ("flag", False)
    assert "for the runs that named it" in call("status").stdout


@pytest.mark.parametrize("name", ["store.db", "consents.jsonl"])
def test_damage_is_told_and_the_rest_as_well(call: Caller, name: str) -> None:
    """What cannot be read is a problem in a line of its own."""
    _run(call, "--", "true")
    path: Path = call.state / name
    path.unlink(missing_ok=True)
    if name == "store.db":
        path.write_bytes(b"no database" * 100)
    else:
        path.mkdir()
    done = call("status")
    assert done.returncode == 0
    assert name.partition(".")[0] in done.stdout.partition("problems\n")[2]
    assert "true: success" in done.stdout


def test_an_opt_out_is_told(call: Caller) -> None:
    """By its name."""
    assert "recording is off (DO_NOT_TRACK=1)" in call("status", DO_NOT_TRACK="1").stdout
