"""What a run adds to the counters, label by label."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from chaos_otel import instruments, semconv
from chaos_otel.instruments import DURATION_BOUNDS_S, INSTRUMENTS
from chaos_otel.measures import (
    Increment,
    Labels,
    Level,
    Measure,
    Observation,
    Observations,
    Step,
    distribution,
)
from chaos_otel.recorder import Recorder
from chaos_otel.recorder.measures import METRICS_MAX, RunMeasures
from chaos_otel.recorder.run_totals import in_working_hours
from chaos_otel.records import (
    Damage,
    Event,
    ForeignSpan,
    Hooked,
    Metric,
    OperationEnded,
    OperationStarted,
    Output,
    ProcessStarted,
    Record,
    RunEnded,
    RunNamed,
    RunStarted,
    Sample,
    Tag,
)

WALL = 1_795_291_972_000_000_000
SECOND = 1_000_000_000
SCRIPT = {"script_name": "deploy.sh", "environment": "production"}


def at(second: float = 0.0) -> dict[str, Any]:
    return {"wall_ns": WALL + int(second * SECOND), "mono_ns": 77 + int(second * SECOND)}


def started(**more: Any) -> RunStarted:
    known: dict[str, Any] = {
        "run_id": "1" * 32,
        "trace_id": "2" * 32,
        "span_id": "3" * 16,
        "name": "/srv/deploy.sh",
        "environment": "production",
    }
    return RunStarted(**at(), **{**known, **more})


def process(second: float = 0.25) -> ProcessStarted:
    return ProcessStarted(**at(second), span_id="4" * 16, pid=42, executable="bash")


def ended(second: float = 10, **more: Any) -> RunEnded:
    return RunEnded(**at(second), **{"exit_code": 0, **more})


def operation(number: int, name: str = "step", *, seconds: float = 1, **more: Any) -> list[Record]:
    op = f"{number + 1:016x}"
    return [
        OperationStarted(**at(1), op=op, name=name),
        OperationEnded(**at(1 + seconds), op=op, **more),
    ]


def measured(records: Iterable[Record], **more: Any) -> list[Measure]:
    recorder, measures = Recorder(run_id="1" * 32), RunMeasures()
    for record in records:
        measures.record(record)
        measures.spans(recorder.fold(record))
    measures.spans(recorder.finish())
    return measures.finish(recorder.run, recorder.outcome, **more)


def of(measures: Iterable[Measure], metric: str) -> Iterator[tuple[Measure, dict[str, str]]]:
    for one in measures:
        if one.metric == metric:
            assert list(one.labels) == sorted(one.labels), "labels are sorted"
            yield one, dict(one.labels)


def values(measures: Iterable[Measure], metric: str, label: str = "") -> dict[str, Any]:
    """By the value of one label, or under "" for a metric that has just those of its script."""
    found: dict[str, Any] = {}
    for one, labels in of(measures, metric):
        assert not isinstance(one, Observations)
        found[labels.get(label, "")] = one.value
    return found


def test_a_run_that_succeeded() -> None:
    """One run with its result, its duration as gauge and histogram, when it ended and succeeded;
    no failure."""
    found = measured([started(), process(), ended(12.5)])
    ((run, labels),) = of(found, "script.runs")
    assert isinstance(run, Increment) and run.value == 1
    assert labels["result"] == "success"
    assert labels["script.name"] == "deploy.sh"
    assert labels["deployment.environment.name"] == "production"
    assert Level("script.execution.time", run_labels(), 12.5, at(12.5)["wall_ns"]) in found
    assert Observation("script.run.duration", run_labels(), 12.5) in found
    end_s = at(12.5)["wall_ns"] / 1e9
    assert values(found, "script.last_run.timestamp") == {"": end_s}
    assert values(found, "script.last_success.timestamp") == {"": end_s}
    assert values(found, "script.failures.consecutive") == {"": 0}
    assert not list(of(found, "script.failures"))
    assert not list(of(found, "script.last_failure.timestamp"))


def run_labels() -> Labels:
    return (("deployment.environment.name", "production"), ("script.name", "deploy.sh"))


@pytest.mark.parametrize(
    ("end", "result", "error"),
    [
        ({"exit_code": 3}, "failure", "exit_3"),
        ({"exit_code": None, "signal": 9}, "failure", "signal_KILL"),
        ({"exit_code": 124, "timed_out": True}, "timeout", "timeout"),
        ({"exit_code": None, "interrupted": True}, "cancellation", "interrupted"),
    ],
)
def test_a_run_that_failed(end: dict[str, Any], result: str, error: str) -> None:
    """A failure by what failed, and one more in a row; when it last failed, not when it last
    succeeded."""
    found = measured([started(), process(), ended(2, **end)])
    assert values(found, "script.runs", "result") == {result: 1}
    assert values(found, "script.failures", "error.type") == {error: 1}
    ((step, _),) = of(found, "script.failures.consecutive")
    assert isinstance(step, Step) and step.value == 1
    assert list(of(found, "script.last_failure.timestamp"))
    assert not list(of(found, "script.last_success.timestamp"))


def test_whether_revision_and_user_were_recorded() -> None:
    """Only whether: neither the revision nor the user stands in a label."""
    attributes = {semconv.VCS_REF_HEAD_REVISION: "5f3a09bd", semconv.USER_HASH: "0c0ffee"}
    found = measured([started(attributes=attributes), ended()])
    ((_, labels),) = of(found, "script.runs")
    assert (labels["recorded_revision"], labels["recorded_user"]) == ("true", "true")
    ((_, labels),) = of(measured([started(), ended()]), "script.runs")
    assert (labels["recorded_revision"], labels["recorded_user"]) == ("false", "false")
    assert "5f3a09bd" not in repr(found) and "0c0ffee" not in repr(found)


@pytest.mark.parametrize(
    ("moment", "working"),
    [
        ("2026-11-20 07:59", False),
        ("2026-11-20 08:00", True),
        ("2026-11-20 17:59", True),
        ("2026-11-20 18:00", False),
        ("2026-11-21 12:00", False),
        ("2026-11-22 12:00", False),
    ],
)
def test_working_hours_are_the_local_ones(
    moment: str, working: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Monday to Friday, 8 to 18 o'clock where the machine is, wherever that is."""
    for zone in ("UTC", "Asia/Tokyo", "America/Los_Angeles"):
        monkeypatch.setenv("TZ", zone)
        time.tzset()
        wall_ns = int(time.mktime(time.strptime(moment, "%Y-%m-%d %H:%M"))) * SECOND
        assert in_working_hours(wall_ns) is working
    monkeypatch.undo()
    time.tzset()
    assert in_working_hours(1 << 63) in (True, False)


def test_operations_by_host_result_and_change() -> None:
    """Each counted one once; skipped ones, parts of others and foreign spans not at all."""
    records = [
        *operation(1, host="web1", changed=True),
        *operation(2, host="web1"),
        *operation(3, host="db1", success=False),
        *operation(4),
        *operation(5, counted=False),
        ForeignSpan(
            **at(3), span_id="f" * 16, name="GET", attributes={semconv.TASK_RUN_ID: "f" * 16}
        ),
    ]
    found = measured([started(), *records, ended()])
    seen = {
        (labels["server.address"], labels["result"], labels["changed"]): one.value
        for one, labels in of(found, "script.operations")
        if isinstance(one, Increment)
    }
    assert seen == {
        ("web1", "success", "true"): 1,
        ("web1", "success", "false"): 1,
        ("db1", "failure", "false"): 1,
        ("@local", "success", "false"): 1,
    }


def test_durations_and_retries_by_the_name_of_the_operation() -> None:
    """Many values of one name are one distribution; one that was never started has no duration."""
    records = [
        *operation(1, "install", seconds=0.2, attempts=3),
        *operation(2, "install", seconds=45, attempts=1),
        *operation(3, "copy /etc/app.conf", seconds=2),
        OperationEnded(**at(5), op="", name="never started"),
    ]
    found = measured([started(), *records, ended()])
    seen = {labels["operation"]: one for one, labels in of(found, "script.operation.duration")}
    assert set(seen) == {"install", "copy app.conf"}
    assert isinstance(seen["install"], Observations)
    assert seen["install"].distribution == distribution(DURATION_BOUNDS_S, [0.2, 45])
    assert values(found, "script.operation.retries", "operation") == {"install": 2}


def test_what_a_run_used() -> None:
    """Of the command and of its tree the larger memory; times and bytes as they were measured."""
    usage = {
        "cpu_user_s": 1.5,
        "cpu_system_s": 0.5,
        "memory_peak_bytes": 1000,
        "io_read_bytes": 11,
        "io_write_bytes": 22,
        "disk_used_bytes": 33,
        "network_bytes": 44,
        "redactions": 3,
    }
    sample = Sample(**at(1), cpu_s=1.0, memory_bytes=5000, processes=2)
    found = measured([started(), process(), sample, ended(**usage)])
    assert values(found, "script.cpu.time") == {"": 2.0}
    assert values(found, "script.memory.peak") == {"": 5000}
    assert values(found, "script.disk.io", "direction") == {"read": 11, "write": 22}
    assert values(found, "script.disk.usage") == {"": 33}
    assert values(found, "script.network.io") == {"": 44}
    assert values(found, "script.redactions") == {"": 3}


def test_what_is_not_known_is_not_zero() -> None:
    """A run of which nothing was measured adds no CPU time and no memory."""
    found = measured([started(wrapped=False), RunNamed(**at(), op="a" * 16, name="deploy")])
    for metric in ("script.cpu.time", "script.memory.peak", "script.disk.io", "script.redactions"):
        assert not list(of(found, metric))


def test_a_script_that_names_its_run_is_counted_under_that_name() -> None:
    """`telemetry_init` names the run."""
    found = measured([started(), RunNamed(**at(), op="a" * 16, name="release"), ended()])
    ((_, labels),) = of(found, "script.runs")
    assert labels["script.name"] == "release"


def test_a_scripts_own_metrics_are_gauges_with_their_last_value() -> None:
    """Whatever attributes they came with: those may be anything, and are no labels."""
    records = [
        Metric(**at(1), name="queue length", value=7, attributes={"user": "alice"}),
        Metric(**at(2), name="queue length", value=9, attributes={"user": "bob"}),
        Metric(**at(3), name="execution_time_seconds", value=1),
    ]
    found = measured([started(), *records, ended()])
    assert Level("script.queue_length", run_labels(), 9, at(2)["wall_ns"]) in found
    assert values(found, "script.execution_time_seconds_recorded") == {"": 1}
    assert values(found, "chaos.otel.dropped", "reason") == {"metric_renamed": 1}
    assert "alice" not in repr(found)


def test_a_script_may_not_make_up_metrics_without_end() -> None:
    """The first hundred names of a run count, the others are counted as left out."""
    records = [Metric(**at(1), name=f"m{n}", value=n) for n in range(METRICS_MAX + 5)]
    found = measured([started(), *records, ended()])
    assert sum(one.metric.startswith("script.m") for one in found) == METRICS_MAX
    assert values(found, "chaos.otel.dropped", "reason") == {"script_metrics": 5}


def test_memory_does_not_grow_with_the_names_of_operations() -> None:
    """5,000 operations of as many names on as many hosts: no more label sets than a metric may
    have, and none is lost."""
    records = (
        record
        for number in range(5000)
        for record in operation(number, f"step {number}", host=f"host{number}")
    )
    found = measured([started(), *records, ended()])
    for metric in ("script.operations", "script.operation.duration"):
        series = list(of(found, metric))
        assert len(series) <= semconv.MAX_SERIES
    assert (
        sum(one.value for one, _ in of(found, "script.operations") if isinstance(one, Increment))
        == 5000
    )


def test_what_we_did_ourselves() -> None:
    """Records by kind, sources that spoke, damage and losses by where and why, each once."""
    records: list[Record] = [
        Event(**at(1), type="info", message="x"),
        Tag(**at(1), key="k", value="v"),
        Hooked(**at(1), tool="pyinfra"),
        Output(**at(1), op="", stream=1, text="x", cut_bytes=5),
        Damage(**at(1), where="inbox", reason="torn", count=4),
        ForeignSpan(**at(1), span_id="f" * 16, name="GET"),
        *operation(1),
        *operation(1),
    ]
    found = measured([started(), *records, ended()], lost_records=2)
    assert values(found, "chaos.otel.records", "record") == {
        "run.started": 1,
        "event": 1,
        "tag": 1,
        "hooked": 1,
        "output": 1,
        "damage": 1,
        "span": 1,
        "operation.started": 2,
        "operation.ended": 2,
        "run.ended": 1,
    }
    assert values(found, "chaos.otel.sources", "source") == dict.fromkeys(
        ("script", "pyinfra", "output", "otlp"), 1
    )
    assert values(found, "chaos.otel.damage", "where") == {"inbox": 4, "journal": 2}
    assert values(found, "chaos.otel.dropped", "reason") == {"output": 1, "repeated": 1}


def test_what_a_run_waited_for_us() -> None:
    """Before its command began, and after it ended where somebody waited; never less than
    nothing."""
    found = measured([started(), process(0.25), ended()], after_s=0.125)
    assert values(found, "chaos.otel.overhead", "phase") == {"before": 0.25, "after": 0.125}
    found = measured([started(wrapped=False), ended()])
    assert not list(of(found, "chaos.otel.overhead"))


def test_only_metrics_of_ours_with_the_labels_that_they_promise() -> None:
    """What dashboards and rules are generated from is what comes out."""
    known = {one.name: one for one in INSTRUMENTS}
    usage = {"cpu_user_s": 1.0, "io_read_bytes": 1, "redactions": 1, "disk_used_bytes": 1}
    records = [*operation(1, attempts=2), Damage(**at(1), where="inbox", reason="torn")]
    found = measured([started(), process(), *records, ended(exit_code=1, **usage)], after_s=1)
    for one in found:
        instrument = known[one.metric]
        family = {semconv.LABEL_SCRIPT, semconv.LABEL_ENVIRONMENT}
        wanted = set(instrument.labels) | (family if one.metric.startswith("script.") else set())
        assert {name for name, _ in one.labels} == wanted, one
        kinds = {
            "counter": Increment,
            "gauge": Level | Step,
            "histogram": Observation | Observations,
        }
        assert isinstance(one, kinds[instrument.kind]), one
    assert instruments.FAILURES.name in {one.metric for one in found}


def test_no_run_id_trace_or_path_is_in_any_label() -> None:
    """Whatever the run and its operations are called."""
    run_id, trace_id = "01a200d700fe77a8a662e79e61bdb345", "deadbeef" * 3 + "0badcafe"
    records = operation(1, f"deploy {run_id} to /home/alice/{trace_id}", host="web1")
    begun = started(run_id=run_id, trace_id=trace_id, name=f"/home/alice/run-{run_id}.sh")
    found = measured([begun, *records, ended(exit_code=1)])
    labels = repr([one.labels for one in found])
    for secret in (run_id, trace_id, "/home", "alice"):
        assert secret not in labels
