"""`chaos-otel outbox`: what waits, why, and what to do about it."""

from __future__ import annotations

import json
import re
import sys
import time
from pathlib import Path
from typing import Any

import pexpect
import pytest
from tests.cli.conftest import Caller

from chaos_otel.config.destination import Destination
from chaos_otel.pipeline.destinations_file import read_destinations, write_destinations
from chaos_otel.store.counters import read_series
from chaos_otel.store.database import Database
from chaos_otel.store.dead_letters import bury, dead_letters
from chaos_otel.store.destinations import DestinationState, load_state, save_state
from chaos_otel.store.outbox import advance, open_cursor

S = 10**9
HERE = "otlp https://collector.example:4318"
THERE = "endpoint https://telemetry.example/v1/events"
RUN, OTHER = "01a20014eced7a3590516151b82a96bf", "01a20014f0007a3590516151b82a96bf"


class Outbox:
    """A state folder in which two runs wait for two destinations, one of them paused."""

    def __init__(self, call: Caller) -> None:
        self.state = str(call.state)
        self.now_ns = time.time_ns()
        for run_id in (RUN, OTHER):
            folder = call.state / "runs" / run_id
            folder.mkdir(parents=True, mode=0o700)
            (folder / "journal.jsonl").write_bytes(b"x" * 1500)
            write_destinations(
                str(folder),
                [
                    Destination(HERE, "otlp", {"traces": "x"}, name="main").to_json(),
                    Destination(THERE, "endpoint", {"events": "x"}).to_json(),
                ],
            )
        for folder in (call.home / ".local", call.home / ".local/state", call.state):
            folder.chmod(0o700)
        (call.state / "runs").chmod(0o700)
        with self.store() as store:
            cursor = open_cursor(store, HERE, RUN, waiting_bytes=1500, now_wall_ns=self.now_ns)
            advance(store, cursor, spans=7)
            save_state(
                store,
                DestinationState(
                    *(HERE, "paused", "401 unauthorized: the token is wrong", 1),
                    *(self.now_ns + 3600 * S, "401 unauthorized", self.now_ns, self.now_ns - S),
                ),
            )
            for record in (b"first", b"second"):
                bury(
                    store,
                    *(HERE, RUN),
                    signal="traces",
                    record=record,
                    reason="name is not UTF-8",
                    now_wall_ns=self.now_ns,
                )

    def store(self) -> Database:
        return Database(self.state)

    def waits(self, run_id: str) -> set[str]:
        return {one.key for one in read_destinations(f"{self.state}/runs/{run_id}")}

    def dropped(self) -> float:
        with self.store() as store:
            series = read_series(store, now_wall_ns=self.now_ns + 3600 * S)
        found = [one.value for one in series if one.metric == "chaos.otel.dropped"]
        return sum(value for value in found if isinstance(value, float))


@pytest.fixture
def box(call: Caller) -> Outbox:
    return Outbox(call)


def listed(call: Caller) -> dict[str, dict[str, Any]]:
    done = call("outbox", "list", "--json")
    assert done.returncode == 0, done.stderr
    return {one["destination"]: one for one in json.loads(done.stdout)}


def test_an_empty_outbox_says_so_and_makes_nothing(call: Caller) -> None:
    """Somebody who only looks leaves no file behind."""
    done = call("outbox", "list")
    assert done.returncode == 0 and done.stdout.startswith("nothing waits")
    assert call("outbox", "list", "--json").stdout == "[]\n"
    assert not call.state.exists()


def test_the_list_says_for_each_destination_how_it_is_and_what_waits(
    call: Caller, box: Outbox
) -> None:
    """For people: state, next try, size, age, last error; for programs the same."""
    text = call("outbox", "list").stdout
    first, second = text.split("\n\n")
    assert first.startswith(THERE) and "ready" in first and "2 runs, 3.0 kB" in first
    assert second.startswith(HERE)
    assert re.search(
        r"paused: 401 unauthorized: the token is wrong; next try in (59 min|1 h 00)", second
    )
    assert "2 records, kept as dead letters" in second
    assert re.search(r"last error  \d{4}-\d\d-\d\dT.*Z  401 unauthorized", second)
    data = listed(call)
    assert data[HERE]["state"] == "paused" and data[HERE]["dead_letters"] == 2
    assert data[THERE]["runs"] == 2 and data[THERE]["size_bytes"] == 3000
    assert data[THERE]["last_error_at"] is None


@pytest.mark.parametrize(
    "said", [HERE, "https://collector.example:4318/", "HTTPS://collector.example:4318", "main"]
)
def test_a_destination_is_shown_by_any_of_its_names(call: Caller, box: Outbox, said: str) -> None:
    """With the runs that wait, how far each has come, and what was refused and why."""
    done = call("outbox", "show", *said.split(" "))
    assert done.returncode == 0, done.stderr
    assert f"{RUN}" in done.stdout and "7 spans sent" in done.stdout
    assert f"{OTHER}" in done.stdout and "nothing sent yet" in done.stdout
    assert done.stdout.count("name is not UTF-8") == 2
    assert THERE not in done.stdout


def test_a_run_is_shown_by_its_first_digits(call: Caller, box: Outbox) -> None:
    """Where it waits, and its dead letters with their bytes."""
    (there, here) = json.loads(call("outbox", "show", "--json", RUN[:12]).stdout)
    assert [one["run_id"] for one in there["waiting"]] == [RUN]
    assert [one["run_id"] for one in here["waiting"]] == [RUN]
    assert [one["record"] for one in here["letters"]] == ["Zmlyc3Q=", "c2Vjb25k"]


def test_what_nobody_knows_is_an_error_with_the_way_on(call: Caller, box: Outbox) -> None:
    """A destination that has nothing to do with the outbox, a run that is not there."""
    for words in (["show", "https://nowhere"], ["retry", "nowhere"], ["drop", "nowhere"]):
        done = call("outbox", *words)
        assert done.returncode == 2
        assert "chaos-otel outbox list" in done.stderr
    assert call("outbox", "drop", "--run", "01a2001", "--force", HERE).returncode == 2


def test_retry_ends_waits_and_pauses_and_puts_back_what_was_refused(
    call: Caller, box: Outbox
) -> None:
    """Of one destination or of all; nothing is lost."""
    done = call("outbox", "retry", "main")
    assert done.returncode == 0, done.stderr
    assert "2 refused records too" in done.stdout
    with box.store() as store:
        assert load_state(store, HERE).state == "ready"
        assert all(letter.again for letter in dead_letters(store, HERE))
    assert "sent again at the next delivery" in call("outbox", "show", "main").stdout
    assert call("outbox", "retry").stdout.count("tried again") == 2
    assert box.waits(RUN) == {HERE, THERE}
    assert box.dropped() == 0


def test_drop_asks_and_without_anybody_to_ask_does_nothing(call: Caller, box: Outbox) -> None:
    """A script that forgets --force gives nothing up."""
    done = call("outbox", "drop", HERE)
    assert done.returncode == 2 and "--force" in done.stderr
    assert box.waits(RUN) == {HERE, THERE}
    child = pexpect.spawn(
        sys.executable,
        ["-m", "chaos_otel", "outbox", "drop", "main"],
        env=call.variables,
        cwd=str(call.project),
        encoding="utf-8",
        timeout=60,
    )
    child.expect(r"2 runs and 2 dead letters.*\[y/N\]")
    child.sendline("n")
    child.expect("nothing was dropped")
    child.expect(pexpect.EOF)
    child.close()
    assert box.waits(RUN) == {HERE, THERE} and box.dropped() == 0


def test_what_is_dropped_is_counted_and_the_runs_stay(call: Caller, box: Outbox) -> None:
    """Two runs and two dead letters of one destination; the other one keeps what waits for it."""
    done = call("outbox", "drop", "--force", *HERE.split(" "))
    assert done.returncode == 0, done.stderr
    assert "dropped 2 runs and 2 dead letters" in done.stdout
    assert box.waits(RUN) == box.waits(OTHER) == {THERE}
    assert box.dropped() == 4
    assert Path(f"{box.state}/runs/{RUN}/journal.jsonl").stat().st_size == 1500
    assert listed(call)[HERE]["runs"] == 0 and listed(call)[THERE]["runs"] == 2


def test_one_run_can_be_dropped_alone(call: Caller, box: Outbox) -> None:
    """By its first digits."""
    done = call("outbox", "drop", "--force", "--run", OTHER[:14], HERE)
    assert done.returncode == 0, done.stderr
    assert box.waits(OTHER) == {THERE} and box.waits(RUN) == {HERE, THERE}
    assert box.dropped() == 1


def test_a_damaged_store_is_told_with_the_way_out(call: Caller, box: Outbox) -> None:
    """No traceback, the file, and what moves it away."""
    (call.state / "store.db").write_bytes(b"garbage" * 1000)
    done = call("outbox", "list")
    assert done.returncode == 1
    assert "store.db" in done.stderr and "chaos-otel reset" in done.stderr
