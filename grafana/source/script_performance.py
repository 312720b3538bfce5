"""How well and how fast scripts run, against the week before."""

from __future__ import annotations

from typing import Final

from grafana.source.alerts import limit, watched_by
from grafana.source.frame import Dashboard, Row
from grafana.source.links import ON_LINE, to_traces_and_logs
from grafana.source.metrics import (
    ENVIRONMENT,
    ONE_SCRIPT,
    SCRIPT,
    SCRIPT_NAMED,
    STEP,
    WEEK_BEFORE,
    increase,
    is_,
    mean,
    quantile,
    ratio,
    value_of,
)
from grafana.source.panels import Column, Query, lines, number, ranking, rows

from chaos_otel.instruments import OPERATION_DURATION, RUN_DURATION, RUNS, Instrument
from chaos_otel.semconv import LABEL_OPERATION, LABEL_RESULT, RESULT_SUCCESS

_SUCCEEDED: Final = is_(LABEL_RESULT, RESULT_SUCCESS)
_RATIO: Final = limit("ScriptFailureRatio")


def _success(by: str = "", shift: str = "", over: str = "$__range") -> str:
    succeeded = increase(RUNS, _SUCCEEDED, shift=shift, over=over)
    return ratio(succeeded, increase(RUNS, shift=shift, over=over), by)


def _quantiles(instrument: Instrument) -> list[Query]:
    """Three quantiles, and the same a week before."""
    shares = ((0.5, "p50"), (0.95, "p95"), (0.99, "p99"))
    return [
        Query(quantile(share, instrument, over=STEP, shift=shift), name + words)
        for shift, words in (("", ""), (WEEK_BEFORE, ", a week before"))
        for share, name in shares
    ]


_NUMBERS: Final = (
    number(
        "Success rate",
        "Of the runs that ended in the time shown, the share that succeeded.",
        _success(),
        unit="percentunit",
        decimals=1,
        limit=_RATIO.rest(),
    ),
    number(
        "Success rate, a week before",
        "The same share, of the same time a week before.",
        _success(shift=WEEK_BEFORE),
        unit="percentunit",
        decimals=1,
        limit=_RATIO.rest(),
    ),
    number(
        "Runs",
        "How many runs ended in the time shown.",
        f"sum({increase(RUNS)})",
        unit="short",
        decimals=0,
        empty="0",
    ),
    number(
        "p50 duration",
        "Half of all runs took at most this long.",
        quantile(0.5, RUN_DURATION),
        unit="s",
    ),
    number(
        "p95 duration",
        "Of twenty runs nineteen took at most this long.",
        quantile(0.95, RUN_DURATION),
        unit="s",
    ),
    number(
        "p99 duration",
        "Of a hundred runs ninety-nine took at most this long.",
        quantile(0.99, RUN_DURATION),
        unit="s",
    ),
)
_TIMES: Final = (
    lines(
        "Duration of runs",
        "How long runs took, by the hour: half of them, nineteen of twenty, and ninety-nine of a "
        "hundred took at most this long. Dashed: a week before.",
        *_quantiles(RUN_DURATION),
        unit="s",
        step="1h",
        dashed=".*before",
    ),
    lines(
        "Duration of operations",
        "The same for the single operations that runs are made of.",
        *_quantiles(OPERATION_DURATION),
        unit="s",
        step="1h",
        dashed=".*before",
    ),
    rows(
        "Scripts against the week before",
        "For each script: its share of success, its p95 duration, and how many times its p95 of "
        "the week before that is." + watched_by("ScriptTooFast"),
        Column(_success(ONE_SCRIPT), "Success", "percentunit", _RATIO.rest()),
        Column(quantile(0.95, RUN_DURATION, ONE_SCRIPT), "p95", "s"),
        Column(
            f"{quantile(0.95, RUN_DURATION, ONE_SCRIPT)} / "
            f"{quantile(0.95, RUN_DURATION, ONE_SCRIPT, shift=WEEK_BEFORE)}",
            "Times the week before",
            "short",
            limit("ScriptSlowerThanItsWeek"),
        ),
        sort="p95",
    ),
)
_SLOWEST: Final = (
    ranking(
        "The slowest scripts",
        "The ten scripts with the longest p95 duration in the time shown.",
        Query(f"topk(10, {quantile(0.95, RUN_DURATION, ONE_SCRIPT)})", SCRIPT_NAMED),
        unit="s",
        links=to_traces_and_logs(ON_LINE),
    ),
    ranking(
        "The slowest operations",
        "The ten operations that took longest, on average, in the time shown.",
        Query(
            f"topk(10, {mean(OPERATION_DURATION, f'{SCRIPT}, {LABEL_OPERATION}')})",
            value_of(LABEL_OPERATION, SCRIPT),
        ),
        unit="s",
        links=to_traces_and_logs(ON_LINE),
    ),
)
_DAYS: Final = (
    lines(
        "Runs a day",
        "How many runs ended in the day before each point, by how they ended.",
        Query(f"sum by ({LABEL_RESULT}) ({increase(RUNS, over='1d')})", value_of(LABEL_RESULT)),
        unit="short",
        step="1d",
        bars=True,
        width=8,
    ),
    lines(
        "Success by day",
        "The share of runs that succeeded, of each script, in the day before each point.",
        Query(_success(ONE_SCRIPT, over="1d"), SCRIPT_NAMED),
        unit="percentunit",
        step="1d",
        limit=_RATIO.rest(),
        width=8,
    ),
    lines(
        "Duration by day",
        "The p95 duration of each script in the day before each point.",
        Query(quantile(0.95, RUN_DURATION, f"{SCRIPT}, {ENVIRONMENT}", over="1d"), SCRIPT_NAMED),
        unit="s",
        step="1d",
        width=8,
    ),
)
DASHBOARD: Final = Dashboard(
    "performance",
    "script performance",
    "Success rate and duration against the week before, the slowest scripts and operations.",
    (
        Row("In the time shown", _NUMBERS),
        Row("Duration", _TIMES),
        Row("Slowest", _SLOWEST),
        Row("By day", _DAYS),
    ),
    time="now-7d",
    refresh="5m",
    sources=("tempo", "jaeger", "loki"),
)
