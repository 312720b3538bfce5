"""Counters: once per run, never lowered, at zero when they are born, and only so many of them."""

from __future__ import annotations

import math
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.store.conftest import NOW_NS

from chaos_otel import instruments, semconv
from chaos_otel.instruments import DURATION_BOUNDS_S
from chaos_otel.labels import of_script
from chaos_otel.measures import (
    Distribution,
    Increment,
    Level,
    Measure,
    Observation,
    Observations,
    Series,
    Step,
    distribution,
)
from chaos_otel.semconv import LABEL_REST, MAX_SERIES
from chaos_otel.store.active import ActiveRun, begin_run
from chaos_otel.store.counters import (
    add,
    count_run,
    read_series,
    settles_at_wall_ns,
)
from chaos_otel.store.database import Database
from chaos_otel.store.outbox import advance, drop, finish, open_cursor

S = 10**9
DEPLOY = of_script("deploy", "production")
RUN = "0" * 32


def read(database: Database, *, at_s: float = 0, hold_s: float = 0.0) -> dict[str, list[Series]]:
    found: dict[str, list[Series]] = {}
    for series in read_series(database, now_wall_ns=NOW_NS + int(at_s * S), hold_s=hold_s):
        found.setdefault(series.metric, []).append(series)
    return found


def value(database: Database, metric: str, *, at_s: float = 0) -> float | Distribution:
    (series,) = read(database, at_s=at_s)[metric]
    return series.value


def test_a_run_is_counted_once(database: Database) -> None:
    """The second time nothing is added, whatever it brings."""
    failed = [Increment("script.failures", DEPLOY, 1)]
    assert count_run(database, RUN, failed, now_wall_ns=NOW_NS)
    assert not count_run(database, RUN, failed * 5, now_wall_ns=NOW_NS)
    assert value(database, "script.failures") == 1


def test_a_run_that_fails_to_be_counted_is_not_half_counted(database: Database) -> None:
    """What comes up in the middle leaves nothing, and the run may be counted later."""

    def measures() -> Iterator[Measure]:
        yield Increment("script.runs", DEPLOY, 1)
        raise RuntimeError("in the middle")

    with pytest.raises(RuntimeError):
        count_run(database, RUN, measures(), now_wall_ns=NOW_NS)
    assert read(database) == {}
    assert count_run(database, RUN, [Increment("script.runs", DEPLOY, 1)], now_wall_ns=NOW_NS)


measures_of_a_run = st.lists(
    st.one_of(
        st.builds(
            Increment,
            st.sampled_from(["script.runs", "script.failures"]),
            st.sampled_from([DEPLOY, of_script("backup", "test")]),
            st.integers(0, 10**6),
        ),
        st.builds(
            Observation,
            st.just("script.run.duration"),
            st.just(DEPLOY),
            st.integers(0, 10_000),
        ),
    ),
    max_size=6,
)


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 5), measures_of_a_run), max_size=12))
def test_whatever_runs_come_in_whatever_order_the_counters_are_their_sums(
    runs: list[tuple[int, list[Measure]]],
) -> None:
    """Each run id adds what came with it the first time; nothing else ever changes a counter."""
    sums: Counter[tuple[str, object]] = Counter()
    durations: list[float] = []
    seen: set[int] = set()
    with tempfile.TemporaryDirectory() as folder, Database(f"{folder}/state") as database:
        for number, measures in runs:
            assert count_run(database, f"{number:032x}", measures, now_wall_ns=NOW_NS) == (
                number not in seen
            )
            if number in seen:
                continue
            seen.add(number)
            for one in measures:
                if isinstance(one, Increment):
                    sums[one.metric, one.labels] += int(one.value)
                elif isinstance(one, Observation):
                    durations.append(one.value)
        found = read_series(database, now_wall_ns=NOW_NS, hold_s=0)
    counters = {(s.metric, s.labels): s.value for s in found if isinstance(s.value, float)}
    assert {key: total for key, total in counters.items() if total} == {
        key: total for key, total in sums.items() if total
    }
    histograms = [s.value for s in found if isinstance(s.value, Distribution)]
    assert histograms == ([distribution(DURATION_BOUNDS_S, durations)] if durations else [])


def test_a_histogram_that_comes_added_up_is_added_bucket_by_bucket(database: Database) -> None:
    """Many values at once, one value, many again: the same as each by itself."""
    first, more = [0.05, 3, 3, 99_999], [0.1, 7200]
    for values in (first, more):
        seen = Observations(
            "script.operation.duration", DEPLOY, distribution(DURATION_BOUNDS_S, values)
        )
        add(database, [seen], now_wall_ns=NOW_NS)
    add(database, [Observation("script.operation.duration", DEPLOY, 42)], now_wall_ns=NOW_NS)
    wanted = distribution(DURATION_BOUNDS_S, [*first, *more, 42])
    assert value(database, "script.operation.duration") == wanted
    assert wanted.buckets[0] == 2 and wanted.buckets[-1] == 1


def test_a_new_series_shows_zero_until_it_was_scraped_twice(database: Database) -> None:
    """rate() needs a zero before the first one: counters and histograms are held, gauges are not,
    and a series that is old enough never is again."""
    first: list[Measure] = [
        Increment("script.failures", DEPLOY, 1),
        Observation("script.run.duration", DEPLOY, 3),
        Level("script.execution.time", DEPLOY, 3, NOW_NS),
    ]
    count_run(database, RUN, first, now_wall_ns=NOW_NS)
    for at_s in (0, 30, 59.9):
        held = read(database, at_s=at_s, hold_s=60)
        assert [one.value for one in held["script.failures"]] == [0]
        assert held["script.run.duration"][0].value == distribution(DURATION_BOUNDS_S)
        assert held["script.execution.time"][0].value == 3
    add(database, [Increment("script.failures", DEPLOY, 1)], now_wall_ns=NOW_NS + 59 * S)
    shown = read(database, at_s=60, hold_s=60)
    assert shown["script.failures"][0].value == 2
    assert shown["script.run.duration"][0].value == distribution(DURATION_BOUNDS_S, [3])
    assert shown["script.failures"][0].start_wall_ns == NOW_NS


def test_the_moment_when_the_last_held_series_settles_is_known(database: Database) -> None:
    """Whoever writes a file has to write it again then; not for gauges, and not when all is old."""
    assert settles_at_wall_ns(database, now_wall_ns=NOW_NS, hold_s=60) is None
    add(database, [Increment("script.runs", DEPLOY, 1)], now_wall_ns=NOW_NS - 10 * S)
    add(database, [Increment("script.failures", DEPLOY, 1)], now_wall_ns=NOW_NS)
    add(database, [Level("script.memory.peak", DEPLOY, 1, NOW_NS)], now_wall_ns=NOW_NS + 5 * S)
    assert settles_at_wall_ns(database, now_wall_ns=NOW_NS + 9 * S, hold_s=60) == NOW_NS + 60 * S
    assert settles_at_wall_ns(database, now_wall_ns=NOW_NS + 60 * S, hold_s=60) is None


def test_a_clock_that_was_put_back_hides_no_counter(database: Database) -> None:
    """A series born in what is the future now shows its value."""
    add(database, [Increment("script.runs", DEPLOY, 7)], now_wall_ns=NOW_NS)
    assert read(database, at_s=-3600, hold_s=60)["script.runs"][0].value == 7


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf, -1.0])
def test_a_counter_is_never_lowered_or_spoiled(database: Database, bad: float) -> None:
    """What is no number or less than nothing is left out and counted."""
    add(database, [Increment("script.runs", DEPLOY, 5)], now_wall_ns=NOW_NS)
    add(database, [Increment("script.runs", DEPLOY, bad)], now_wall_ns=NOW_NS)
    assert value(database, "script.runs") == 5
    (dropped,) = read(database)["chaos.otel.dropped"]
    assert dropped.labels == (("reason", "bad_value"),) and dropped.value == 1


def test_a_gauge_is_what_was_said_last_and_not_what_came_last(database: Database) -> None:
    """A run that is imported from last week does not become the last run."""
    for said, at_s in ((3.0, 0), (99.0, -7 * 86_400), (4.0, 1)):
        level = Level("script.execution.time", DEPLOY, said, NOW_NS + at_s * S)
        add(database, [level], now_wall_ns=NOW_NS)
    assert value(database, "script.execution.time") == 4


def test_no_number_is_too_large_for_the_store(database: Database) -> None:
    """A clock of the year 2554, a count beyond 64 bits: kept as well as a double can."""
    late = Level("script.last_run.timestamp", DEPLOY, 1e300, 1 << 64)
    add(database, [late, Increment("script.runs", DEPLOY, 1 << 70)], now_wall_ns=NOW_NS)
    assert value(database, "script.last_run.timestamp") == 1e300
    assert value(database, "script.runs") == float(1 << 70)


def test_failures_in_a_row_go_up_and_back_to_zero_in_the_order_of_the_runs(
    database: Database,
) -> None:
    """Failure, failure, success, failure: 1, 2, 0, 1; an older failure that comes late changes
    nothing."""
    metric = instruments.FAILURES_CONSECUTIVE.name
    seen = []
    for number, failed in enumerate((True, True, False, True)):
        at = NOW_NS + number * S
        one = Step(metric, DEPLOY, 1, at) if failed else Level(metric, DEPLOY, 0, at)
        add(database, [one], now_wall_ns=NOW_NS)
        seen.append(value(database, metric))
    assert seen == [1, 2, 0, 1]
    add(database, [Step(metric, DEPLOY, 1, NOW_NS)], now_wall_ns=NOW_NS)
    assert value(database, metric) == 1


def test_failures_that_end_together_all_count_in_whatever_order_they_come(
    database: Database,
) -> None:
    """Each is in the row if it is later than the last success, although not the last one."""
    metric = instruments.FAILURES_CONSECUTIVE.name
    add(database, [Level(metric, DEPLOY, 0, NOW_NS)], now_wall_ns=NOW_NS)
    for after_s in (5, 2, 9, 1):
        step = Step(metric, DEPLOY, 1, NOW_NS + after_s * S)
        add(database, [step], now_wall_ns=NOW_NS)
    assert value(database, metric) == 4
    add(database, [Level(metric, DEPLOY, 0, NOW_NS + 10 * S)], now_wall_ns=NOW_NS)
    assert value(database, metric) == 0


def test_a_metric_has_at_most_500_series_and_the_rest_is_counted_in_one(database: Database) -> None:
    """600 scripts: 499 of their own and one for the others; no failure is lost, and what was put
    together is counted."""
    failed = [Increment("script.failures", of_script(f"s{n}", "test"), 1) for n in range(600)]
    add(database, failed, now_wall_ns=NOW_NS)
    add(database, failed, now_wall_ns=NOW_NS)
    found = read(database)
    series = found["script.failures"]
    assert len(series) == MAX_SERIES
    assert sum(one.value for one in series if isinstance(one.value, float)) == 1200
    (rest,) = [one for one in series if dict(one.labels)[semconv.LABEL_SCRIPT] == LABEL_REST]
    assert rest.value == 2 * (600 - 499)
    (dropped,) = found["chaos.otel.dropped"]
    assert dropped.labels == (("reason", "series_limit"),) and dropped.value == rest.value


def test_the_rest_keeps_what_has_few_values(database: Database) -> None:
    """How runs beyond the limit ended can still be told, and the metric stays within its limit."""
    for number in range(600):
        result = "failure" if number % 3 == 0 else "success"
        labels = tuple(sorted((*of_script(f"s{number}", "test"), ("result", result))))
        add(database, [Increment("script.runs", labels, 1)], now_wall_ns=NOW_NS)
    series = read(database)["script.runs"]
    assert len(series) <= MAX_SERIES
    others = {
        dict(s.labels)["result"]: s.value
        for s in series
        if (semconv.LABEL_SCRIPT, LABEL_REST) in s.labels
    }
    assert set(others) == {"success", "failure"}
    assert sum(s.value for s in series if isinstance(s.value, float)) == 600


def test_scripts_may_not_make_up_metrics_without_end(database: Database) -> None:
    """A name with a time in it does not fill the store; ours are always taken."""
    for number in range(520):
        add(database, [Level(f"script.m{number}", DEPLOY, 1, NOW_NS)], now_wall_ns=NOW_NS)
    add(database, [Increment("script.runs", DEPLOY, 1)], now_wall_ns=NOW_NS)
    found = read(database)
    assert sum(name.startswith("script.m") for name in found) == 500
    (dropped,) = found["chaos.otel.dropped"]
    assert dropped.labels == (("reason", "metric_limit"),) and dropped.value == 20
    assert value(database, "script.runs") == 1


def test_a_run_under_way_shows_its_age_and_ends_with_its_duration(database: Database) -> None:
    """`script.execution.time` is the age of the oldest run under way, then the last duration;
    `script.active` is how many there are, 0 for a script that has ever run."""
    for number, started_s in enumerate((-400, -20)):
        run = ActiveRun(f"{number:032x}", "/runs/x", "deploy", "production", NOW_NS + started_s * S)
        begin_run(database, run)
    assert value(database, "script.active") == 2
    assert value(database, "script.execution.time") == 400
    assert value(database, "script.execution.time", at_s=30) == 430
    ended = [Level("script.execution.time", DEPLOY, 401.5, NOW_NS)]
    for number in range(2):
        count_run(database, f"{number:032x}", ended, now_wall_ns=NOW_NS)
    assert value(database, "script.active") == 0
    assert value(database, "script.execution.time") == 401.5


def test_a_run_whose_recorder_died_is_not_under_way(database: Database) -> None:
    """Whoever reads says which still live."""
    for number in range(3):
        begin_run(
            database, ActiveRun(f"{number:032x}", f"/{number}", "deploy", "production", NOW_NS)
        )
    series = read_series(database, now_wall_ns=NOW_NS, is_live=lambda run: run.folder == "/1")
    (active,) = [one for one in series if one.metric == "script.active"]
    assert active.value == 1


def test_a_run_that_was_counted_does_not_come_back_to_life(database: Database) -> None:
    """A late word that it is under way does not leave it there for good."""
    count_run(database, RUN, [], now_wall_ns=NOW_NS)
    begin_run(database, ActiveRun(RUN, "/x", "deploy", "production", NOW_NS))
    assert read(database) == {}


def test_age_and_size_of_what_waits_are_those_of_the_outbox(database: Database) -> None:
    """Per destination: the oldest run that waits, and all bytes; zero when nothing waits."""
    first = open_cursor(database, "otlp x", "1" * 32, waiting_bytes=100, now_wall_ns=NOW_NS)
    open_cursor(database, "otlp x", "2" * 32, waiting_bytes=50, now_wall_ns=NOW_NS + 5 * S)
    advance(database, first, spans=3)
    assert value(database, "chaos.otel.outbox.age", at_s=10) == 10
    assert value(database, "chaos.otel.outbox.size") == 150
    finish(database, first)
    assert value(database, "chaos.otel.outbox.age", at_s=10) == 5
    assert drop(database, "otlp x", "2" * 32, reason="dropped", now_wall_ns=NOW_NS)
    assert value(database, "chaos.otel.outbox.age", at_s=10) == 0
    assert value(database, "chaos.otel.outbox.size") == 0


PROCESS = """
import sys
from chaos_otel.measures import Increment, Observation
from chaos_otel.store.counters import count_run
from chaos_otel.store.database import Database
state, number, now = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
labels = (("deployment.environment.name", "test"), ("script.name", f"s{number % 7}"))
with Database(state, busy_s=120) as database:
    for again in range(2):
        count_run(
            database,
            f"{number:032x}",
            [
                Increment("script.runs", labels, 1),
                Observation("script.run.duration", labels, number),
            ],
            now_wall_ns=now,
        )
"""


def test_the_sums_of_200_processes_at_once_are_exact(state: str) -> None:
    """Each counts its run, twice; some make the store. Nothing is lost and nothing is double."""
    running = [
        subprocess.Popen(
            [
                sys.executable,
                "-S",
                "-c",
                f"import sys; sys.path[:] = {sys.path!r}{PROCESS}",
                state,
                str(number),
                str(NOW_NS),
            ],
            stderr=subprocess.PIPE,
        )
        for number in range(200)
    ]
    failures = [one.communicate()[1].decode() for one in running]
    assert {one.returncode for one in running} == {0}, "".join(failures)
    with Database(state) as database:
        database.check()
        found = read(database)
    assert {dict(s.labels)["script.name"]: s.value for s in found["script.runs"]} == {
        f"s{n}": len(range(n, 200, 7)) for n in range(7)
    }
    durations = [s.value for s in found["script.run.duration"] if isinstance(s.value, Distribution)]
    assert sum(one.observations for one in durations) == 200
    assert sum(one.sum for one in durations) == sum(range(200))


def test_a_process_that_is_killed_while_it_counts_leaves_whole_runs(state: str) -> None:
    """Runs, failures and the list of what was counted agree after any SIGKILL, and what was not
    counted can be."""
    script = f"""
from chaos_otel.measures import Increment, Observation
from chaos_otel.store.counters import count_run
from chaos_otel.store.database import Database
labels = {DEPLOY!r}
database = Database({state!r})
print("ready", flush=True)
for number in range(10**9):
    measures = [Increment("script.runs", labels, 1), Increment("script.failures", labels, 1)]
    count_run(database, f"{{number:032x}}", measures, now_wall_ns={NOW_NS})
"""
    for pause_s in (0.01, 0.05, 0.2):
        child = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
        assert child.stdout is not None
        child.stdout.readline()
        time.sleep(pause_s)
        child.send_signal(signal.SIGKILL)
        child.wait()
        child.stdout.close()
        with Database(state) as database:
            with database.reading() as connection:
                (counted,) = connection.execute("SELECT count(*) FROM counted_run").fetchone()
            found = read(database)
        totals = {name: [one.value for one in found.get(name, [])] for name in found}
        assert totals.get("script.runs", [0]) == totals.get("script.failures", [0]) == [counted]
