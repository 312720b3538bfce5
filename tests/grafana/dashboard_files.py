"""The dashboards as they are shipped, and their queries as Prometheus would get them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import promql_parser

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "grafana" / "dashboards"
FILES = sorted(FOLDER.glob("*.json"))
# what Grafana puts in when All is chosen and a day is shown, scraped every 30 seconds
ALL_OF_A_DAY = {
    "__rate_interval": "2m",
    "__interval": "1m",
    "__range": "24h",
    "job": ".+",
    "host": ".+",
    "environment": ".+",
    "script": ".+",
    "target": ".+",
}
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


class Asked(NamedTuple):
    """One query of a panel, or an annotation's; `expr` still has its variables."""

    dashboard: str
    panel: str
    kind: str
    expr: str
    legend: str

    @property
    def name(self) -> str:
        """Where it stands."""
        return f"{self.dashboard}: {self.panel}"


def documents() -> dict[str, dict[str, Any]]:
    """Every dashboard by its file's name."""
    return {path.stem: json.loads(path.read_text()) for path in FILES}


def panels(document: Mapping[str, Any]) -> list[dict[str, Any]]:
    """All but the headings."""
    return [panel for panel in document["panels"] if panel["type"] != "row"]


def asked() -> Iterator[Asked]:
    """Every query of every panel, and of every annotation."""
    for name, document in documents().items():
        for panel in panels(document):
            for target in panel["targets"]:
                legend = target.get("legendFormat", "")
                yield Asked(name, panel["title"], panel["type"], target["expr"], legend)
        for annotation in document["annotations"]["list"]:
            yield Asked(name, annotation["name"], "annotation", annotation["expr"], "")


def filled(expr: str, values: Mapping[str, str] = ALL_OF_A_DAY) -> str:
    """With values for the variables; one that has none is an error."""
    return _VARIABLE.sub(lambda found: values[found[1] or found[2]], expr)


def nodes(expr: str, kind: type[Any]) -> list[Any]:
    """All parts of a query that are of one kind, in the order they are written."""
    found: list[Any] = []

    def visit(node: Any) -> bool:
        if isinstance(node, kind):
            found.append(node)
        return True

    promql_parser.walk(promql_parser.parse(expr), visit)
    return found
