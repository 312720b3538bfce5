"""grafana/README.md tells what is there, and which alerts belong to which panel."""

from __future__ import annotations

from pathlib import Path

import yaml
from grafana.source.alerts import rules
from tests.grafana.dashboard_files import ROOT, documents, panels

README = (ROOT / "grafana" / "README.md").read_text()
PROVISIONING = ROOT / "grafana" / "provisioning"


def _row(alert: str) -> str:
    """An alert and the panels that name it, as a row of the table."""
    places = [
        f"{document['title'].removeprefix('chaos-otel: ')}: {panel['title']}"
        for document in documents().values()
        for panel in panels(document)
        if f"The alert {alert} watches" in panel["description"]
    ]
    return f"| {alert} | {'<br>'.join(places) or 'none: '}"


def test_every_alert_stands_beside_its_panels() -> None:
    """One row for each rule, with all panels that name it; one without a panel says why."""
    missing = [row for row in map(_row, rules()) if row not in README]
    assert missing == []


def test_every_dashboard_stands_in_the_page() -> None:
    """By its file and its title."""
    for name, document in documents().items():
        title = document["title"].removeprefix("chaos-otel: ")
        assert f"| `{name}.json` | {title} |" in README


def _read(path: Path) -> dict[str, list[dict[str, object]]]:
    content: dict[str, list[dict[str, object]]] = yaml.safe_load(path.read_text())
    return content


def test_what_is_provisioned_fits_the_dashboards() -> None:
    """A data source of each type that a dashboard chooses among (Jaeger: instead of Tempo)."""
    (path,) = (PROVISIONING / "datasources").iterdir()
    sources = _read(path)["datasources"]
    kinds = {
        variable["query"]
        for document in documents().values()
        for variable in document["templating"]["list"]
        if variable["type"] == "datasource"
    }
    assert kinds - {"jaeger"} == {source["type"] for source in sources}
    assert len({source["uid"] for source in sources}) == len(sources)


def test_compose_mounts_what_is_provisioned() -> None:
    """collector-config/compose.yaml puts both folders where Grafana and the provider look."""
    (path,) = (PROVISIONING / "dashboards").iterdir()
    (provider,) = _read(path)["providers"]
    options = provider["options"]
    assert isinstance(options, dict)
    compose = yaml.safe_load((ROOT / "collector-config" / "compose.yaml").read_text())
    mounts = compose["services"]["grafana"]["volumes"]
    for place in (
        f"/dashboards:{options['path']}:ro",
        "/provisioning:/etc/grafana/provisioning:ro",
    ):
        assert any(mount.endswith(place) for mount in mounts), place
    (sources,) = (PROVISIONING / "datasources").iterdir()
    for source in _read(sources)["datasources"]:
        host = str(source["url"]).removeprefix("http://").partition(":")[0]
        assert host in compose["services"]
