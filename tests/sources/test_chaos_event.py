"""From Ch-aOS's machine lines to records."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import count
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel import semconv
from chaos_otel.clock import Moment
from chaos_otel.privacy.redact import Redactor
from chaos_otel.records import (
    Damage,
    Event,
    OperationEnded,
    OperationStarted,
    Superseded,
    Tag,
)
from chaos_otel.sources.chaos_event import ChaosDecoder
from chaos_otel.sources.chaos_lines import MARKERS, MachineLine
from chaos_otel.sources.chaos_records import Printed, Said

WALL_S = 1_795_291_972
SECOND = 1_000_000_000
PROGRESS: dict[str, Any] = {
    "type": "progress",
    "host": "web1",
    "operation": "Install nginx",
    "changed": True,
    "success": True,
    "duration": 2.0268,
    "timestamp": WALL_S - 1.5,
    "logs": {"stdout": "ok\n", "stderr": ""},
    "diff": "- a\n+ b",
    "operation_arguments": {"operation_meta": {"hash": "=33aee1234567"}, "parent_op_hash": None},
    "retry_statistics": {"retry_attempts": 1, "max_retries": 3},
    "command_n_fact_history": [],
}


def decoder() -> ChaosDecoder:
    numbers: Iterator[int] = count(1)
    return ChaosDecoder(
        lambda: Moment(WALL_S * SECOND, 500 * SECOND),
        Redactor(),
        since_mono_ns=400 * SECOND,
        new_id=lambda: f"{next(numbers):016x}",
    )


def said(*texts: bytes, op: str = "") -> list[Said]:
    one = decoder()
    found = [record for text in texts for record in one.decode(MachineLine(op, text))]
    return found + list(one.finish())


def line(value: object, marker: str = "CHAOS_EVENT") -> bytes:
    return f"{marker}::{json.dumps(value)}".encode()


def test_a_progress_line_is_a_whole_operation() -> None:
    """Its time is its end; duration, output, host, retries, hash, diff are the operation's."""
    started, printed, ended = said(line(PROGRESS), op="a" * 16)
    assert isinstance(started, OperationStarted) and isinstance(ended, OperationEnded)
    assert (started.name, started.host, started.parent) == ("Install nginx", "web1", "a" * 16)
    assert ended.wall_ns == round((WALL_S - 1.5) * SECOND)
    assert ended.mono_ns == round(498.5 * SECOND)
    assert ended.mono_ns - started.mono_ns == 2_026_800_000
    assert printed == Printed(started.op, 1, b"ok\n")
    assert (ended.changed, ended.success, ended.attempts, ended.max_retries) == (True, True, 2, 3)
    assert ended.attributes[semconv.PYINFRA_HASH] == "33aee1234567"
    assert ended.attributes[semconv.CH_AOS_DIFF] == "- a\n+ b"
    assert not ended.provisional


def test_an_inner_operation_stands_inside_the_one_around_it() -> None:
    """It ends first, names the hash of the outer one, and is told between that one's ends."""
    arguments = {"operation_meta": {"hash": "=bbbbbbbb"}, "parent_op_hash": "33aee1234567"}
    inner = PROGRESS | {"operation": "inner", "operation_arguments": arguments, "logs": {}}
    records = said(line(inner), line(PROGRESS | {"logs": {}}))
    outer_start, inner_start, inner_end, outer_end = records
    assert isinstance(outer_start, OperationStarted) and isinstance(inner_start, OperationStarted)
    assert isinstance(inner_end, OperationEnded) and isinstance(outer_end, OperationEnded)
    assert (outer_start.name, inner_start.name) == ("Install nginx", "inner")
    assert inner_start.parent == outer_start.op
    assert (inner_end.op, outer_end.op) == (inner_start.op, outer_start.op)


def test_an_inner_operation_whose_outer_one_never_ends_is_not_lost() -> None:
    """It stands for itself when the lines are over."""
    arguments = {"operation_meta": {"hash": "=bbbbbbbb"}, "parent_op_hash": "33aee1234567"}
    inner = PROGRESS | {"operation_arguments": arguments, "logs": {}}
    assert [type(one) for one in said(line(inner))] == [OperationStarted, OperationEnded]


def test_a_line_of_the_first_version_is_provisional() -> None:
    """Without a time it has no duration and no output; the report at the end supersedes it."""
    first = {
        "type": "progress", "host": "@local", "operation": "Flaky step", "changed": True,
        "success": True, "retry_count": 2, "duration": 0.0, "logs": {},
    }  # fmt: skip
    (ended,) = said(line(first))
    assert isinstance(ended, OperationEnded)
    assert ended.provisional and (ended.name, ended.attempts) == ("Flaky step", 3)


def test_a_report_tells_all_operations_again() -> None:
    """Superseded first, then each operation whole, at the time when its line had come."""
    first = {"type": "progress", "host": "h", "operation": "a", "success": False, "logs": {}}
    statistics = {
        "stdout": "", "stderr": "no", "retry_attempts": 0, "max_retries": 0, "retry_info": None
    }  # fmt: skip
    entry = {
        "operation": "a", "changed": False, "success": False, "duration": 1.25, "stdout": "",
        "stderr": "no", "retry_statistics": statistics,
    }  # fmt: skip
    report = {"summary": {"status": "failure"}, "hosts": {"h": {"history": [entry]}}}
    _, superseded, started, printed, ended = said(line(first), line(report, "CHAOS_REPORT"))
    assert isinstance(superseded, Superseded) and isinstance(started, OperationStarted)
    assert isinstance(ended, OperationEnded) and not ended.provisional
    assert ended.mono_ns - started.mono_ns == 1_250_000_000
    assert (printed, ended.message) == (Printed(started.op, 2, b"no"), "no")


def test_the_logbook_of_a_version_that_has_said_all_says_nothing_again() -> None:
    """0.7 prints every operation when it ends and the logbook at the end."""
    entry = {"operation": "a", "success": True}
    logbook = {"api_version": "v1", "hosts": {"h": {"history": [entry]}}}
    assert said(line(logbook, "CHAOS_LOGBOOK")) == []
    assert said(b"CHAOS_LOGBOOK::{}") == []


def test_the_rest_becomes_events_and_tags() -> None:
    """Facts and health checks are events with their values; the run's id and status are tags."""
    health = {
        "type": "health_check", "host": "h", "stage": "pre_operations", "timestamp": WALL_S - 2.0,
        "metrics": {"ram_percent": 27.2},
    }  # fmt: skip
    fact = {"type": "fact", "timestamp": WALL_S, "context": "fact_gathering", "command": "uname"}
    end = {"type": "run_end", "status": "failure", "summary": {}}
    run_id, checked, found, status, ended = said(
        b"CHAOS_RUN_ID::chaos-1", line(health), line(fact), line(end), b"CHAOS_RUN_ENDED::chaos-1"
    )
    assert isinstance(run_id, Tag) and run_id.value == "chaos-1"
    assert isinstance(status, Tag) and (status.key, status.value) == ("ch_aos.status", "failure")
    assert isinstance(checked, Event) and checked.message == "health_check pre_operations"
    assert json.loads(checked.attributes["ch_aos.metrics"]) == {"ram_percent": 27.2}
    assert isinstance(found, Event) and (found.type, found.message) == ("debug", "uname")
    assert isinstance(ended, Event)


SECRET = "Tr0ub4dor-and-3"


@pytest.mark.parametrize(
    "arguments",
    [
        {"global_arguments": {"_sudo_Password": SECRET}},
        {"DB_PASSWORD": {"value": [{"deep": SECRET}]}},
        {"list": [{"apiKey": SECRET}, ["x", {"Client-Secret": SECRET}]]},
        {"kwargs": {"_env": {"PGPASSWORD": SECRET}}},
        {"command": f"mysql --password={SECRET}"},
        {"password": 8231745509},
        {"token": [8231745509]},
    ],
)
def test_secrets_are_hidden_at_any_depth(arguments: object) -> None:
    """Lists, nested objects, keys of mixed case, numbers: what Ch-aOS itself misses."""
    secret = {"type": "custom", "note": arguments}
    for text in (line(PROGRESS | {"operation_arguments": arguments}), line(secret)):
        everything = repr(said(text))
        assert SECRET not in everything and "8231745509" not in everything
        assert "[REDACTED]" in everything


def test_what_is_kept_of_a_line_is_bounded() -> None:
    """Diffs, arguments and events are cut, visibly."""
    big = PROGRESS | {
        "diff": "x" * 100_000,
        "operation_arguments": {"a": ["y" * 50_000] * 500},
        "operation": "n" * 9_000,
    }
    *_, ended = said(line(big))
    assert isinstance(ended, OperationEnded)
    assert all(len(text) < 9_000 for text in ended.attributes.values())
    assert ended.attributes[semconv.CH_AOS_DIFF].endswith("…")
    assert len(ended.name) < 2_000


@pytest.mark.parametrize(
    "text",
    [
        b'CHAOS_EVENT::{"type": "progress", "operation": "half',
        b"CHAOS_EVENT::" + b"[" * 100_000,
        b"CHAOS_EVENT::" + b'{"a":' * 5_000 + b"1" + b"}" * 5_000,
        b"CHAOS_EVENT::[1]",
        b"CHAOS_EVENT::" + b"9" * 10_000,
        b"CHAOS_EVENT::\xff\xfe",
        b"CHAOS_EVENT::",
        b'CHAOS_REPORT::{"hosts": {"h": {"history": [{"operation": "a", "success": 1}]}}}',
        b'CHAOS_REPORT::{"hosts": []}',
        line(PROGRESS | {"duration": "2"}),
        line(PROGRESS | {"duration": -1}),
        line(PROGRESS | {"success": "yes"}),
        line(PROGRESS | {"operation": None}),
        line(PROGRESS | {"logs": [1]}),
        line(PROGRESS | {"retry_statistics": {"retry_attempts": -1}}),
    ],
)
def test_a_line_that_does_not_fit_costs_itself_and_is_counted(text: bytes) -> None:
    """Damage, nothing else; the next line is read."""
    first, *_, last = said(text, b"CHAOS_RUN_ID::next")
    assert isinstance(first, Damage) and first.where == "input"
    assert isinstance(last, Tag)


def test_two_lines_whose_line_feed_was_lost_are_two() -> None:
    """Two threads that print at once write "AB" and then two line feeds."""
    both = line({"type": "fact", "command": "a"}) + line({"type": "fact", "command": "b"})
    assert [one.message for one in said(both) if isinstance(one, Event)] == ["a", "b"]


def test_other_output_behind_a_line_is_counted() -> None:
    """The line counts, what came behind it is damage."""
    first, second = said(line({"type": "fact", "command": "a"}) + b"Loading...")
    assert isinstance(first, Damage) and isinstance(second, Event)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
_KEYS = st.sampled_from([*PROGRESS, "hosts", "summary", "api_version", "command", "retry_count"])


@given(st.sampled_from(MARKERS), st.dictionaries(_KEYS, _JSON, max_size=8), st.booleans())
def test_no_value_whatever_its_type_raises(
    marker: bytes, values: dict[str, Any], progress: bool
) -> None:
    """Hostile JSON under every key that is read."""
    known = PROGRESS | values if progress else values
    assert said(marker + json.dumps(known).encode()) is not None


@given(st.sampled_from(MARKERS), st.binary(max_size=80))
def test_no_bytes_raise(marker: bytes, data: bytes) -> None:
    """Whatever follows a marker."""
    assert said(marker + data) is not None
