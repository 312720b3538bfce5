"""No query names what the code does not emit, and nothing that it emits is shown nowhere."""

from __future__ import annotations

import re
from typing import Any

import promql_parser
import pytest
from grafana.source.metrics import label
from tests.grafana.dashboard_files import Asked, asked, documents, filled, nodes

from chaos_otel.instruments import INSTRUMENTS, Instrument
from chaos_otel.semconv import LABEL_ENVIRONMENT, LABEL_SCRIPT

QUERIES = list(asked())
# what Prometheus puts to every series
OF_PROMETHEUS = {"job", "instance"}
# why no panel shows them, each
NOT_SHOWN: dict[str, str] = {}
each = pytest.mark.parametrize("query", QUERIES, ids=lambda query: query.name.replace(" ", "_"))


def _emitted() -> dict[str, set[str]]:
    """Names of series, each with its labels."""
    found: dict[str, set[str]] = {}
    for instrument in INSTRUMENTS:
        labels = OF_PROMETHEUS | {label(name) for name in _labels(instrument)}
        name = instrument.prometheus_name
        if instrument.kind == "histogram":
            found |= {f"{name}_sum": labels, f"{name}_count": labels}
            found[f"{name}_bucket"] = labels | {"le"}
        else:
            found[name] = labels
    return found


def _labels(instrument: Instrument) -> tuple[str, ...]:
    family = (LABEL_SCRIPT, LABEL_ENVIRONMENT) if instrument.name.startswith("script.") else ()
    return (*family, *instrument.labels)


EMITTED = _emitted()


def _named(expr: str) -> set[str]:
    """The series that a query selects."""
    return {selector.name for selector in nodes(expr, promql_parser.VectorSelector)}


def _grouped(expr: str) -> set[str]:
    """The labels that a query groups or matches by."""
    by = [one.modifier for one in nodes(expr, promql_parser.AggregateExpr)]
    on = [one.modifier.matching for one in nodes(expr, promql_parser.BinaryExpr) if one.modifier]
    return {name for labels in (*by, *on) if labels for name in labels.labels}


def _unknown(expr: str) -> list[str]:
    """What a query names and nobody emits."""
    found = [name for name in _named(expr) if name not in EMITTED]
    known: set[str] = set()
    for selector in nodes(expr, promql_parser.VectorSelector):
        labels = EMITTED.get(selector.name, set())
        known |= labels
        asked_for = [matcher.name for matcher in selector.matchers.matchers]
        found += [f"{selector.name}.{name}" for name in asked_for if name not in labels]
    return found + sorted(_grouped(expr) - known)


@each
def test_a_query_parses_and_names_only_what_is_emitted(query: Asked) -> None:
    """Metrics, labels in matchers, labels that are grouped by: all are the code's."""
    assert _unknown(filled(query.expr)) == []


@each
def test_a_line_is_named_after_labels_that_it_has(query: Asked) -> None:
    """A label in the name of a line is one of those that the query leaves."""
    used = set(re.findall(r"\{\{(\w+)\}\}", query.legend))
    assert used <= _grouped(filled(query.expr))


@pytest.mark.parametrize(
    ("expr", "unknown"),
    [
        ("sum(script_run_total)", ["script_run_total"]),
        ('script_runs_total{exit="1"}', ["script_runs_total.exit"]),
        ("sum by (user) (script_runs_total)", ["user"]),
        ("script_active and on (pid) script_runs_total", ["pid"]),
        ("rate(script_failures_total[5m] offset 1w)", []),
        ("histogram_quantile(0.5, sum by (le) (rate(script_run_duration_seconds[5m])))", None),
    ],
)
def test_the_check_finds_a_dead_name(expr: str, unknown: list[str] | None) -> None:
    """A renamed metric, a wrong matcher or group, and a histogram without its end are found."""
    found = _unknown(expr)
    assert found == unknown if unknown is not None else found


def test_everything_emitted_is_shown_or_has_its_reason() -> None:
    """Each metric stands in a panel or an annotation, or on a list that says why not."""
    shown = set().union(*(_named(filled(query.expr)) for query in QUERIES))
    for instrument in INSTRUMENTS:
        name = instrument.prometheus_name
        ends = ("", "_bucket", "_sum", "_count") if instrument.kind == "histogram" else ("",)
        is_shown = any(name + end in shown for end in ends)
        assert is_shown != (instrument.name in NOT_SHOWN), instrument.name
    assert NOT_SHOWN.keys() <= {instrument.name for instrument in INSTRUMENTS}


def test_variables_ask_for_what_is_emitted() -> None:
    """The choices come from metrics and labels that are there."""
    form = re.compile(r"label_values\((?P<select>.+), (?P<label>\w+)\)")
    seen = 0
    for document in documents().values():
        variables: list[dict[str, Any]] = document["templating"]["list"]
        for variable in variables:
            if variable["type"] != "query":
                continue
            found = form.fullmatch(variable["query"]["query"])
            assert found, variable["name"]
            select = filled(found["select"])
            assert _unknown(select) == []
            (name,) = _named(select)
            assert found["label"] in EMITTED[name]
            seen += 1
    assert seen >= 7 * 4
