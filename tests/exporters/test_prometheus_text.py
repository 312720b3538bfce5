"""Metrics in the text that Prometheus reads."""

from __future__ import annotations

import os
import shutil
import subprocess

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as open_metrics
from prometheus_client.parser import text_string_to_metric_families as families

from chaos_otel.exporters.metrics_data import metrics_data
from chaos_otel.exporters.prometheus_text import exposition
from chaos_otel.instruments import INSTRUMENTS, Instrument
from chaos_otel.measures import Series
from chaos_otel.recorder.script_metrics import metric_name

from .series_of import NOW_NS, labels_of, one_of_each, series_of

OPEN_METRICS = "application/openmetrics-text; version=1.0.0"
Samples = dict[tuple[str, tuple[tuple[str, str], ...]], float]


def _text(*series: Series, accept: str = "") -> str:
    data = metrics_data(series, instance_id="an-id", version="1.2.3")
    return exposition(data, accept=accept).body.decode("utf-8")


def _samples(text: str) -> Samples:
    found: Samples = {}
    for family in families(text):
        for sample in family.samples:
            labels = tuple(sorted((key, value) for key, value in sample.labels.items() if value))
            assert (sample.name, labels) not in found, "Prometheus refuses the same sample twice"
            found[sample.name, labels] = sample.value
    return found


def test_names_and_kinds_are_the_tables_to_the_letter() -> None:
    """No stray unit, no `_ratio`; `_total` on counters alone."""
    text = _text(*one_of_each())
    for instrument in INSTRUMENTS:
        assert f"\n# TYPE {instrument.prometheus_name} {instrument.kind}\n" in text
    assert "_ratio" not in text
    assert text.count("# TYPE ") == len(INSTRUMENTS) + 1  # and target_info


def test_labels_are_those_of_the_table_and_no_other() -> None:
    """Nothing of the scope or the resource stands in a series."""
    names = {label for label, _ in labels_of(INSTRUMENTS[0])}
    first = next(
        labels for name, labels in _samples(_text(*one_of_each())) if name == "script_runs_total"
    )
    assert {label for label, _ in first} == {name.replace(".", "_") for name in names}


def test_target_info_names_the_installation() -> None:
    """A query can join `service_instance_id` where it needs it."""
    labels = (
        ("service_instance_id", "an-id"),
        ("service_name", "chaos-otel"),
        ("service_version", "1.2.3"),
    )
    assert _samples(_text(*one_of_each()))["target_info", labels] == 1


def test_no_timestamps() -> None:
    """node_exporter refuses a file that has them."""
    lines = [line for line in _text(*one_of_each()).splitlines() if not line.startswith("#")]
    assert lines
    assert all(len(line.rpartition("}")[2].split()) == 1 for line in lines)


def test_open_metrics_for_who_asks() -> None:
    """Else the older text format, which everything reads."""
    text = _text(*one_of_each(), accept=OPEN_METRICS)
    assert text.endswith("# EOF\n")
    names = {family.name for family in open_metrics(text)}  # type: ignore[no-untyped-call]
    assert {one.prometheus_name.removesuffix("_total") for one in INSTRUMENTS} <= names
    data = metrics_data(one_of_each(), instance_id="", version="")
    assert exposition(data).content_type.startswith("text/plain; version=0.0.4")


def test_any_text_in_a_label_is_one_sample_on_one_line() -> None:
    """Quotes, backslashes, line ends and what is no ASCII come back as they were."""
    hostile = 'a"b\\c\nd{e}=ü'
    text = _text(Series("script.x", (("path", hostile),), 1.0, 0, NOW_NS))
    assert _samples(text)["script_x", (("path", hostile),)] == 1


@pytest.mark.parametrize("instrument", INSTRUMENTS, ids=lambda one: one.name)
def test_whatever_a_script_calls_its_metric_no_sample_is_told_twice(instrument: Instrument) -> None:
    """One sample told twice costs node_exporter the whole file: names that look like ours, in any
    spelling, stay apart (`_samples` sees to it)."""
    said = instrument.prometheus_name.removeprefix("script_")
    ends = ("", "_total", "_sum", "_count", "_bucket", "_created", ".total", "-sum")
    names = {metric_name(said + end) for end in ends}
    own = [Series(name, (), 99.0, 0, NOW_NS) for name in names]
    found = _samples(_text(*one_of_each(), *own))
    assert list(found.values()).count(99.0) == len(names)


def test_an_empty_store_is_an_empty_answer() -> None:
    """And no error."""
    assert _text() == ""
    assert _text(accept=OPEN_METRICS) == "# EOF\n"


def test_promtool_finds_nothing() -> None:
    """`promtool check metrics`, the real one, of all metrics and many series."""
    if shutil.which("promtool") is None:
        if os.environ.get("CI"):
            pytest.fail("promtool is missing (package prometheus)")
        pytest.skip("needs promtool")
    series = [series_of(one, number=number) for one in INSTRUMENTS for number in range(3)]
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=_text(*series), text=True, capture_output=True
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")
