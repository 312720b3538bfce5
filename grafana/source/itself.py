"""The tool about itself: what it costs, what it delivers, what it loses."""

from __future__ import annotations

from typing import Final

from grafana.source.alerts import limit, watched_by
from grafana.source.frame import Dashboard, Row
from grafana.source.metrics import INSTANCE, STEP, increase, last, of, rate, value_of
from grafana.source.panels import Column, Query, lines, number, rows

from chaos_otel.instruments import (
    SELF_DAMAGE,
    SELF_DEAD_LETTERS,
    SELF_DELIVERED,
    SELF_DELIVERIES,
    SELF_DROPPED,
    SELF_OUTBOX_AGE,
    SELF_OUTBOX_SIZE,
    SELF_OVERHEAD,
    SELF_RECORDS,
    SELF_SOURCES,
)
from chaos_otel.semconv import (
    LABEL_DESTINATION,
    LABEL_OUTCOME,
    LABEL_PHASE,
    LABEL_REASON,
    LABEL_RECORD,
    LABEL_SIGNAL,
    LABEL_SOURCE,
    LABEL_WHERE,
)

_AIM: Final = value_of(LABEL_DESTINATION)
_ROUTE: Final = f"{LABEL_DESTINATION}, {LABEL_SIGNAL}"
_REQUESTS: Final = increase(SELF_DELIVERIES, over=STEP)

_COST: Final = (
    number(
        "Longest wait",
        "The most that the last run on any host waited for us, before its command began or after "
        "it had ended.",
        f"max({last(SELF_OVERHEAD)})",
        unit="s",
        width=6,
    ),
    number(
        "Records",
        "How many records were read from journals in the time shown.",
        f"sum({increase(SELF_RECORDS)})",
        unit="short",
        decimals=0,
        empty="0",
        width=6,
    ),
    number(
        "Waiting",
        "How much waits to be delivered, over all destinations and hosts.",
        f"sum({of(SELF_OUTBOX_SIZE)})",
        unit="bytes",
        width=6,
        empty="nothing",
    ),
    number(
        "Waiting for",
        "How long the oldest run has been waiting to be delivered.",
        f"max({last(SELF_OUTBOX_AGE, over='15m')})",
        unit="dtdurations",
        limit=limit("TelemetryWaiting"),
        width=6,
        empty="nothing waits",
    ),
    lines(
        "Overhead",
        "What the last run on each host waited for us, before its command began and after it had "
        "ended.",
        Query(
            f"max by ({LABEL_PHASE}, {INSTANCE}) ({of(SELF_OVERHEAD)})",
            value_of(LABEL_PHASE, INSTANCE),
        ),
        unit="s",
    ),
    lines(
        "Records by kind",
        "Records a second that were read from journals: output, operations, events and so on.",
        Query(f"sum by ({LABEL_RECORD}) ({rate(SELF_RECORDS)})", value_of(LABEL_RECORD)),
        unit="cps",
    ),
)
_DELIVERY: Final = (
    lines(
        "Requests by outcome",
        "Requests to each destination, by what came of them." + watched_by("TelemetryPaused"),
        Query(
            f"sum by ({LABEL_DESTINATION}, {LABEL_OUTCOME}) ({_REQUESTS})",
            value_of(LABEL_DESTINATION, LABEL_OUTCOME),
        ),
        unit="short",
        bars=True,
        step="5m",
    ),
    lines(
        "Delivered",
        "Records a second that each destination accepted, by signal.",
        Query(
            f"sum by ({_ROUTE}) ({rate(SELF_DELIVERED)})", value_of(LABEL_DESTINATION, LABEL_SIGNAL)
        ),
        unit="cps",
    ),
    lines(
        "Outbox size",
        "How much waits for each destination.",
        Query(f"sum by ({LABEL_DESTINATION}) ({of(SELF_OUTBOX_SIZE)})", _AIM),
        unit="bytes",
    ),
    lines(
        "Outbox age",
        "How long the oldest run has been waiting, for each destination.",
        Query(f"max by ({LABEL_DESTINATION}) ({of(SELF_OUTBOX_AGE)})", _AIM),
        unit="s",
        limit=limit("TelemetryWaiting"),
    ),
    rows(
        "Destinations",
        "For each destination and signal: requests, and records that it accepted.",
        Column(f"sum by ({_ROUTE}) ({increase(SELF_DELIVERIES)})", "Requests", "short"),
        Column(f"sum by ({_ROUTE}) ({increase(SELF_DELIVERED)})", "Records accepted", "short"),
        sort="Requests",
        width=12,
    ),
    lines(
        "Dead letters",
        "Records that a destination refused for what they are, kept with their reason: "
        "`chaos-otel outbox show` tells." + watched_by("TelemetryRefused"),
        Query(
            f"sum by ({_ROUTE}) ({increase(SELF_DEAD_LETTERS, over=STEP)})",
            value_of(LABEL_DESTINATION, LABEL_SIGNAL),
        ),
        unit="short",
        bars=True,
        step="5m",
    ),
)
_SOURCES: Final = (
    lines(
        "Sources",
        "Runs in which each source spoke: the shell library, pyinfra, Ansible, Ch-aOS, and so on.",
        Query(
            f"sum by ({LABEL_SOURCE}) ({increase(SELF_SOURCES, over=STEP)})",
            value_of(LABEL_SOURCE),
        ),
        unit="short",
        bars=True,
        step="5m",
        width=8,
    ),
    lines(
        "Dropped",
        "What was left out or given up, by reason." + watched_by("TelemetryDropped"),
        Query(
            f"sum by ({LABEL_REASON}) ({increase(SELF_DROPPED, over=STEP)})",
            value_of(LABEL_REASON),
        ),
        unit="short",
        bars=True,
        step="5m",
        width=8,
    ),
    lines(
        "Damage",
        "What was torn or unreadable, by where it lay." + watched_by("TelemetryDamaged"),
        Query(
            f"sum by ({LABEL_WHERE}) ({increase(SELF_DAMAGE, over=STEP)})",
            value_of(LABEL_WHERE),
        ),
        unit="short",
        bars=True,
        step="5m",
        width=8,
    ),
)
DASHBOARD: Final = Dashboard(
    "itself",
    "itself",
    "What chaos-otel costs, delivers, keeps waiting and loses.",
    (
        Row("Cost", _COST),
        Row("Delivery", _DELIVERY),
        Row("Sources and damage", _SOURCES),
    ),
)
