"""The dashboards that are shipped are what the Python beside them says."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from grafana.source.__main__ import DASHBOARDS, write
from grafana.source.alerts import rules
from grafana.source.metrics import label
from tests.grafana.dashboard_files import FILES, FOLDER, asked, documents, panels

from chaos_otel.semconv import LABEL_ENVIRONMENT, LABEL_SCRIPT

DOCUMENTS = documents()
each = pytest.mark.parametrize("name", DOCUMENTS)


def test_the_files_are_what_the_source_writes(tmp_path: Path) -> None:
    """`make dashboards` changes nothing: nobody edited the JSON, or forgot to write it anew."""
    write(tmp_path)
    made = {path.name: path.read_text() for path in tmp_path.iterdir()}
    assert made == {path.name: path.read_text() for path in FOLDER.glob("*.json")}
    assert len(made) == len(DASHBOARDS) == 7


def test_a_dashboard_that_is_no_more_goes(tmp_path: Path) -> None:
    """Writing removes a file whose dashboard was renamed, so that none is shown twice."""
    (tmp_path / "old.json").write_text("{}")
    write(tmp_path)
    assert not (tmp_path / "old.json").exists()


@each
def test_it_can_be_imported_by_hand_and_twice(name: str) -> None:
    """A fixed id, no number of one Grafana, and a schema that Grafana 10 knows."""
    document = DOCUMENTS[name]
    assert document["uid"] == f"chaos-otel-{name}"
    assert document.get("id") is None
    assert document["schemaVersion"] <= 39  # of Grafana 11; 10.0 has 38
    assert "__inputs" not in document


@each
def test_it_has_what_every_dashboard_has(name: str) -> None:
    """Words, time zone, refresh, a way to the others, annotations, and variables with All."""
    document = DOCUMENTS[name]
    assert document["description"] and document["timezone"] == "browser" and document["refresh"]
    (link,) = document["links"]
    assert link["type"] == "dashboards" and link["tags"] == document["tags"] == ["chaos-otel"]
    assert link["includeVars"] and link["keepTime"]
    assert [one["name"] for one in document["annotations"]["list"]] == ["Failed run", "Deployment"]
    variables = {one["name"]: one for one in document["templating"]["list"]}
    assert variables["prometheus_datasource"]["query"] == "prometheus"
    for choice in ("environment", "script", "host"):
        chosen = variables[choice]
        assert chosen["includeAll"] and chosen["multi"] and chosen["current"]["text"] == "All"


@each
def test_every_panel_says_what_it_shows(name: str) -> None:
    """A title of its own, plain words that end as a sentence does, a unit, a colour's limits."""
    shown = panels(DOCUMENTS[name])
    titles = [panel["title"] for panel in shown]
    assert len(set(titles)) == len(titles)
    for panel in shown:
        words = panel["description"]
        assert len(words) > 20 and words.endswith("."), panel["title"]
        defaults = panel["fieldConfig"]["defaults"]
        assert defaults["unit"] and defaults["thresholds"]["steps"], panel["title"]
        assert panel["datasource"]["uid"] == "${prometheus_datasource}"


@each
def test_no_two_panels_lie_on_each_other(name: str) -> None:
    """Every place of the grid belongs to one panel, none is wider than the page."""
    taken: dict[tuple[int, int], str] = {}
    for panel in DOCUMENTS[name]["panels"]:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert (x, y) not in taken, f"{panel['title']} lies on {taken[x, y]}"
                taken[x, y] = panel["title"]
    numbers = [panel["id"] for panel in DOCUMENTS[name]["panels"]]
    assert len(set(numbers)) == len(numbers)


def _limits(panel: dict[str, Any]) -> set[float]:
    """Where a panel or one of its columns changes its colour."""
    configs = [panel["fieldConfig"]["defaults"].get("thresholds")]
    for override in panel["fieldConfig"]["overrides"]:
        configs += [one["value"] for one in override["properties"] if one["id"] == "thresholds"]
    steps = [step["value"] for config in configs if config for step in config["steps"]]
    return {step for step in steps if step is not None}


def test_a_panel_turns_red_where_its_alert_fires() -> None:
    """Each limit in a panel is the number of a rule that the panel names, or what is left of 1."""
    watched = 0
    for document in DOCUMENTS.values():
        for panel in panels(document):
            named = [
                rules()[name]["expr"] for name in rules() if f" {name} " in panel["description"]
            ]
            for limit in _limits(panel):
                forms = {f"{limit:g}", f"{round(1 - limit, 9):g}"}
                assert any(form in expr for expr in named for form in forms), panel["title"]
                watched += 1
    assert watched > 10


def test_the_host_is_where_the_script_ran() -> None:
    """Every query of every panel is narrowed by job and host, those of scripts by script too."""
    for query in asked():
        assert 'job=~"$job"' in query.expr and 'instance=~"$host"' in query.expr, query.name
        if "script_" in query.expr:
            assert f'{label(LABEL_SCRIPT)}=~"$script"' in query.expr, query.name
            assert f'{label(LABEL_ENVIRONMENT)}=~"$environment"' in query.expr, query.name


def test_every_file_is_json_with_an_end() -> None:
    """Files end with a newline, and are the same when read and written again."""
    for path in FILES:
        text = path.read_text()
        assert json.dumps(json.loads(text), indent=2, ensure_ascii=False) + "\n" == text
