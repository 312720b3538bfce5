"""What Grafana would ask Prometheus when a dashboard is opened, and what it would get."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any, Final, NamedTuple

from tests.e2e.prometheus import Prometheus
from tests.grafana.dashboard_files import filled, panels

SCRAPED_EVERY_S: Final = 1
POINTS: Final = 1000
_UNITS: Final = {"s": 1, "m": 60, "h": 3600, "d": 86400}


class Answer(NamedTuple):
    """What one query of a panel got: series with a number in them, and one of the numbers."""

    panel: str
    expr: str
    series: int
    example: float


def answers(
    prometheus: Prometheus, document: Mapping[str, Any], chosen: Mapping[str, str], *, now_s: float
) -> list[Answer]:
    """Every query of every panel and annotation, over the time that the dashboard shows first."""
    from_s = seconds(document["time"]["from"].removeprefix("now-"))
    found = []
    for panel in panels(document):
        for target in panel["targets"]:
            values = {**chosen, **_times(from_s, panel.get("interval", ""))}
            expr = filled(target["expr"], values)
            numbers = _asked(prometheus, expr, target["instant"], values, from_s, now_s)
            found.append(_answer(panel["title"], expr, numbers))
    for annotation in document["annotations"]["list"]:
        values = {**chosen, **_times(from_s, "1m")}
        expr = filled(annotation["expr"], values)
        numbers = _asked(prometheus, expr, False, values, from_s, now_s)
        found.append(_answer(f"({annotation['name']})", expr, numbers))
    return found


def seconds(duration: str) -> int:
    """Of a duration in one unit."""
    return int(duration[:-1]) * _UNITS[duration[-1]]


def _times(shown_s: int, least: str) -> dict[str, str]:
    """As Grafana works them out: from the time shown, the width, and how often is scraped."""
    interval_s = max(shown_s // POINTS, seconds(least) if least else SCRAPED_EVERY_S, 1)
    rate_s = max(interval_s + SCRAPED_EVERY_S, 4 * SCRAPED_EVERY_S)
    return {
        "__interval": f"{interval_s}s",
        "__rate_interval": f"{rate_s}s",
        "__range": f"{shown_s}s",
    }


def _asked(
    prometheus: Prometheus,
    expr: str,
    instant: bool,
    values: Mapping[str, str],
    shown_s: int,
    now_s: float,
) -> list[list[float]]:
    if instant:
        found = prometheus.api("query", query=expr, time=str(now_s))["result"]
        return [[float(one["value"][1])] for one in found]
    step_s = seconds(values["__interval"])
    from_s = now_s - shown_s // step_s * step_s  # so that the last point is now
    times = {"start": f"{from_s:.3f}", "end": f"{now_s:.3f}", "step": str(step_s)}
    found = prometheus.api("query_range", query=expr, **times)["result"]
    return [[float(value) for _, value in one["values"]] for one in found]


def _answer(panel: str, expr: str, series: list[list[float]]) -> Answer:
    numbers = [[value for value in one if not math.isnan(value)] for one in series]
    kept = [one for one in numbers if one]
    example = max((max(one) for one in kept), default=math.nan)
    return Answer(panel, re.sub(r"\s+", " ", expr), len(kept), example)
