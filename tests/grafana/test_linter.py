"""The dashboards keep the rules of grafana/dashboard-linter; each exclusion has its reason."""

from __future__ import annotations

import copy
import os
import shutil
import subprocess
from collections.abc import Callable
from typing import Any

import pytest
import yaml
from tests.grafana.dashboard_files import FILES, FOLDER, documents
from tests.grafana.linter_rules import RULES

DOCUMENTS = documents()
EXCLUDED = yaml.safe_load((FOLDER / ".lint").read_text())["exclusions"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_linter_itself_finds_nothing(path: Any) -> None:
    """`dashboard-linter lint --strict`, from $DASHBOARD_LINTER or the PATH."""
    linter = os.environ.get("DASHBOARD_LINTER") or shutil.which("dashboard-linter")
    if not linter:
        # with CI set as well: the Go checksum database answers 404 for every version of it, and
        # what it does not vouch for is not run here
        pytest.skip("no dashboard-linter: its rules are checked by the tests beside this one")
    done = subprocess.run([linter, "lint", "--strict", path], capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_kept_or_its_exclusion_has_a_reason(rule: str) -> None:
    """No dashboard departs from a rule; one that is excluded is needed, and says why."""
    found = [f"{name}: {place}" for name in DOCUMENTS for place in RULES[rule](DOCUMENTS[name])]
    if rule in EXCLUDED:
        assert found and len(EXCLUDED[rule]["reason"]) > 40
    else:
        assert found == []


def test_only_rules_that_exist_are_excluded() -> None:
    """An exclusion of a rule that is no more would hide nothing, and say that it does."""
    assert EXCLUDED.keys() <= RULES.keys()


def _of_panel(key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def spoil(document: dict[str, Any]) -> None:
        next(one for one in document["panels"] if one["type"] == "stat")[key] = value

    return spoil


def _expr(expr: str) -> Callable[[dict[str, Any]], None]:
    return _of_panel("targets", [{"expr": expr}])


def _variable(index: int, key: str, value: Any) -> Callable[[dict[str, Any]], None]:
    def spoil(document: dict[str, Any]) -> None:
        document["templating"]["list"][index][key] = value

    return spoil


_JOB = 4  # behind four data sources


@pytest.mark.parametrize(
    ("rule", "spoil"),
    [
        ("template-datasource-rule", _variable(0, "name", "source")),
        ("template-job-rule", _variable(_JOB, "allValue", ".*")),
        ("template-label-promql-rule", _variable(_JOB, "query", {"query": "label_values(a b, c)"})),
        ("template-on-time-change-reload-rule", _variable(_JOB, "refresh", 1)),
        ("panel-datasource-rule", _of_panel("datasource", {"uid": "mine"})),
        ("panel-title-description-rule", _of_panel("description", "")),
        (
            "panel-units-rule",
            _of_panel("fieldConfig", {"defaults": {"unit": "runs"}, "overrides": []}),
        ),
        ("panel-no-targets-rule", _of_panel("targets", [])),
        ("target-promql-rule", _expr("sum(")),
        ("target-rate-interval-rule", _expr('rate(a_total{job=~"$job"}[5m])')),
        ("target-job-rule", _expr("sum(script_active)")),
        ("target-counter-agg-rule", _expr("sum(script_runs_total)")),
        ("uneditable-dashboard-rule", lambda document: document.update(editable=True)),
    ],
)
def test_a_departure_is_found(rule: str, spoil: Callable[[dict[str, Any]], None]) -> None:
    """Each rule finds a dashboard that was spoilt on purpose."""
    document = copy.deepcopy(DOCUMENTS["execution"])
    assert list(RULES[rule](document)) == []
    spoil(document)
    assert list(RULES[rule](document))
