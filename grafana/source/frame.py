"""What all dashboards have in common: variables, annotations, links, time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from grafana.source.links import TAG, to_dashboards
from grafana.source.metrics import ENVIRONMENT, INSTANCE, SCRIPT, of, value_of
from grafana.source.panels import PROMETHEUS, WHOLE_WIDTH, Panel
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from chaos_otel.instruments import EXECUTION_TIME, LAST_FAILURE, LAST_SUCCESS, Instrument

_ALL: Final = model.VariableOption(selected=True, text="All", value="$__all")


class Row(NamedTuple):
    """A heading and what stands below it, from left to right, as wide as each says."""

    heading: str
    panels: Sequence[Panel]


class Dashboard(NamedTuple):
    """A dashboard; `name` is its file's and the end of its id."""

    name: str
    title: str
    text: str
    rows: Sequence[Row]
    time: str = "now-24h"
    refresh: str = "1m"
    variables: Sequence[build.QueryVariable] = ()
    sources: Sequence[str] = ()


class _Annotation(model.AnnotationQuery):
    """One whose time is the value of its query; the SDK knows only what all data sources share."""

    def to_json(self) -> dict[str, object]:
        heading = {
            "titleFormat": self.name,
            "textFormat": f"{value_of(SCRIPT)} on {value_of(INSTANCE)}",
        }
        query = {"expr": self.expr, "refId": "Anno", "interval": "1m"}
        asked: dict[str, Any] = {"useValueForTime": "on", "step": "60s", "tagKeys": ENVIRONMENT}
        return super().to_json() | heading | asked | {"target": query}


def built(dashboard: Dashboard) -> model.Dashboard:
    """The dashboard as Grafana reads it."""
    frame = (
        build.Dashboard(f"chaos-otel: {dashboard.title}")
        .uid(f"{TAG}-{dashboard.name}")
        .description(dashboard.text)
        .tags([TAG])
        .timezone("browser")
        .week_start("monday")
        .time(dashboard.time, "now")
        .refresh(dashboard.refresh)
        .timepicker(build.TimePicker().refresh_intervals(["10s", "30s", "1m", "5m", "15m", "1h"]))
        .tooltip(model.DashboardCursorSync.CROSSHAIR)
        .readonly()
        .link(to_dashboards())
        .variables([*_variables(dashboard.sources), *dashboard.variables])
    )
    _lay(frame, dashboard.rows)
    done = frame.build()
    done.annotations = model.AnnotationContainer(
        [
            _annotation("Failed run", LAST_FAILURE, "red"),
            _annotation("Deployment", LAST_SUCCESS, "green"),
        ]
    )
    return done


def choice(
    name: str, heading: str, instrument: Instrument, label: str, *within: str
) -> build.QueryVariable:
    """A variable with All: the values that a label has, where other variables leave them."""
    matchers = f"{{{', '.join(within)}}}" if within else ""
    select = f"{instrument.prometheus_name}{matchers}"
    query: dict[str, object] = {
        "query": f"label_values({select}, {label})",
        "refId": "PrometheusVariableQueryEditor",
    }
    return (
        build.QueryVariable(name)
        .label(heading)
        .datasource(PROMETHEUS)
        .query(query)
        .refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
        .sort(model.VariableSort.ALPHABETICAL_ASC)
        .include_all(True)
        .multi(True)
        .current(_ALL)
        .all_value(".+")
    )


def _variables(sources: Sequence[str]) -> list[Any]:
    """The choices of every dashboard; a script can be chosen while its first run is under way."""
    job, host = 'job=~"$job"', f'{INSTANCE}=~"$host"'
    environment = f'{ENVIRONMENT}=~"$environment"'
    return [
        *(_source(kind) for kind in ("prometheus", *sources)),
        choice("job", "Job", EXECUTION_TIME, "job"),
        choice("host", "Host", EXECUTION_TIME, INSTANCE, job),
        choice("environment", "Environment", EXECUTION_TIME, ENVIRONMENT, job, host),
        choice("script", "Script", EXECUTION_TIME, SCRIPT, job, host, environment),
    ]


def _source(kind: str) -> build.DatasourceVariable:
    heading = f"{kind.title()} data source"
    return build.DatasourceVariable(f"{kind}_datasource").label(heading).type(kind)


def _annotation(name: str, when: Instrument, colour: str) -> model.AnnotationQuery:
    return _Annotation(
        name=name,
        datasource=PROMETHEUS,
        enable=True,
        icon_color=colour,
        expr=f"{of(when)} * 1000 > 0",
    )


def _lay(frame: build.Dashboard, rows: Sequence[Row]) -> None:
    """Rows one below the other, panels from left to right; a panel's number is its place."""
    top = 0
    place = 1
    for row in rows:
        position = model.GridPos(x=0, y=top, w=WHOLE_WIDTH, h=1)
        frame.with_row(build.Row(row.heading).id(place).grid_pos(position))
        top += 1
        left = height = 0
        for panel in row.panels:
            place += 1
            grid = panel.build().grid_pos
            assert grid is not None
            if left + grid.w > WHOLE_WIDTH:
                top, left, height = top + height, 0, 0
            frame.with_panel(
                panel.id(place).grid_pos(model.GridPos(x=left, y=top, w=grid.w, h=grid.h))
            )
            left, height = left + grid.w, max(height, grid.h)
        top, place = top + height, place + 1
