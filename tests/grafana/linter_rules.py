"""The rules of grafana/dashboard-linter, by its names, as far as they are about our dashboards.

The linter itself cannot be had everywhere: it is no Go module that the checksum database vouches
for. So its rules are checked here as well, from their description, and more strictly: a counter
may stand nowhere but in `rate` and `increase`, and every kind of panel is looked at.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any, TypeAlias

import promql_parser
from tests.grafana.dashboard_files import filled, nodes, panels

Document: TypeAlias = dict[str, Any]
# of the linter's list, those that we use
UNITS = {
    *("short", "percentunit", "bytes", "Bps", "cps", "s", "dtdurations"),
    *("dateTimeAsIso", "dateTimeAsIsoNoDateIfToday"),
}
_SOURCE = "${prometheus_datasource}"
_GROWTH = ("rate", "irate", "increase")


def _variables(document: Document, kind: str) -> list[dict[str, Any]]:
    return [one for one in document["templating"]["list"] if one["type"] == kind]


def _targets(document: Document) -> Iterator[tuple[str, str]]:
    for panel in panels(document):
        for target in panel["targets"]:
            yield panel["title"], target["expr"]


def _datasource(document: Document) -> Iterator[str]:
    found = _variables(document, "datasource")
    if not found or found[0]["query"] != "prometheus":
        yield "the first data source is not Prometheus"
    for one in found:
        kind = one["query"]
        if (one["name"], one["label"]) != (f"{kind}_datasource", f"{kind.title()} data source"):
            yield one["name"]


def _choice(name: str) -> Callable[[Document], Iterator[str]]:
    def check(document: Document) -> Iterator[str]:
        found = _variables(document, "query")
        source = {"type": "prometheus", "uid": _SOURCE}
        wanted = {
            "name": name,
            "datasource": source,
            "label": name.title(),
            "multi": True,
            "allValue": ".+",
        }
        if not any(wanted.items() <= one.items() for one in found):
            yield name

    return check


def _choices_parse(document: Document) -> Iterator[str]:
    for one in _variables(document, "query"):
        inner = one["query"]["query"].removeprefix("label_values(").rpartition(",")[0]
        if not inner or not _parses(inner):
            yield one["name"]


def _choices_reload(document: Document) -> Iterator[str]:
    return (one["name"] for one in _variables(document, "query") if one["refresh"] != 2)


def _panel_source(document: Document) -> Iterator[str]:
    return (one["title"] for one in panels(document) if one["datasource"]["uid"] != _SOURCE)


def _panel_words(document: Document) -> Iterator[str]:
    return (
        str(one["id"]) for one in panels(document) if not one["title"] or not one["description"]
    )


def _panel_units(document: Document) -> Iterator[str]:
    for panel in panels(document):
        config = panel["fieldConfig"]
        units = [config["defaults"].get("unit")]
        for override in config["overrides"]:
            units += [one["value"] for one in override["properties"] if one["id"] == "unit"]
        if not set(units) <= UNITS:
            yield panel["title"]


def _panel_targets(document: Document) -> Iterator[str]:
    return (one["title"] for one in panels(document) if not one["targets"])


def _targets_parse(document: Document) -> Iterator[str]:
    return (title for title, expr in _targets(document) if not _parses(expr))


def _rate_interval(document: Document) -> Iterator[str]:
    for title, expr in _targets(document):
        marked = expr.replace("$__rate_interval", "17m")
        for call in nodes(filled(marked), promql_parser.Call):
            if call.func.name in ("rate", "irate") and call.args[0].range != timedelta(minutes=17):
                yield title


def _matcher(matcher: str) -> Callable[[Document], Iterator[str]]:
    def check(document: Document) -> Iterator[str]:
        for title, expr in _targets(document):
            selectors = nodes(filled(expr), promql_parser.VectorSelector)
            if expr.count(matcher) != len(selectors):
                yield title

    return check


def _counters_grow(document: Document) -> Iterator[str]:
    for title, expr in _targets(document):
        text = filled(expr)
        selectors = nodes(text, promql_parser.VectorSelector)
        counters = sum(
            one.name.endswith(("_total", "_bucket", "_count", "_sum")) for one in selectors
        )
        grown = sum(one.func.name in _GROWTH for one in nodes(text, promql_parser.Call))
        if counters != grown:
            yield title


def _not_editable(document: Document) -> Iterator[str]:
    if document["editable"]:
        yield "editable"


def _parses(expr: str) -> bool:
    try:
        promql_parser.parse(filled(expr))
    except ValueError:
        return False
    return True


# name of the rule → what departs from it
RULES: dict[str, Callable[[Document], Iterator[str]]] = {
    "template-datasource-rule": _datasource,
    "template-job-rule": _choice("job"),
    "template-instance-rule": _choice("instance"),
    "template-label-promql-rule": _choices_parse,
    "template-on-time-change-reload-rule": _choices_reload,
    "panel-datasource-rule": _panel_source,
    "panel-title-description-rule": _panel_words,
    "panel-units-rule": _panel_units,
    "panel-no-targets-rule": _panel_targets,
    "target-promql-rule": _targets_parse,
    "target-rate-interval-rule": _rate_interval,
    "target-job-rule": _matcher('job=~"$job"'),
    "target-instance-rule": _matcher('instance=~"$instance"'),
    "target-counter-agg-rule": _counters_grow,
    "uneditable-dashboard-rule": _not_editable,
}
