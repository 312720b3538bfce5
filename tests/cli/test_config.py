"""`chaos-otel config show` and `config check`, as installed."""

from __future__ import annotations

import json
import os
import sys

import pexpect
import pytest

from chaos_otel.config.table import SETTINGS

from .conftest import COMMAND, Caller


def test_show_names_every_setting_with_its_origin(call: Caller) -> None:
    """A line each: key, value as people write it, who set it."""
    (call.project / "chaos-otel.toml").write_text("\nquiet = true\n")
    result = call("config", "show", CHAOS_OTEL_TIMEOUT="90")
    lines = [line.split() for line in result.stdout.splitlines()]
    assert result.returncode == 0
    assert [line[0] for line in lines] == [setting.key or setting.name for setting in SETTINGS]
    assert ["quiet", "true", "file", "chaos-otel.toml:2"] in lines
    assert ["timeout", "90s", "environment", "CHAOS_OTEL_TIMEOUT"] in lines
    assert ["capture", "auto", "default"] in lines


def test_show_as_json(call: Caller) -> None:
    """Values with their units in the names, and the origin in two words."""
    result = call("config", "show", "--json", CHAOS_OTEL_TAGS="a=b", TELEMETRY_API_KEY="hunter22")
    shown = json.loads(result.stdout)
    assert list(shown) == [setting.name for setting in SETTINGS]
    assert shown["output_limit_bytes"] == {
        "value": 65536,
        "from": "default",
        "source": "",
        "key": "output_limit",
    }
    assert shown["tags"]["value"] == {"a": "b"}
    assert shown["tags"]["source"] == "CHAOS_OTEL_TAGS"
    assert shown["api_key"]["value"] == "********"
    assert "hunter22" not in result.stdout


@pytest.mark.parametrize(("no_color", "coloured"), [("", True), ("1", False)])
def test_show_on_a_terminal(call: Caller, no_color: str, coloured: bool) -> None:
    """A table; with NO_COLOR not one escape sequence."""
    variables = {**call.variables, "TERM": "xterm", "NO_COLOR": no_color, "COLUMNS": "120"}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "chaos_otel", "config", "show"],
        env=variables,
        cwd=str(call.project),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(pexpect.EOF)
    child.close()
    assert child.exitstatus == 0
    assert "output_limit" in (child.before or "")
    assert ("\x1b[" in (child.before or "")) is coloured


def test_values_that_are_not_utf8_are_shown(call: Caller) -> None:
    """As escapes; no exception."""
    result = call("config", "show", CHAOS_OTEL_NAME=os.fsdecode(b"caf\xe9\x1b[2J"))
    assert r"caf\udce9\x1b[2J" in result.stdout
    assert result.returncode == 0


def test_check_finds_nothing(call: Caller) -> None:
    """Status 0."""
    result = call("config", "check")
    assert (result.returncode, result.stdout, result.stderr) == (0, "no problems\n", "")


def test_check_names_file_line_and_remedy(call: Caller) -> None:
    """Each on a line of its own, status 1."""
    (call.project / "chaos-otel.toml").write_text("captur = 'pty'\ntimeout = 'soon'\n")
    result = call("config", "check", CHAOS_OTEL_SPLIT="perhaps", CHAOS_OTEL_TIMEOTU="5")
    assert result.returncode == 1
    assert result.stdout.splitlines() == [
        "chaos-otel.toml:1: captur is no setting; did you mean capture?",
        "CHAOS_OTEL_SPLIT: 'perhaps' is neither true nor false; write true or false",
        "chaos-otel.toml:2: 'soon' is not a duration; write it like 90, 90s, 5m, 1h or 14d",
        "CHAOS_OTEL_TIMEOTU: sets nothing; did you mean CHAOS_OTEL_TIMEOUT?",
    ]


def test_the_variables_of_a_run_are_no_mistakes(call: Caller) -> None:
    """Inside of a run there are variables of ours that are no settings."""
    result = call("config", "check", CHAOS_OTEL_INBOX="/x", CHAOS_OTEL_RUN_ID="1")
    assert result.returncode == 0


def test_in_a_folder_that_is_gone(call: Caller) -> None:
    """A folder that was deleted under us holds no settings."""
    script = 'mkdir gone && cd gone && rmdir ../gone && exec "$0" config check'
    result = call.run(["sh", "-c", script, str(COMMAND)])
    assert (result.returncode, result.stdout, result.stderr) == (0, "no problems\n", "")


def test_it_is_the_installed_command(call: Caller) -> None:
    """The script that pip made does the same."""
    assert call.run([str(COMMAND), "config", "check"]).stdout == "no problems\n"
