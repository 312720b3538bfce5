"""What deployments did, operation by operation: Ch-aOS, pyinfra, Ansible and shell steps alike."""

from __future__ import annotations

from typing import Final

from grafana.source.frame import Dashboard, Row, choice
from grafana.source.metrics import (
    ENVIRONMENT,
    SCRIPT,
    SCRIPT_NAMED,
    SHOWN,
    STEP,
    increase,
    is_,
    label,
    mean,
    quantile,
    ratio,
    value_of,
)
from grafana.source.panels import Column, Query, lines, number, ranking, rows

from chaos_otel.instruments import OPERATION_DURATION, OPERATION_RETRIES, OPERATIONS
from chaos_otel.semconv import (
    LABEL_CHANGED,
    LABEL_OPERATION,
    LABEL_RESULT,
    RESULT_FAILURE,
    SERVER_ADDRESS,
)

_HOST: Final = label(SERVER_ADDRESS)
_ON_TARGET: Final = f'{_HOST}=~"$target"'
_CHANGED: Final = is_(LABEL_CHANGED, "true")
_FAILED: Final = is_(LABEL_RESULT, RESULT_FAILURE)
_OPERATION: Final = f"{SCRIPT}, {LABEL_OPERATION}"
_NAME: Final = value_of(LABEL_OPERATION, SCRIPT)


def _grown(*matchers: str, over: str = SHOWN) -> str:
    return increase(OPERATIONS, _ON_TARGET, *matchers, over=over)


def _share(matcher: str, by: str = "", over: str = SHOWN) -> str:
    return ratio(_grown(matcher, over=over), _grown(over=over), by)


def _by_target(*matchers: str) -> str:
    """A column: 0 on a target that has operations, and none of these."""
    return f"sum by ({_HOST}) ({_grown(*matchers)}) or sum by ({_HOST}) ({_grown()}) * 0"


_NUMBERS: Final = (
    number(
        "Operations",
        "How many operations ended in the time shown, on all targets.",
        f"sum({_grown()})",
        unit="short",
        decimals=0,
        empty="0",
        width=6,
    ),
    number(
        "Changed",
        "How many of them changed something.",
        f"sum({_grown(_CHANGED)})",
        unit="short",
        decimals=0,
        empty="0",
        width=6,
    ),
    number(
        "Failed",
        "How many of them failed.",
        f"sum({_grown(_FAILED)})",
        unit="short",
        decimals=0,
        empty="0",
        width=6,
    ),
    number(
        "Drift",
        "The share of operations that changed something. A machine that is as it should be has "
        "nothing left to change: near 0 when the same deployment runs again.",
        _share(_CHANGED),
        unit="percentunit",
        decimals=1,
        width=6,
    ),
)
_TARGETS: Final = (
    rows(
        "By target",
        "For each machine that operations worked on: how many there were, how many changed "
        "something, how many failed, and the two as shares.",
        Column(f"sum by ({_HOST}) ({_grown()})", "Operations", "short"),
        Column(_by_target(_CHANGED), "Changed", "short"),
        Column(_by_target(_FAILED), "Failed", "short"),
        Column(_share(_CHANGED, _HOST), "Drift", "percentunit"),
        Column(_share(_FAILED, _HOST), "Failure ratio", "percentunit"),
        sort="Failed",
    ),
    lines(
        "Changed, by target",
        "Operations that changed something, on each machine.",
        Query(f"sum by ({_HOST}) ({_grown(_CHANGED, over=STEP)})", value_of(_HOST)),
        unit="short",
        bars=True,
        step="5m",
    ),
    lines(
        "Failed, by target",
        "Operations that failed, on each machine.",
        Query(f"sum by ({_HOST}) ({_grown(_FAILED, over=STEP)})", value_of(_HOST)),
        unit="short",
        bars=True,
        step="5m",
    ),
    lines(
        "Drift by target",
        "The share of operations that changed something, in the day before each point.",
        Query(_share(_CHANGED, _HOST, over="1d"), value_of(_HOST)),
        unit="percentunit",
        step="1h",
    ),
    lines(
        "Results over time",
        "Operations by how they ended and whether they changed something.",
        Query(
            f"sum by ({LABEL_RESULT}, {LABEL_CHANGED}) ({_grown(over=STEP)})",
            f"{value_of(LABEL_RESULT)}, changed: {value_of(LABEL_CHANGED)}",
        ),
        unit="short",
        bars=True,
        step="5m",
    ),
)
_BY_NAME: Final = (
    rows(
        "By operation",
        "The twenty operations that took longest on average, with their p95 and how often they had "
        "to be tried again. For all targets together: their number times that of the operations "
        "would be too many series.",
        Column(f"topk(20, {mean(OPERATION_DURATION, _OPERATION)})", "Mean", "s"),
        Column(
            f"{quantile(0.95, OPERATION_DURATION, _OPERATION)} and "
            f"topk(20, {mean(OPERATION_DURATION, _OPERATION)})",
            "p95",
            "s",
        ),
        Column(
            f"sum by ({_OPERATION}) ({increase(OPERATION_RETRIES)}) and "
            f"topk(20, {mean(OPERATION_DURATION, _OPERATION)})",
            "Retries",
            "short",
        ),
        sort="Mean",
    ),
    ranking(
        "Retried",
        "Operations that had to be tried again in the time shown, and how often.",
        Query(f"topk(10, sum by ({_OPERATION}) ({increase(OPERATION_RETRIES)}) > 0)", _NAME),
        unit="short",
    ),
    lines(
        "Duration by deployment",
        "The p95 duration of the operations of each script, by the hour.",
        Query(
            quantile(0.95, OPERATION_DURATION, f"{SCRIPT}, {ENVIRONMENT}", over=STEP),
            SCRIPT_NAMED,
        ),
        unit="s",
        step="1h",
    ),
)
DASHBOARD: Final = Dashboard(
    "operations",
    "operations",
    "What Ch-aOS, pyinfra, Ansible and shell steps changed, where they failed, and the drift.",
    (
        Row("In the time shown", _NUMBERS),
        Row("By target", _TARGETS),
        Row("By operation", _BY_NAME),
    ),
    variables=(
        choice(
            "target",
            "Target",
            OPERATIONS,
            _HOST,
            'job=~"$job"',
            f'{ENVIRONMENT}=~"$environment"',
            f'{SCRIPT}=~"$script"',
        ),
    ),
)
