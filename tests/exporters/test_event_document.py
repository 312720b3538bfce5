"""The event document: the layout that endpoints know, valid whatever the spans hold."""

from __future__ import annotations

import json
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import Event, ReadableSpan
from opentelemetry.trace import Status, StatusCode

from chaos_otel import semconv
from chaos_otel.errors import ReportError
from chaos_otel.exporters.event_document import KEPT_OF_TYPE, LEFT_OUT, EventDocumentExporter
from chaos_otel.exporters.event_document_layout import (
    ERRORS_MAX,
    EVENTS_MAX,
    batch_json,
    document_json,
    validate,
)

SCHEMA = json.loads(
    (files("chaos_otel.exporters") / "event_document.schema.json").read_text("utf-8")
)
OTHERS = Draft202012Validator(SCHEMA)
NOON_NS = 1_704_110_400 * 10**9  # 2024-01-01T12:00:00Z
FAILED = Status(StatusCode.ERROR, "no space left")


def at(seconds: float) -> int:
    return NOON_NS + int(seconds * 1e9)


def said(kind: str, message: str, seconds: float, **more: Any) -> Event:
    attributes = {semconv.EVENT_MESSAGE: message, **more}
    return Event(semconv.EVENT_PREFIX + kind, attributes, at(seconds))


def operation(
    name: str,
    *events: Event,
    end: float = 1.0,
    host: str = "@local",
    status: Status | None = None,
    **more: Any,
) -> ReadableSpan:
    known = {
        semconv.TASK_NAME: name,
        semconv.TASK_RUN_ID: "a" * 16,
        semconv.OPERATION_HOST: host,
        **{getattr(semconv, key): value for key, value in more.items()},
    }
    return ReadableSpan(
        name,
        attributes=known,
        events=events,
        start_time=NOON_NS,
        end_time=at(end),
        status=status or Status(),
        resource=Resource({}),
    )


def run(
    *events: Event,
    resource: Mapping[str, Any] | None = None,
    status: Status | None = None,
    seconds: float = 120.5,
    known: Mapping[str, Any] = MappingProxyType({}),
) -> ReadableSpan:
    return ReadableSpan(
        "deploy-service",
        attributes={semconv.PIPELINE_RUN_ID: "018cc251f4007abc8def0123456789ab", **known},
        events=events,
        start_time=NOON_NS,
        end_time=at(seconds),
        status=status or Status(),
        resource=Resource(dict(resource or {})),
    )


def document(*spans: ReadableSpan) -> dict[str, Any]:
    exporter = EventDocumentExporter()
    exporter.export(spans)
    return exporter.document()


def test_the_document_is_as_documented() -> None:
    """Every field of the documented example, with its units."""
    whole = document(
        run(
            said("success", "Deployment completed successfully", 120),
            resource={
                semconv.SERVICE_VERSION: "v1.0.0",
                semconv.USER_HASH: "0123456789abcdef",
                semconv.DEPLOYMENT_ENVIRONMENT: "production",
            },
            known={
                semconv.RUN_MEMORY_PEAK_BYTES: 256_700_000,
                semconv.RUN_CPU_USER_S: 50.0,
                semconv.RUN_CPU_SYSTEM_S: 4.466,
                semconv.RUN_DISK_USED_BYTES: 1_024_000_000,
                semconv.TAG_PREFIX + "service": "auth-service",
                semconv.TAG_PREFIX + "region": "us-east-1",
            },
        )
    )
    assert whole == {
        "timestamp": "2024-01-01T12:00:00Z",
        "script_name": "deploy-service",
        "script_version": "v1.0.0",
        "execution_id": "018cc251-f400-7abc-8def-0123456789ab",
        "user_id": "0123456789abcdef",
        "environment": "production",
        "metrics": {
            "execution_time": 120.5,
            "memory_usage": 256.7,
            "cpu_usage": 45.2,
            "disk_usage": 1024.0,
        },
        "events": [
            {
                "type": "success",
                "message": "Deployment completed successfully",
                "timestamp": "2024-01-01T12:02:00Z",
            },
            {
                "type": "success",
                "message": "deploy-service succeeded",
                "timestamp": "2024-01-01T12:02:00Z",
            },
        ],
        "errors": [],
        "tags": {"service": "auth-service", "region": "us-east-1"},
    }
    assert list(whole) == SCHEMA["required"]


def test_what_nobody_knows_is_empty_or_missing() -> None:
    """Texts are empty; of the metrics only the time is always there."""
    whole = document(run())
    assert (whole["script_version"], whole["user_id"], whole["environment"]) == ("", "", "")
    assert whole["metrics"] == {"execution_time": 120.5}


def test_a_metric_of_the_script_wins() -> None:
    """Its own `execution_time` counts, others stand beside the four; what is not finite does not
    come."""
    own = {
        semconv.METRIC_PREFIX + "rows": 7.0,
        semconv.METRIC_PREFIX + "execution_time": 3.0,
        semconv.METRIC_PREFIX + "odd": float("nan"),
    }
    assert document(run(known=own))["metrics"] == {"execution_time": 3.0, "rows": 7.0}


def test_without_a_wrapper_the_samples_count() -> None:
    """CPU and memory of the process tree stand in for what nobody waited for."""
    sampled = {semconv.RUN_TREE_CPU_S: 6.025, semconv.RUN_TREE_MEMORY_PEAK_BYTES: 5_000_000}
    metrics = document(run(known=sampled))["metrics"]
    assert (metrics["cpu_usage"], metrics["memory_usage"]) == (5.0, 5.0)
    assert "cpu_usage" not in document(run(seconds=0, known=sampled))["metrics"]


def test_events_are_in_the_order_of_their_time() -> None:
    """Whatever order their spans end in; of operations and of the run; debug is left out."""
    whole = document(
        operation("late", said("info", "b", 2), said("debug", "x", 2), end=5, host="web1"),
        operation("early", said("warning", "a", 1), end=3),
        run(
            said("interrupted", "SIGINT", 4), said("info", "of one", 6, **{semconv.TASK_NAME: "t"})
        ),
    )
    assert [
        (e["type"], e["message"], e.get("operation"), e.get("host")) for e in whole["events"]
    ] == [
        ("warning", "a", "early", None),
        ("info", "b", "late", "web1"),
        ("success", "early succeeded", "early", None),
        ("warning", "SIGINT", None, None),
        ("success", "late succeeded", "late", "web1"),
        ("info", "of one", "t", None),
        ("success", "deploy-service succeeded", None, None),
    ]


def test_failures_are_errors_and_events() -> None:
    """The operation's, and last the run's; a part of an operation is neither."""
    whole = document(
        operation("copy", status=FAILED, host="web1", ERROR_TYPE="exit_1"),
        operation("part", status=FAILED, OPERATION_COUNTED=False),
        operation("quiet", status=Status(StatusCode.ERROR), OPERATION_STDERR="a\nlast words\n"),
        run(status=Status(StatusCode.ERROR, "exit_1"), known={semconv.ERROR_TYPE: "exit_1"}),
    )
    assert whole["errors"] == [
        {
            "type": "exit_1",
            "message": "no space left",
            "timestamp": "2024-01-01T12:00:01Z",
            "operation": "copy",
            "host": "web1",
        },
        {
            "type": "_OTHER",
            "message": "last words",
            "timestamp": "2024-01-01T12:00:01Z",
            "operation": "quiet",
        },
        {
            "type": "exit_1",
            "message": "deploy-service failed (exit_1)",
            "timestamp": "2024-01-01T12:02:00Z",
        },
    ]
    assert [event["type"] for event in whole["events"]] == ["error"] * 3


def test_a_command_without_operations_says_its_last_words() -> None:
    """The end of what it printed on stderr tells why it failed."""
    process = ReadableSpan(
        "make",
        attributes={semconv.OPERATION_HOST: "@local", semconv.OPERATION_STDERR: "x\nmake: *** 2\n"},
        resource=Resource({}),
    )
    failed = run(status=Status(StatusCode.ERROR, "exit_2"), known={semconv.ERROR_TYPE: "exit_2"})
    (error,) = document(process, failed)["errors"]
    assert error["message"] == "deploy-service failed (exit_2): make: *** 2"


def test_what_is_left_out_is_counted() -> None:
    """Many successes cost no failure its place; the run's own failure is always there."""
    many = [operation(f"op{number}", end=2) for number in range(1_000)]
    failing = [operation(f"bad{number}", status=FAILED, end=3) for number in range(300)]
    end = run(status=FAILED, known={semconv.ERROR_TYPE: "exit_1"})
    whole = document(*many, *failing, end)
    events = whole["events"]
    assert [e["type"] for e in events].count("success") == KEPT_OF_TYPE
    assert [e["type"] for e in events].count("error") == KEPT_OF_TYPE
    assert events[-1]["message"] == LEFT_OUT.format(1_301 - 2 * KEPT_OF_TYPE)
    assert len(whole["errors"]) == ERRORS_MAX
    assert "operation" not in whole["errors"][-1]


def test_the_largest_document_is_valid() -> None:
    """With everything at its limit, and less than 2 MB."""
    kinds = ("success", "error", "warning", "info")
    events = [said(kind, "ü" * 9_000, 1) for kind in kinds for _ in range(400)]
    tags = {f"{semconv.TAG_PREFIX}{'k' * 900}{n}": "v" * 9_000 for n in range(2_000)}
    metrics = {f"{semconv.METRIC_PREFIX}{'m' * 900}{n}": 1.0 for n in range(2_000)}
    failing = [operation("o" * 900, status=FAILED, host="h" * 900) for _ in range(400)]
    whole = document(*failing, run(*events, known=tags | metrics))
    OTHERS.validate(whole)
    assert len(whole["events"]) <= EVENTS_MAX
    assert len(document_json(whole)) < 4_000_000


def test_the_run_must_have_come() -> None:
    """A document without its run is none."""
    with pytest.raises(RuntimeError):
        document(operation("copy"))


TEXTS = st.text(st.characters(exclude_categories=[]), max_size=30)
VALUES = TEXTS | st.integers() | st.floats() | st.booleans()
KEYS = (
    st.sampled_from(
        [value for key, value in vars(semconv).items() if key.isupper() and isinstance(value, str)]
    )
    | st.builds(lambda name: semconv.TAG_PREFIX + name, TEXTS)
    | st.builds(lambda name: semconv.METRIC_PREFIX + name, TEXTS)
)


@given(
    st.dictionaries(KEYS, VALUES, max_size=12),
    st.dictionaries(KEYS, VALUES, max_size=6),
    st.lists(st.tuples(TEXTS, TEXTS, st.integers()), max_size=4),
    st.integers(),
    st.integers(),
)
@settings(max_examples=200, deadline=None)
def test_any_spans_give_a_valid_document(
    attributes: dict[str, Any],
    resource: dict[str, Any],
    events: list[tuple[str, str, int]],
    start_ns: int,
    end_ns: int,
) -> None:
    """Valid for us and for the schema, as JSON, and the same each time."""
    said_ = [
        Event(semconv.EVENT_PREFIX + "info", {semconv.EVENT_MESSAGE: text, name: text}, at_ns)
        for name, text, at_ns in events
    ]
    odd = ReadableSpan(
        "x",
        attributes={semconv.TASK_RUN_ID: "a", **attributes},
        events=said_,
        start_time=start_ns,
        end_time=end_ns,
        resource=Resource(resource),
    )
    last = ReadableSpan(
        "x\udc80",
        attributes={k: v for k, v in attributes.items() if k != semconv.TASK_RUN_ID}
        | {semconv.PIPELINE_RUN_ID: "?"},
        events=said_,
        start_time=start_ns,
        end_time=end_ns,
        resource=Resource(resource),
    )
    whole = document(odd, last)
    OTHERS.validate(json.loads(document_json(whole)))
    assert json.loads(batch_json([whole, whole])) == [whole, whole]
    assert document(odd, last) == whole


BAD = st.none() | st.booleans() | st.integers() | st.text(max_size=3) | st.lists(st.integers())


@given(st.data())
@settings(max_examples=300, deadline=None)
def test_the_schema_and_the_check_agree(data: st.DataObject) -> None:
    """A document with something taken out, put in or changed, at any depth, is judged alike."""
    changed = document(
        operation("copy", status=FAILED, host="web1"), run(known={semconv.TAG_PREFIX + "a": "b"})
    )
    place: Any = changed
    while isinstance(place, dict | list) and place:
        keys: list[Any] = list(place) if isinstance(place, dict) else list(range(len(place)))
        key = data.draw(st.sampled_from(keys))
        if isinstance(place[key], dict | list) and place[key] and data.draw(st.booleans()):
            place = place[key]
            continue
        what = data.draw(st.sampled_from(["remove", "change", "add", "lengthen"]))
        if what == "remove":
            del place[key]
        elif what == "change":
            place[key] = data.draw(BAD)
        elif what == "lengthen" and isinstance(place[key], str):
            place[key] *= 500
        elif isinstance(place, dict):
            place["new"] = data.draw(BAD)
        break
    try:
        validate(changed)
        ours = True
    except ReportError:
        ours = False
    assert ours == OTHERS.is_valid(changed)


@pytest.mark.parametrize(
    "value", ["", "2024-01-01", "2024-01-01T12:00:00", "2024-01-01T12:00:00.5Z", "yesterday"]
)
def test_a_time_has_one_form(value: str) -> None:
    """With seconds, in UTC; the error says where it is wrong."""
    whole = document(run()) | {"timestamp": value}
    with pytest.raises(ReportError, match=r"timestamp"):
        validate(whole)
    assert not OTHERS.is_valid(whole)


def test_the_limits_are_the_same() -> None:
    """A list or an object that is too long is refused by both."""
    whole = document(run())
    (event,) = whole["events"]
    for key, value in (
        ("events", [event] * (EVENTS_MAX + 1)),
        ("tags", {str(number): "" for number in range(201)}),
        ("metrics", {"execution_time": 1.0, **{str(n): 1.0 for n in range(1_000)}}),
    ):
        OTHERS.validate(whole)
        with pytest.raises(ReportError):
            validate(whole | {key: value})
        assert not OTHERS.is_valid(whole | {key: value})
