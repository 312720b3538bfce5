"""The names of a script's own metrics."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.instruments import INSTRUMENTS
from chaos_otel.recorder.script_metrics import is_renamed, metric_name


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("queue_length", "script.queue_length"),
        ("queue.length", "script.queue_length"),
        ("queue length (max)", "script.queue_length_max"),
        ("42nd", "script.42nd"),
        ("__name__", "script.name"),
        ("größe", "script.gr_e"),
        ("", "script.metric"),
        ("🚀", "script.metric"),
        ("x" * 300, "script." + "x" * 100),
        ("execution_time", "script.execution_time_recorded"),
        ("execution.time", "script.execution_time_recorded"),
        ("execution_time_seconds", "script.execution_time_seconds_recorded"),
        ("runs", "script.runs_recorded"),
        ("runs_total", "script.runs_total_recorded"),
        ("failures_created", "script.failures_created_recorded"),
        ("run_duration_seconds_bucket", "script.run_duration_seconds_bucket_recorded"),
        ("run_duration", "script.run_duration_recorded"),
        ("memory_usage", "script.memory_usage"),
    ],
)
def test_a_metric_keeps_its_name_unless_that_is_ours_or_none(said: str, name: str) -> None:
    """One spelling for OpenTelemetry and Prometheus; a name of ours, with or without its unit and
    its suffixes, gets another."""
    assert metric_name(said) == name
    assert is_renamed(said) == name.endswith("_recorded")


@given(st.text())
def test_whatever_a_script_says_is_a_name_that_both_accept_and_none_of_ours(said: str) -> None:
    """OpenTelemetry's and Prometheus' rules for names, and no collision by either spelling."""
    name = metric_name(said)
    assert re.fullmatch(r"[A-Za-z][A-Za-z0-9_.\-/]{0,254}", name)
    exposed = name.replace(".", "_")
    assert re.fullmatch(r"[a-zA-Z_][a-zA-Z0-9_]*", exposed)
    assert "__" not in exposed
    assert name not in {one.name for one in INSTRUMENTS}
    assert exposed not in {one.prometheus_name for one in INSTRUMENTS}
