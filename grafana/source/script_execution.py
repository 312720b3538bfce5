"""What runs now, and what has just ended."""

from __future__ import annotations

from typing import Final

from grafana.source.alerts import limit, watched_by
from grafana.source.frame import Dashboard, Row
from grafana.source.links import IN_ROW, ON_LINE, to_errors, to_traces_and_logs
from grafana.source.metrics import (
    ENVIRONMENT,
    ONE_PLACE,
    PLACE_NAMED,
    SCRIPT,
    SCRIPT_NAMED,
    increase,
    last,
    of,
    rate,
    value_of,
)
from grafana.source.panels import GOOD, Column, Query, lines, number, rows, words_of

from chaos_otel.instruments import (
    ACTIVE,
    EXECUTION_TIME,
    FAILURES_CONSECUTIVE,
    LAST_FAILURE,
    LAST_RUN,
    RUNS,
)
from chaos_otel.semconv import LABEL_RESULT

_UNDER_WAY: Final = f"max by ({ONE_PLACE}) ({of(ACTIVE)}) > 0"
_AGE: Final = f"max by ({ONE_PLACE}) ({of(EXECUTION_TIME)}) and ({_UNDER_WAY})"
_ENDED: Final = f"max by ({ONE_PLACE}) ({last(LAST_RUN, over='1h')})"
_THIS_HOUR: Final = f"({_ENDED} > time() - 3600)"
_ENDING: Final = words_of(("0", "succeeded", GOOD))

_NOW: Final = (
    number(
        "Under way",
        "How many runs are under way at this moment.",
        f"sum({of(ACTIVE)})",
        unit="short",
        empty="0",
    ),
    number(
        "Longest under way",
        "How long the oldest run that is still under way has been running.",
        f"max({_AGE})",
        unit="dtdurations",
        limit=limit("ScriptExecutionTime"),
        width=5,
    ),
    number(
        "Runs of the last hour",
        "How many runs ended in the last sixty minutes, however they went.",
        f"sum({increase(RUNS, over='1h')})",
        unit="short",
        decimals=0,
        width=5,
        empty="0",
    ),
    number(
        "Scripts whose last run failed",
        "Scripts that have not succeeded since they last failed.",
        f"count(max by ({ONE_PLACE}) ({last(FAILURES_CONSECUTIVE)}) > 0)",
        unit="short",
        width=5,
        empty="0",
    ),
    number(
        "Since the last failure",
        "How long ago the last run that failed ended. Empty if none ever did.",
        f"time() - max({last(LAST_FAILURE)} > 0)",
        unit="dtdurations",
        limit=limit("ScriptFailed"),
        width=5,
        empty="no failure",
    ),
    rows(
        "Runs under way",
        "Each script that is running now, where, how many times at once, and for how long: the age "
        "of the oldest where there are several." + watched_by("ScriptHangs"),
        Column(_AGE, "Running for", "dtdurations", limit("ScriptExecutionTime")),
        Column(_UNDER_WAY, "Runs", "short"),
        sort="Running for",
        links=to_traces_and_logs(IN_ROW),
    ),
)
_JUST_NOW: Final = (
    rows(
        "Ended in the last hour",
        "Each script that ended in the last sixty minutes: when, how long its last run took, and "
        "how it went. A click on a script leads to its traces and logs.",
        Column(f"{_THIS_HOUR} * 1000", "Ended", "dateTimeAsIsoNoDateIfToday"),
        Column(
            f"max by ({ONE_PLACE}) ({last(EXECUTION_TIME, over='1h')}) and {_THIS_HOUR}",
            "Took",
            "dtdurations",
            limit("ScriptExecutionTime"),
        ),
        Column(
            f"max by ({ONE_PLACE}) ({last(FAILURES_CONSECUTIVE, over='1h')}) and {_THIS_HOUR}",
            "Failed in a row",
            "short",
            words=_ENDING,
        ),
        sort="Ended",
        width=14,
        links=[*to_traces_and_logs(IN_ROW), to_errors(IN_ROW)],
    ),
    rows(
        "The last failures",
        "When each script last failed, the newest on top, with ways to the traces and logs of its "
        "failed runs.",
        Column(
            f"topk(20, max by ({ONE_PLACE}) ({last(LAST_FAILURE)}) > 0) * 1000",
            "Failed",
            "dateTimeAsIso",
        ),
        sort="Failed",
        width=10,
        links=[*to_traces_and_logs(IN_ROW), to_errors(IN_ROW)],
    ),
)
_OVER_TIME: Final = (
    lines(
        "Runs a minute",
        "How many runs end each minute, by how they ended.",
        Query(f"sum by ({LABEL_RESULT}) ({rate(RUNS)}) * 60", value_of(LABEL_RESULT)),
        unit="short",
    ),
    lines(
        "Result by script",
        "How many runs of each script failed in a row: 0 where the last run succeeded.",
        Query(f"max by ({ONE_PLACE}) ({of(FAILURES_CONSECUTIVE)})", PLACE_NAMED),
        unit="short",
        limit=limit("ScriptFailuresInARow"),
        links=[*to_traces_and_logs(ON_LINE), to_errors(ON_LINE)],
    ),
    lines(
        "Under way over time",
        "How many runs of each script were under way.",
        Query(f"sum by ({SCRIPT}, {ENVIRONMENT}) ({of(ACTIVE)})", SCRIPT_NAMED),
        unit="short",
    ),
    lines(
        "Run time",
        "The age of a run while it is under way, then what it took, until the next begins.",
        Query(f"max by ({ONE_PLACE}) ({of(EXECUTION_TIME)})", PLACE_NAMED),
        unit="s",
        limit=limit("ScriptExecutionTime"),
        links=to_traces_and_logs(ON_LINE),
    ),
)
DASHBOARD: Final = Dashboard(
    "execution",
    "script execution",
    "What runs now and for how long, what ended in the last hour, and the last failure.",
    (Row("Now", _NOW), Row("Just now", _JUST_NOW), Row("Over time", _OVER_TIME)),
    time="now-1h",
    refresh="10s",
    sources=("tempo", "jaeger", "loki"),
)
