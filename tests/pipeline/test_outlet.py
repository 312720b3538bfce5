"""Textfiles and pushes, and the process that writes them again."""

from __future__ import annotations

import fcntl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from chaos_otel.errors import MetricsError
from chaos_otel.measures import Increment
from chaos_otel.pipeline import settle
from chaos_otel.pipeline.outlet import Outlet, write_outlet
from chaos_otel.privacy.consent import GRANT, REVOKE, Change
from chaos_otel.store.consents import append_consents
from chaos_otel.store.counters import count_run
from chaos_otel.store.database import Database
from chaos_otel.store.rewrites import Rewrite, rewrites, want_rewrite

HOLD_S = 60.0
NAME = "script_runs_total"


@pytest.fixture
def state(tmp_path: Path) -> str:
    """A state folder in which one run has been counted just now."""
    folder = str(tmp_path / "state")
    with Database(folder) as database:
        measure = Increment("script.runs", (("script.name", "deploy"),), 1.0)
        count_run(database, "a" * 32, [measure], now_wall_ns=time.time_ns())
    return folder


def _wanted(state: str) -> list[Rewrite]:
    with Database(state) as database:
        return rewrites(database)


def _value(folder: Path) -> str:
    lines = (folder / "chaos_otel.prom").read_text().splitlines()
    return next(line.rpartition(" ")[2] for line in lines if line.startswith(NAME))


def _due_now(state: str) -> None:
    with Database(state) as database:
        for one in rewrites(database):
            want_rewrite(database, one._replace(due_wall_ns=time.time_ns() - 1, hold_s=0.0))


@pytest.fixture
def textfiles(tmp_path: Path) -> Path:
    """node_exporter's folder."""
    folder = tmp_path / "textfiles"
    folder.mkdir()
    return folder


def test_a_file_that_shows_held_series_is_wanted_again(state: str, textfiles: Path) -> None:
    """When the hold ends; `settle` then writes it, and nothing is wanted any more."""
    with _settle_held_off(state):
        write_outlet(state, Outlet("textfile", str(textfiles), HOLD_S))
        assert _value(textfiles) == "0.0"
        (wanted,) = _wanted(state)
        assert 0 < wanted.due_wall_ns - time.time_ns() <= HOLD_S * 1e9
        _due_now(state)
    assert settle.main(state) == 0
    assert _value(textfiles) == "1.0"
    assert _wanted(state) == []


def test_nothing_is_wanted_where_nothing_is_held(state: str, textfiles: Path) -> None:
    """No process is started for nothing."""
    write_outlet(state, Outlet("textfile", str(textfiles), 0.0))
    assert _value(textfiles) == "1.0"
    assert _wanted(state) == []


def test_one_that_cannot_be_written_costs_the_others_nothing(state: str, textfiles: Path) -> None:
    """And is not tried for ever."""
    with _settle_held_off(state):
        with pytest.raises(MetricsError):
            write_outlet(state, Outlet("textfile", "/proc/none", HOLD_S))
        with Database(state) as database:
            want_rewrite(database, Rewrite("textfile", "/proc/none", 0.0, 1))
            want_rewrite(database, Rewrite("textfile", str(textfiles), 0.0, 2))
    assert settle.main(state) == 0
    assert _value(textfiles) == "1.0"
    assert _wanted(state) == []


def test_a_clock_that_was_put_back_makes_nobody_wait(state: str, textfiles: Path) -> None:
    """What is due later than any hold could last is due now."""
    tomorrow_ns = time.time_ns() + 86_400 * 10**9
    with Database(state) as database:
        want_rewrite(database, Rewrite("textfile", str(textfiles), HOLD_S, tomorrow_ns))
    assert settle.main(state) == 0
    assert _wanted(state) == []


def test_there_is_one_at_a_time(state: str, textfiles: Path) -> None:
    """Another one leaves at once, its work to the first."""
    with Database(state) as database:
        want_rewrite(database, Rewrite("textfile", str(textfiles), 0.0, 1))
    with _settle_held_off(state):
        assert settle.main(state) == 0
        assert len(_wanted(state)) == 1


def test_what_was_revoked_meanwhile_is_not_pushed_again(state: str) -> None:
    """Though the first push was allowed; other addresses are not meant."""
    address = "pushgateway http://127.0.0.1:9"
    wanted = Rewrite("pushgateway", "http://127.0.0.1:9/metrics/job/x", 0.0, 1)
    append_consents(state, [Change(1, GRANT, address, "command")])
    assert not settle.is_revoked(state, wanted)
    append_consents(state, [Change(2, REVOKE, address, "command")])
    assert settle.is_revoked(state, wanted)
    assert not settle.is_revoked(state, wanted._replace(place="http://127.0.0.1:99/x"))
    assert not settle.is_revoked(state, Rewrite("textfile", "/var/lib", 0.0, 1))


@contextmanager
def _settle_held_off(state: str) -> Iterator[None]:
    """Meanwhile a `settle` that is started finds another one at work."""
    with open(f"{state}/{settle.LOCK}", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
