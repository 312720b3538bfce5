"""How far runs have come, how destinations are, and what they refused."""

from __future__ import annotations

import pytest
from tests.store.conftest import NOW_NS

from chaos_otel.store import dead_letters as letters
from chaos_otel.store.counters import read_series
from chaos_otel.store.database import Database
from chaos_otel.store.destinations import (
    DestinationState,
    RateLimit,
    load_state,
    load_states,
    make_ready,
    save_state,
    take,
)
from chaos_otel.store.outbox import (
    Cursor,
    advance,
    cursors_of,
    drop,
    finish,
    forget,
    open_cursor,
    waiting,
)

S = 10**9
RUN, OTHER = "1" * 32, "2" * 32
HERE, THERE = "otlp https://here", "endpoint https://there"


def opened(database: Database, destination: str = HERE, run_id: str = RUN, at_s: int = 0) -> Cursor:
    return open_cursor(
        database, destination, run_id, waiting_bytes=10, now_wall_ns=NOW_NS + at_s * S
    )


def counted(database: Database, metric: str) -> dict[str, object]:
    found = read_series(database, now_wall_ns=NOW_NS, hold_s=0)
    return {",".join(value for _, value in s.labels): s.value for s in found if s.metric == metric}


def test_a_cursor_is_what_it_was_when_it_is_opened_again(database: Database) -> None:
    """Another process goes on where the first one stopped; it waits since the first time."""
    advance(database, opened(database), spans=5, logs=2)
    again = opened(database, at_s=60)
    assert (again.spans, again.logs, again.documents) == (5, 2, 0)
    assert again.created_wall_ns == NOW_NS and again.state == "waiting"


def test_a_cursor_never_goes_back(database: Database) -> None:
    """Of two processes that tell how far they came the farther one is right, for each signal."""
    cursor = opened(database)
    advance(database, cursor, spans=9)
    behind = advance(database, cursor, spans=4, logs=7)
    assert (behind.spans, behind.logs) == (9, 7)


def test_a_finished_run_does_not_wait_and_is_known_as_finished(database: Database) -> None:
    """It is not sent a second time when its journal is delivered again."""
    finish(database, opened(database))
    opened(database, THERE)
    assert [one.destination for one in waiting(database)] == [THERE]
    assert opened(database).state == "finished"
    assert {key: one.state for key, one in cursors_of(database, RUN).items()} == {
        HERE: "finished",
        THERE: "waiting",
    }


def test_what_waits_comes_the_oldest_first(database: Database) -> None:
    """Of one destination or of all."""
    opened(database, HERE, OTHER, at_s=1)
    opened(database, THERE, OTHER, at_s=2)
    opened(database, HERE, RUN, at_s=3)
    assert [one.run_id for one in waiting(database, HERE)] == [OTHER, RUN]
    assert [(one.destination, one.run_id) for one in waiting(database)] == [
        (HERE, OTHER),
        (THERE, OTHER),
        (HERE, RUN),
    ]


def test_what_is_given_up_is_counted_once(database: Database) -> None:
    """Also where nothing was ever sent of it; a finished run cannot be given up."""
    assert drop(database, HERE, RUN, reason="outbox_age", now_wall_ns=NOW_NS)
    assert not drop(database, HERE, RUN, reason="outbox_age", now_wall_ns=NOW_NS)
    finish(database, opened(database, HERE, OTHER))
    assert not drop(database, HERE, OTHER, reason="dropped", now_wall_ns=NOW_NS)
    assert counted(database, "chaos.otel.dropped") == {"outbox_age": 1}
    assert waiting(database) == []


def test_cursors_go_when_their_journals_have_gone_and_not_while_they_wait(
    database: Database,
) -> None:
    """The table does not grow for ever."""
    finish(database, opened(database))
    opened(database, THERE)
    finish(database, opened(database, HERE, OTHER, at_s=100))
    assert forget(database, before_wall_ns=NOW_NS + 50 * S) == 1
    assert set(cursors_of(database, RUN)) == {THERE}
    assert set(cursors_of(database, OTHER)) == {HERE}


def test_how_a_destination_is_outlives_the_process_that_found_out(state: str) -> None:
    """A Retry-After of one run holds for the next."""
    said = DestinationState(HERE, "waiting", "503", 3, NOW_NS, "busy", NOW_NS, 7, "print")
    with Database(state) as first:
        assert load_state(first, HERE) == DestinationState(HERE)
        save_state(first, said)
    with Database(state) as second:
        assert load_state(second, HERE) == said
        assert load_states(second) == [said]


def test_who_asks_for_another_try_gets_it_and_the_last_error_stays_known(
    database: Database,
) -> None:
    """Waits and pauses end; what was wrong can still be read."""
    paused = DestinationState(HERE, "paused", "401", 1, NOW_NS, "401", NOW_NS, 7, "print")
    save_state(database, paused)
    assert make_ready(database, HERE)
    assert not make_ready(database, HERE)
    assert load_state(database, HERE) == DestinationState(HERE, "ready", "", 0, 0, "401", NOW_NS, 7)


def test_a_rate_limit_holds_across_processes(state: str) -> None:
    """Two requests a second: two go, the third waits for half a second, whoever asks."""
    limit = RateLimit(requests_per_s=2)

    def asked(at_s: float) -> float:
        with Database(state) as database:
            at_ns = NOW_NS + int(at_s * S)
            return take(database, HERE, size_bytes=0, limit=limit, now_wall_ns=at_ns)

    assert [asked(0), asked(0)] == [0, 0]
    assert asked(0) == pytest.approx(0.5)
    assert asked(0.5) == 0
    assert asked(0.5) == pytest.approx(0.5)
    with Database(state) as database:
        assert take(database, THERE, size_bytes=0, limit=limit, now_wall_ns=NOW_NS) == 0


def test_a_request_larger_than_a_seconds_bytes_goes_and_the_next_one_waits(
    database: Database,
) -> None:
    """Over time the limit holds; nothing is too large to go at all."""
    limit = RateLimit(bytes_per_s=100)
    asked = [
        take(database, HERE, size_bytes=300, limit=limit, now_wall_ns=NOW_NS + second * S)
        for second in range(8)
    ]
    assert [wait_s == 0 for wait_s in asked] == [
        True,
        False,
        False,
        True,
        False,
        False,
        True,
        False,
    ]


def test_without_a_limit_nothing_is_kept_or_asked(database: Database) -> None:
    """No row, no wait."""
    assert take(database, HERE, size_bytes=1 << 40, limit=RateLimit(), now_wall_ns=NOW_NS) == 0


def test_a_clock_that_was_put_back_does_not_block_a_destination(database: Database) -> None:
    """An hour back: one second's wait, not an hour's."""
    limit = RateLimit(requests_per_s=1)
    take(database, HERE, size_bytes=0, limit=limit, now_wall_ns=NOW_NS)
    assert take(database, HERE, size_bytes=0, limit=limit, now_wall_ns=NOW_NS - 3600 * S) <= 1
    assert take(database, HERE, size_bytes=0, limit=limit, now_wall_ns=NOW_NS - 3598 * S) == 0


def buried(database: Database, record: bytes = b"bad", *, destination: str = HERE) -> None:
    letters.bury(
        database,
        destination,
        RUN,
        signal="traces",
        record=record,
        reason="name is not UTF-8",
        now_wall_ns=NOW_NS,
    )


def test_a_record_that_was_refused_is_kept_with_its_reason_and_counted(database: Database) -> None:
    """Once, although it is refused again after a crash."""
    buried(database)
    buried(database)
    (letter,) = letters.dead_letters(database)
    assert (letter.destination, letter.run_id, letter.signal) == (HERE, RUN, "traces")
    assert letter.record == b"bad" and letter.reason == "name is not UTF-8"
    assert counted(database, "chaos.otel.dead_letters") == {f"{HERE},traces": 1}
    assert letters.count_letters(database) == {HERE: 1}


def test_what_was_refused_can_be_sent_again(database: Database) -> None:
    """Until it was delivered it is still there; refused again it waits to be asked for again."""
    buried(database)
    buried(database, b"worse")
    buried(database, destination=THERE)
    assert letters.unbury(database, HERE) == 2
    again = letters.to_send_again(database, HERE)
    assert [one.record for one in again] == [b"bad", b"worse"]
    assert letters.remove_letters(database, [again[0].number]) == 1
    buried(database, b"worse")
    assert letters.to_send_again(database, HERE) == []
    assert [one.record for one in letters.dead_letters(database, HERE)] == [b"worse"]


def test_dead_letters_do_not_fill_the_disk(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond the limit the oldest of that destination goes, and is counted."""
    monkeypatch.setattr(letters, "LETTERS_MAX", 5)
    buried(database, b"elsewhere", destination=THERE)
    for number in range(8):
        buried(database, str(number).encode())
    kept = [one.record for one in letters.dead_letters(database, HERE)]
    assert kept == [b"3", b"4", b"5", b"6", b"7"]
    assert counted(database, "chaos.otel.dropped") == {"dead_letters_full": 3}
    assert letters.count_letters(database) == {THERE: 1, HERE: 5}
