"""What fails, how, where and how often."""

from __future__ import annotations

from typing import Final

from grafana.source.alerts import limit, watched_by
from grafana.source.frame import Dashboard, Row
from grafana.source.links import IN_ROW, ON_LINE, to_traces_and_logs
from grafana.source.metrics import (
    INSTANCE,
    ONE_PLACE,
    ONE_SCRIPT,
    PLACE_NAMED,
    SCRIPT_NAMED,
    STEP,
    increase,
    is_,
    label,
    last,
    rate,
    ratio,
    value_of,
)
from grafana.source.panels import Column, Query, lines, number, ranking, rows

from chaos_otel.instruments import (
    FAILURES,
    FAILURES_CONSECUTIVE,
    LAST_FAILURE,
    LAST_SUCCESS,
    OPERATION_RETRIES,
    OPERATIONS,
    RUNS,
)
from chaos_otel.semconv import (
    ERROR_TYPE,
    LABEL_OPERATION,
    LABEL_RESULT,
    RESULT_FAILURE,
    SERVER_ADDRESS,
)

_TYPE: Final = label(ERROR_TYPE)
_HOST: Final = label(SERVER_ADDRESS)
_RATIO: Final = limit("ScriptFailureRatio")
_RETRIES: Final = f"sum by ({ONE_SCRIPT}, {LABEL_OPERATION}) ({increase(OPERATION_RETRIES)}) > 0"
_FAILED_SCRIPTS: Final = f"sum by ({ONE_SCRIPT}) ({increase(FAILURES)}) > 0"
_FAILED_OPERATIONS: Final = increase(OPERATIONS, is_(LABEL_RESULT, RESULT_FAILURE))

_NUMBERS: Final = (
    number(
        "Failures",
        "How many runs failed in the time shown.",
        f"sum({increase(FAILURES)})",
        unit="short",
        decimals=0,
        empty="0",
        width=6,
    ),
    number(
        "Failure ratio",
        "Of the runs that ended in the time shown, the share that failed.",
        ratio(increase(FAILURES), increase(RUNS)),
        unit="percentunit",
        decimals=1,
        limit=_RATIO,
        width=6,
    ),
    number(
        "Longest row of failures",
        "The most runs of one script that have failed since it last succeeded.",
        f"max({last(FAILURES_CONSECUTIVE)})",
        unit="short",
        limit=limit("ScriptFailuresInARow"),
        width=6,
    ),
    number(
        "Since the last failure",
        "How long ago the last run that failed ended. Empty if none ever did.",
        f"time() - max({last(LAST_FAILURE)} > 0)",
        unit="dtdurations",
        limit=limit("ScriptFailed"),
        empty="no failure",
        width=6,
    ),
)
_OVER_TIME: Final = (
    lines(
        "Failures a second",
        "How many runs fail each second. The limit means many hosts at once: more than thirty "
        "failures in five minutes.",
        Query(f"sum by ({ONE_PLACE}) ({rate(FAILURES)})", PLACE_NAMED),
        unit="short",
        limit=limit("ScriptFailureRate"),
        links=to_traces_and_logs(ON_LINE),
    ),
    lines(
        "Failure ratio over time",
        "The share of each script's runs that failed, in the hour before each point.",
        Query(
            ratio(increase(FAILURES, over="1h"), increase(RUNS, over="1h"), ONE_SCRIPT),
            SCRIPT_NAMED,
        ),
        unit="percentunit",
        limit=_RATIO,
        links=to_traces_and_logs(ON_LINE),
    ),
    lines(
        "Failures by type",
        "What runs failed of: the exit status, a signal, a time limit, or what the script said.",
        Query(f"sum by ({_TYPE}) ({increase(FAILURES, over=STEP)})", value_of(_TYPE)),
        unit="short",
        bars=True,
        step="5m",
    ),
    lines(
        "Failures by script",
        "Which scripts failed, and when.",
        Query(f"sum by ({ONE_SCRIPT}) ({increase(FAILURES, over=STEP)})", SCRIPT_NAMED),
        unit="short",
        bars=True,
        step="5m",
        links=to_traces_and_logs(ON_LINE),
    ),
)
_WHAT: Final = (
    rows(
        "What fails most",
        "Scripts and what they failed of, the most frequent on top. A click on a script leads to "
        "the traces and logs of its failed runs.",
        Column(
            f"topk(20, sum by ({ONE_SCRIPT}, {_TYPE}) ({increase(FAILURES)}) > 0)",
            "Failures",
            "short",
        ),
        sort="Failures",
        width=12,
        links=to_traces_and_logs(IN_ROW),
    ),
    ranking(
        "Failures in a row",
        "Scripts whose last runs all failed, and how many those are.",
        Query(
            f"max by ({ONE_PLACE}) ({last(FAILURES_CONSECUTIVE)}) > 0",
            PLACE_NAMED,
        ),
        unit="short",
        limit=limit("ScriptFailuresInARow"),
        links=to_traces_and_logs(ON_LINE),
    ),
    ranking(
        "Since the last success",
        "The ten scripts that have not succeeded for the longest time."
        + watched_by("ScriptOverdue"),
        Query(f"topk(10, time() - max by ({ONE_SCRIPT}) ({last(LAST_SUCCESS)}))", SCRIPT_NAMED),
        unit="dtdurations",
        limit=limit("ScriptNotSucceeded"),
        width=8,
        links=to_traces_and_logs(ON_LINE),
    ),
    ranking(
        "Failures by host",
        "The machines on which runs failed: those that ran the script.",
        Query(f"topk(10, sum by ({INSTANCE}) ({increase(FAILURES)}) > 0)", value_of(INSTANCE)),
        unit="short",
        width=8,
    ),
    ranking(
        "Failed operations by target",
        "The machines that operations failed on: those that a deployment works on.",
        Query(
            f"topk(10, sum by ({_HOST}) ({_FAILED_OPERATIONS}) > 0)",
            value_of(_HOST),
        ),
        unit="short",
        width=8,
    ),
)
_RETRIED: Final = (
    rows(
        "Retries that saved a run",
        "Operations that were tried again in scripts of which no run failed in the time shown: a "
        "retry was enough. What has to be retried often is about to fail.",
        Column(f"({_RETRIES}) unless on ({ONE_SCRIPT}) ({_FAILED_SCRIPTS})", "Retries", "short"),
        sort="Retries",
        width=12,
    ),
    rows(
        "Retries in scripts that failed too",
        "Operations that were tried again in scripts of which a run failed in the time shown.",
        Column(f"({_RETRIES}) and on ({ONE_SCRIPT}) ({_FAILED_SCRIPTS})", "Retries", "short"),
        sort="Retries",
        width=12,
        links=to_traces_and_logs(IN_ROW),
    ),
)
DASHBOARD: Final = Dashboard(
    "errors",
    "errors",
    "Failures by type, script and host, their share, their rows, and the retries that helped.",
    (
        Row("In the time shown", _NUMBERS),
        Row("Over time", _OVER_TIME),
        Row("What fails", _WHAT),
        Row("Retries", _RETRIED),
    ),
    sources=("tempo", "jaeger", "loki"),
)
