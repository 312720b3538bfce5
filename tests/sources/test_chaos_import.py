"""Reports and logbooks as the records of a run: checked whole, always the same."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.privacy.redact import Redactor
from chaos_otel.records import Event, Flushed, OperationEnded, OperationStarted, RunEnded
from chaos_otel.sources import chaos_import
from chaos_otel.sources.chaos_fields import Unfit

EXAMPLES = Path(__file__).parents[2] / "examples" / "ch-aos"
LOGBOOK: dict[str, Any] = json.loads((EXAMPLES / "chaos_logbook.json").read_text())
ENTRY = {"operation": "a", "changed": False, "success": True, "duration": 1.5}
REPORT: dict[str, Any] = {
    "summary": {"status": "success"},
    "hosts": {"h": {"history": [ENTRY, ENTRY]}, "other": {"history": [ENTRY]}},
}


def said(value: object) -> list[Any]:
    return list(chaos_import.said(chaos_import.read(value), Redactor(), began_ns=10**18))


def test_operations_stand_one_behind_the_other_on_each_host() -> None:
    """A document has durations and no times; hosts work side by side."""
    records = said(REPORT)
    ends = [(one.host, one.mono_ns) for one in records if isinstance(one, OperationEnded)]
    second = 10**9
    assert ends == [("h", 1.5 * second), ("h", 3 * second), ("other", 1.5 * second)]
    starts = [one.mono_ns for one in records if isinstance(one, OperationStarted)]
    assert starts == [0, 1.5 * second, 0]
    assert isinstance(records[-1], RunEnded) and records[-1].mono_ns == 3 * second


def test_the_same_content_is_the_same_run() -> None:
    """Spaces and the order of keys make no difference, a value does; all ids follow."""
    turned = dict(reversed(LOGBOOK.items()))
    first, second = chaos_import.read(LOGBOOK), chaos_import.read(json.loads(json.dumps(turned)))
    assert first.run_id == second.run_id and said(LOGBOOK) == said(turned)
    changed = copy.deepcopy(LOGBOOK)
    changed["hosts"]["@local"]["history"][0]["duration"] = 9.0
    assert chaos_import.read(changed).run_id != first.run_id
    ops = [one.op for one in said(LOGBOOK) if isinstance(one, OperationStarted)]
    assert len(set(ops)) == len(ops) == 8


def test_a_run_id_sorts_by_the_run_s_start() -> None:
    """As the ids of wrapped runs do, where the document says when that was."""
    began_ms = int(chaos_import.read(LOGBOOK).run_id[:12], 16)
    assert began_ms == 1_795_291_968_000
    human = {key: value for key, value in LOGBOOK.items() if key != "uggly_run_id"}
    assert int(chaos_import.read(human).run_id[:12], 16) == began_ms
    assert int(chaos_import.read(REPORT).run_id[:12], 16) == 0


def test_facts_and_health_checks_are_events() -> None:
    """At their own times."""
    events = [one for one in said(LOGBOOK) if isinstance(one, Event)]
    assert [one.type for one in events].count("debug") == len(LOGBOOK["fact_history"])
    assert events[0].message == "health_check pre_operations"
    assert events[0].wall_ns == round(LOGBOOK["resource_history"][0]["timestamp"] * 1e9)


@pytest.mark.parametrize(
    ("status", "success", "complete"),
    [
        ("success", True, True),
        ("failure", False, True),
        ("failure", True, False),
        ("in_progress", True, True),
    ],
)
def test_a_run_that_failed_without_a_failed_operation_is_not_complete(
    status: str, success: bool, complete: bool
) -> None:
    """Something else ended it. Ch-aOS writes its logbook before the end of the run."""
    document = {
        "summary": {"status": status},
        "hosts": {"h": {"history": [ENTRY | {"success": success}]}},
    }
    assert any(isinstance(one, Flushed) for one in said(document)) is complete


def test_entries_that_are_no_operations_are_left_out() -> None:
    """An early version put its setup phase into the history."""
    phase = {"type": "setup_phase", "stage": "connection_and_facts", "duration": 9.9}
    document = {"summary": {"status": "success"}, "hosts": {"h": {"history": [phase, ENTRY]}}}
    assert len(chaos_import.read(document).operations) == 1


@pytest.mark.parametrize(
    ("change", "place"),
    [
        ({"api_version": "v9"}, "api_version"),
        ({"summary": None}, "summary"),
        ({"summary": {"status": "great"}}, "summary.status"),
        ({"hosts": None}, "hosts"),
        ({"hosts": {"h": []}}, "hosts.h"),
        ({"hosts": {"h": {"history": {}}}}, "hosts.h.history"),
        ({"hosts": {"h": {"history": [ENTRY, 7]}}}, "hosts.h.history[1]"),
        ({"hosts": {"h": {"history": [{"operation": "a"}]}}}, "hosts.h.history[0].success"),
        (
            {"hosts": {"h": {"history": [ENTRY | {"duration": "1"}]}}},
            "hosts.h.history[0].duration",
        ),
        (
            {"hosts": {"h": {"history": [ENTRY | {"retry_statistics": {"max_retries": "2"}}]}}},
            "hosts.h.history[0].retry_statistics.max_retries",
        ),
        ({"resource_history": [{"timestamp": "now"}]}, "resource_history[0].timestamp"),
        ({"hailer": "me"}, "hailer"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(change: dict[str, Any], place: str) -> None:
    """The path of the value, in the words of `report validate`."""
    with pytest.raises(Unfit) as caught:
        said(REPORT | change)
    assert caught.value.place == place


@pytest.mark.parametrize("value", [None, 1, "x", [], [REPORT], {}])
def test_what_is_no_document_is_said(value: object) -> None:
    """Any other JSON."""
    with pytest.raises(Unfit):
        chaos_import.read(value)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
    ),
    max_leaves=8,
)
_KEYS = st.sampled_from([*LOGBOOK, *LOGBOOK["hosts"]["@local"]["history"][0]])


@given(st.dictionaries(_KEYS, _JSON, max_size=8))
def test_hostile_values_are_unfit_or_a_run(change: dict[str, Any]) -> None:
    """Nothing else is ever raised."""
    history = [{**ENTRY, **{key: value for key, value in change.items() if key in ENTRY}}]
    for document in (REPORT | change, REPORT | {"hosts": {"h": {"history": history}}}):
        try:
            assert said(document)
        except Unfit as fault:
            assert fault.place and fault.problem
