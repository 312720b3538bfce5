"""The kinds of panel that the dashboards are made of; each says in plain words what it shows.

Knows no metric: a query comes as text. A panel with a `limit` is red where its alert rule fires.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple, TypeAlias, TypeVar

from grafana.source.alerts import Limit
from grafana.source.metrics import ENVIRONMENT, INSTANCE, SCRIPT
from grafana_foundation_sdk.builders import bargauge, common, prometheus, stat, table, timeseries
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import common as looks
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models.prometheus import PromQueryFormat

Panel: TypeAlias = timeseries.Panel | stat.Panel | bargauge.Panel | table.Panel
_P = TypeVar("_P", timeseries.Panel, stat.Panel, bargauge.Panel, table.Panel)
PROMETHEUS: Final = model.DataSourceRef(type_val="prometheus", uid="${prometheus_datasource}")
GOOD, BAD, QUIET = "green", "red", "blue"
WHOLE_WIDTH: Final = 24
# of labels that are columns
HEADINGS: Final = {SCRIPT: "Script", ENVIRONMENT: "Environment", INSTANCE: "Host"}


class Query(NamedTuple):
    """What a line is drawn from; `name` may use labels, as {{script_name}}."""

    expr: str
    name: str = "__auto"


class Column(NamedTuple):
    """A table's column that is measured; the columns before it are the labels."""

    expr: str
    heading: str
    unit: str
    limit: Limit | None = None
    words: dict[str, tuple[str, str]] | None = None


def lines(
    title: str,
    text: str,
    *queries: Query,
    unit: str,
    width: int = 12,
    limit: Limit | None = None,
    step: str = "",
    bars: bool = False,
    dashed: str = "",
    links: Sequence[build.DashboardLink] = (),
) -> timeseries.Panel:
    """Values over time; a point is at least a `step`, names that match `dashed` are dashed."""
    panel = _made(timeseries.Panel(), title, text, unit=unit, width=width, height=8, limit=limit)
    panel.targets([_range(query, position) for position, query in enumerate(queries)])
    panel.legend(
        common.VizLegendOptions()
        .display_mode(looks.LegendDisplayMode.LIST)
        .placement(looks.LegendPlacement.BOTTOM)
        .show_legend(True)
    ).tooltip(common.VizTooltipOptions().mode(looks.TooltipDisplayMode.MULTI))
    panel.fill_opacity(10).min(0).data_links(list(links))
    if limit:
        style = looks.GraphTresholdsStyleMode.DASHED
        panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(style))
    if step:
        panel.interval(step)
    if bars:
        stacked = common.StackingConfig().mode(looks.StackingMode.NORMAL)
        panel.draw_style(looks.GraphDrawStyle.BARS).fill_opacity(70).stacking(stacked)
    if dashed:
        style_of_line = {"fill": "dash", "dash": [8, 8]}
        panel.override_by_regexp(
            dashed, [model.DynamicConfigValue("custom.lineStyle", style_of_line)]
        )
    return panel


def number(
    title: str,
    text: str,
    expr: str,
    *,
    unit: str,
    width: int = 4,
    limit: Limit | None = None,
    decimals: int | None = None,
    empty: str = "none",
) -> stat.Panel:
    """One number, as it is now; `empty` is shown where there is none."""
    panel = _made(stat.Panel(), title, text, unit=unit, width=width, height=4, limit=limit)
    panel.targets([_instant(expr, 0)]).no_value(empty)
    panel.color_mode(looks.BigValueColorMode.VALUE).graph_mode(looks.BigValueGraphMode.NONE)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    if decimals is not None:
        panel.decimals(decimals)
    return panel


def ranking(
    title: str,
    text: str,
    query: Query,
    *,
    unit: str,
    width: int = 12,
    limit: Limit | None = None,
    links: Sequence[build.DashboardLink] = (),
) -> bargauge.Panel:
    """A bar for each, as it is now."""
    panel = _made(bargauge.Panel(), title, text, unit=unit, width=width, height=8, limit=limit)
    panel.targets([_instant(query.expr, 0).legend_format(query.name)]).no_value("none").min(0)
    panel.orientation(looks.VizOrientation.HORIZONTAL).data_links(list(links))
    panel.display_mode(looks.BarGaugeDisplayMode.BASIC)
    panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"]))
    return panel


def rows(
    title: str,
    text: str,
    *columns: Column,
    width: int = 24,
    height: int = 8,
    sort: str = "",
    links: Sequence[build.DashboardLink] = (),
) -> table.Panel:
    """A row for each combination of labels; `sort`: the column with the largest on top."""
    text += "".join(_watched(limit) for limit in dict.fromkeys(column.limit for column in columns))
    panel = _made(table.Panel(), title, text, unit="short", width=width, height=height, limit=None)
    panel.targets(
        [
            _instant(column.expr, position).format(PromQueryFormat.TABLE)
            for position, column in enumerate(columns)
        ]
    ).no_value("-")
    panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    panel.with_transformation(
        model.DataTransformerConfig(id_val="organize", options=_headings(columns))
    )
    for column in columns:
        panel.override_by_name(column.heading, _cell(column))
    if links:
        on_script = model.DynamicConfigValue("links", [link.build() for link in links])
        panel.override_by_name(HEADINGS[SCRIPT], [on_script])
    if sort:
        panel.sort_by([common.TableSortByFieldState().display_name(sort).desc(True)])
    return panel


def words_of(*said: tuple[str, str, str]) -> dict[str, tuple[str, str]]:
    """Text and colour instead of a value: (value, text, colour)."""
    return {value: (text, colour) for value, text, colour in said}


def mapping(words: dict[str, tuple[str, str]]) -> model.ValueMap:
    """The same, as Grafana takes it."""
    return model.ValueMap(
        {
            value: model.ValueMappingResult(text=text, color=colour, index=index)
            for index, (value, (text, colour)) in enumerate(words.items())
        }
    )


def steps(limit: Limit | None) -> build.ThresholdsConfig:
    """Two colours that meet at the limit; one where there is none."""
    config = build.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE)
    if limit is None:
        return config.steps([model.Threshold(None, QUIET)])
    low, high = (GOOD, BAD) if limit.above else (BAD, GOOD)
    return config.steps([model.Threshold(None, low), model.Threshold(limit.value, high)])


def _made(
    panel: _P, title: str, text: str, *, unit: str, width: int, height: int, limit: Limit | None
) -> _P:
    panel.title(title).description(text + _watched(limit)).unit(unit).span(width).height(height)
    panel.datasource(PROMETHEUS).thresholds(steps(limit))
    by_name = isinstance(panel, timeseries.Panel)
    mode = model.FieldColorModeId
    colours = mode.PALETTE_CLASSIC_BY_NAME if by_name else mode.THRESHOLDS
    panel.color_scheme(build.FieldColor().mode(colours))
    return panel


def _watched(limit: Limit | None) -> str:
    """The end of a description: the rule that has this limit."""
    if limit is None:
        return ""
    for_time = f" for {limit.patience}" if limit.patience else ""
    return f"\n\nThe alert {limit.alert} watches this: {limit.bad} the limit{for_time}."


def _query(expr: str, position: int) -> prometheus.Dataquery:
    return prometheus.Dataquery().expr(expr).ref_id(chr(ord("A") + position)).datasource(PROMETHEUS)


def _range(query: Query, position: int) -> prometheus.Dataquery:
    return _query(query.expr, position).range().legend_format(query.name)


def _instant(expr: str, position: int) -> prometheus.Dataquery:
    return _query(expr, position).instant()


def _headings(columns: Sequence[Column]) -> dict[str, object]:
    values = {f"Value #{chr(ord('A') + i)}": column.heading for i, column in enumerate(columns)}
    if len(columns) == 1:
        values["Value"] = columns[0].heading
    return {"excludeByName": {"Time": True}, "renameByName": HEADINGS | values}


def _cell(column: Column) -> list[model.DynamicConfigValue]:
    properties = [model.DynamicConfigValue("unit", column.unit)]
    if column.limit:
        properties.append(model.DynamicConfigValue("thresholds", steps(column.limit).build()))
    if column.words:
        properties.append(model.DynamicConfigValue("mappings", [mapping(column.words)]))
    if column.limit or column.words:
        colour = {"type": "color-text"}
        properties.append(model.DynamicConfigValue("custom.cellOptions", colour))
    return properties
