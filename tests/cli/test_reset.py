"""`chaos-otel reset`: defaults, and damaged state out of the way; nothing else is touched."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.cli.conftest import Caller
from tests.cli.test_outbox import HERE, OTHER, RUN, THERE, Outbox

from chaos_otel.store.database import Database
from chaos_otel.store.destinations import DestinationState, load_state, save_state
from chaos_otel.store.tables import VERSION


@pytest.fixture
def box(call: Caller) -> Outbox:
    return Outbox(call)


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_where_nothing_is_wrong_nothing_is_done(call: Caller) -> None:
    """It says so, and makes no folder."""
    done = call("reset")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("nothing to do")
    assert not call.state.exists()


def test_the_settings_file_is_moved_aside_and_the_defaults_hold(call: Caller) -> None:
    """Not deleted: the line says where it is."""
    settings = call.home / ".config" / "chaos-otel" / "config.toml"
    settings.parent.mkdir(parents=True)
    settings.write_text('report = "elsewhere.json"\n')
    assert "elsewhere.json" in call("config", "show").stdout
    done = call("reset")
    (aside,) = settings.parent.iterdir()
    assert done.returncode == 0 and str(aside) in done.stdout
    assert aside.read_text() == 'report = "elsewhere.json"\n'
    assert "elsewhere.json" not in call("config", "show").stdout


def test_a_damaged_store_is_moved_away_and_what_waits_stays(call: Caller, box: Outbox) -> None:
    """The runs' folders say what waits, so nothing undelivered goes with the store."""
    (call.state / "store.db").write_bytes(b"garbage" * 1000)
    done = call("reset")
    assert done.returncode == 0, done.stderr
    (aside,) = call.state.glob("store.db.corrupt-*")
    assert str(aside) in done.stdout and aside.read_bytes() == b"garbage" * 1000
    assert box.waits(RUN) == box.waits(OTHER) == {HERE, THERE}
    assert done.stdout.count("kept: 2 runs") == 2
    assert call("outbox", "list").returncode == 0


def test_a_store_that_is_whole_stays_and_pauses_end(call: Caller, box: Outbox) -> None:
    """Counters, cursors and dead letters are what they were; journals, too."""
    before = files(call.state / "runs")
    done = call("reset")
    assert done.returncode == 0
    assert f"{HERE} is tried again" in done.stdout
    assert not list(call.state.glob("*.corrupt-*"))
    with box.store() as store:
        assert load_state(store, HERE).state == "ready"
    assert files(call.state / "runs") == before
    assert "2 dead letters" in done.stdout


def test_only_force_gives_up_what_waits(call: Caller, box: Outbox) -> None:
    """Counted, and the journals stay even then."""
    done = call("reset", "--force")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("given up:") == 2
    assert box.waits(RUN) == box.waits(OTHER) == set()
    assert box.dropped() == 6
    assert (call.state / "runs" / RUN / "journal.jsonl").exists()


def test_a_later_versions_store_is_no_damage(call: Caller) -> None:
    """It is told, and stays."""
    with Database(str(call.state)) as store:
        save_state(store, DestinationState(HERE))
        with store.writing() as connection:
            connection.execute(f"PRAGMA user_version={VERSION + 1}")
    done = call("reset")
    assert done.returncode == 1 and "later version" in done.stderr
    assert not list(call.state.glob("*.corrupt-*"))


def test_a_file_where_a_folder_of_ours_should_be_is_moved_away(call: Caller) -> None:
    """The runs folder, and the state folder itself."""
    call.state.mkdir(parents=True, mode=0o700)
    (call.state / "runs").write_text("x")
    done = call("reset")
    assert done.returncode == 0 and "runs.corrupt-" in done.stdout
    assert (call.state / "runs").is_dir()
