"""A wall clock that is set while a run goes on: no duration is negative, none is absurd."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from tests.e2e.installed import Installed
from tests.e2e.unnoticed import need

HOUR_S = 3_600
TEN_YEARS_S = 10 * 365 * 86_400
JUMPS = {"back an hour": -HOUR_S, "ahead ten years": TEN_YEARS_S, "to the beginning": -(10**12)}
LONGEST_S = 60.0


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def _all_durations(report: dict[str, Any]) -> list[float]:
    (host,) = report["hosts"].values()
    entries = [entry["duration"] for entry in host["history"]]
    return [report["summary"]["total_duration"], host["duration"], *entries]


@pytest.mark.parametrize("jump", JUMPS)
def test_an_emitters_clock_jumps(installed: Installed, jump: str) -> None:
    """A step begins before the jump and ends behind it, or the other way round."""
    say = """say() { printf '%d %s\\n' ${#1} "$1" >>"$CHAOS_OTEL_INBOX"; }"""
    stamps = f"now=$(date +%s); then=$((now + {JUMPS[jump]})); t=$(printf '\\t')"
    steps = [
        'say "S${t}000000000000000A${t}$now.5${t}${t}one"'.replace("A", "a"),
        'say "E${t}000000000000000a${t}$then.5${t}one${t}ok${t}"',
        'say "S${t}000000000000000b${t}$then.5${t}${t}two"',
        'say "E${t}000000000000000b${t}$now.5${t}two${t}ok${t}"',
    ]
    done = installed.run("sh", "-c", "\n".join((say, stamps, *steps)), timeout=60)
    assert done.returncode == 0
    assert [entry["operation"] for entry in installed.history()] == ["one", "two"]
    assert all(0 <= one <= LONGEST_S for one in _all_durations(installed.report()))
    assert installed.call("report", "validate", "chaos_report.json").returncode == 0


@pytest.mark.parametrize("jump", ["-1h", "+10y"])
def test_the_clock_of_our_own_processes_jumps(installed: Installed, jump: str) -> None:
    """Set while the command runs, for every process that asks."""
    if not shutil.which("faketime"):
        need("faketime")
    moment = installed.home / "moment"
    moment.write_text("+0\n")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        need("libfaketime")
    installed.env |= {
        "LD_PRELOAD": str(library),
        "FAKETIME_TIMESTAMP_FILE": str(moment),
        "FAKETIME_NO_CACHE": "1",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
    script = f"echo before; sleep 0.3; echo {jump} >../home/moment; date +%Y; sleep 0.3; exit 3"
    done = installed.run("sh", "-c", script, timeout=60)
    assert done.returncode == 3
    assert installed.history()[0]["stdout"] == done.stdout.decode()
    assert all(0.5 <= one <= LONGEST_S for one in _all_durations(installed.report()))
    assert installed.run("echo", "later", timeout=60).returncode == 0
    assert installed.history()[0]["stdout"] == "later\n"
