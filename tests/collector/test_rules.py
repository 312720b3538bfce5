"""The alert rules name what the code emits, and say what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import promql_parser
import pytest
import yaml
from tests.grafana.dashboard_files import nodes

from chaos_otel.instruments import INSTRUMENTS
from chaos_otel.semconv import LABEL_ENVIRONMENT, LABEL_SCRIPT

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "collector-config" / "rules"
# a script's own metric, by which it may say how seldom it succeeds (docs/alerts.md)
SAID_BY_SCRIPTS = "script_success_max_age_seconds"
GIVEN = {
    "ScriptFailureRate": {
        "expr": "rate(script_failures_total[5m]) > 0.1",
        "for": "2m",
        "labels": {"severity": "warning"},
        "summary": "High script failure rate detected",
    },
    "ScriptExecutionTime": {
        "expr": "script_execution_time_seconds > 300",
        "for": "1m",
        "labels": {"severity": "warning"},
        "summary": "Script execution time exceeded threshold",
    },
}


def _rules() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every rule with the name of its file."""
    for path in sorted(FOLDER.glob("*.yml")):
        for group in yaml.safe_load(path.read_text())["groups"]:
            yield from ((path.name, rule) for rule in group["rules"])


RULES = [rule for _, rule in _rules()]
ALERTS = {rule["alert"]: rule for rule in RULES if "alert" in rule}
RECORDED = {rule["record"] for rule in RULES if "record" in rule}
each_rule = pytest.mark.parametrize(
    "rule", RULES, ids=lambda rule: rule.get("alert") or rule["record"]
)
each_alert = pytest.mark.parametrize("alert", ALERTS)


def _emitted() -> dict[str, set[str]]:
    """The labels of every series that the code emits, and of what scripts say of themselves."""
    script = {_label(LABEL_SCRIPT), _label(LABEL_ENVIRONMENT), "instance", "job"}
    found = {SAID_BY_SCRIPTS: script}
    for one in INSTRUMENTS:
        family = script if one.name.startswith("script.") else {"instance", "job"}
        labels = family | {_label(name) for name in one.labels}
        ends = ("_bucket", "_sum", "_count") if one.kind == "histogram" else ("",)
        found |= {one.prometheus_name + end: labels | {"le"} for end in ends}
    return found | dict.fromkeys(RECORDED, script)


def _label(name: str) -> str:
    return name.replace(".", "_")


EMITTED = _emitted()


@each_rule
def test_a_rule_names_only_what_is_emitted(rule: dict[str, Any]) -> None:
    """Each metric, and each label that is matched, grouped by or put into the text."""
    known: set[str] = set()
    for selector in nodes(rule["expr"], promql_parser.VectorSelector):
        assert selector.name in EMITTED, selector.name
        known |= EMITTED[selector.name]
        assert {one.name for one in selector.matchers.matchers} <= EMITTED[selector.name]
    for grouped in nodes(rule["expr"], promql_parser.AggregateExpr):
        assert set(grouped.modifier.labels) <= known
    for compared in nodes(rule["expr"], promql_parser.BinaryExpr):
        matching = compared.modifier and compared.modifier.matching
        assert set(matching.labels if matching else ()) <= known
    texts = " ".join(rule.get("annotations", {}).values())
    assert set(re.findall(r"\$labels\.(\w+)", texts)) <= known


@each_alert
def test_an_alert_says_how_bad_it_is_what_it_means_and_what_to_do(alert: str) -> None:
    """Severity, summary, description, and a runbook that is there."""
    rule = ALERTS[alert]
    assert rule["labels"]["severity"] in ("info", "warning", "critical")
    assert rule["annotations"].keys() == {"summary", "description", "runbook_url"}
    page, _, anchor = rule["annotations"]["runbook_url"].partition("#")
    assert anchor == alert.lower()
    text = (ROOT / page).read_text()
    assert f"\n## {alert}\n" in text
    assert f"| [{alert}](#{anchor}) | {rule['labels']['severity']} |" in text


@each_alert
def test_an_alert_is_seen_to_fire_and_to_be_silent(alert: str) -> None:
    """In the tests of the rules there is a moment with it and one without."""
    seen = [
        bool(moment.get("exp_alerts"))
        for path in (FOLDER / "tests").glob("*.yml")
        for case in yaml.safe_load(path.read_text())["tests"]
        for moment in case["alert_rule_test"]
        if moment["alertname"] == alert
    ]
    others = [case for case in _input_series(alert) if len(case) > 1]
    assert True in seen
    assert False in seen or others


def _input_series(alert: str) -> Iterator[set[str]]:
    """The scripts or hosts of each case in which an alert is expected."""
    for path in (FOLDER / "tests").glob("*.yml"):
        for case in yaml.safe_load(path.read_text())["tests"]:
            if any(moment["alertname"] == alert for moment in case["alert_rule_test"]):
                text = " ".join(one["series"] for one in case["input_series"])
                yield set(re.findall(r'(?:instance|script_name)="([^"]+)"', text))


@pytest.mark.parametrize("alert", GIVEN)
def test_the_two_given_rules_are_as_they_were_given(alert: str) -> None:
    """Group, expression, time, severity and summary to the letter."""
    document = yaml.safe_load((FOLDER / "script-telemetry.yml").read_text())
    (group,) = document["groups"]
    assert group["name"] == "script-telemetry"
    rule = next(one for one in group["rules"] if one["alert"] == alert)
    given = {key: rule[key] for key in ("expr", "for", "labels")}
    assert given | {"summary": rule["annotations"]["summary"]} == GIVEN[alert]


def test_what_is_recorded_is_used() -> None:
    """A value that no other rule asks for is worked out for nobody."""
    expressions = " ".join(rule["expr"] for rule in RULES)
    assert {name for name in RECORDED if name not in expressions} == set()
