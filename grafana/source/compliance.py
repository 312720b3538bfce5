"""Whether runs leave the trail that an auditor asks for."""

from __future__ import annotations

from typing import Final

from grafana.source.alerts import limit, watched_by
from grafana.source.frame import Dashboard, Row
from grafana.source.metrics import (
    ENVIRONMENT,
    ONE_SCRIPT,
    SCRIPT_NAMED,
    increase,
    is_,
    last,
    of,
    ratio,
    value_of,
)
from grafana.source.panels import Column, Query, lines, number, rows

from chaos_otel.instruments import (
    CONSENT_CHANGES,
    REDACTIONS,
    RUNS,
    SELF_DAMAGE,
    SELF_DROPPED,
    SELF_OUTBOX_AGE,
)
from chaos_otel.semconv import (
    LABEL_CHANGE,
    LABEL_DESTINATION,
    LABEL_REASON,
    LABEL_RECORDED_REVISION,
    LABEL_RECORDED_USER,
    LABEL_RESULT,
    LABEL_WHERE,
    LABEL_WORKING_HOURS,
)

_RUNS: Final = increase(RUNS)
_WITH_REVISION: Final = increase(RUNS, is_(LABEL_RECORDED_REVISION, "true"))
_WITH_USER: Final = increase(RUNS, is_(LABEL_RECORDED_USER, "true"))
_AT_NIGHT: Final = increase(RUNS, is_(LABEL_WORKING_HOURS, "false"))
_AT_NIGHT_BY_HOUR: Final = increase(RUNS, is_(LABEL_WORKING_HOURS, "false"), over="1h")

_NUMBERS: Final = (
    number(
        "Runs with a revision",
        "The share of runs whose source revision (the commit) is recorded.",
        ratio(_WITH_REVISION, _RUNS),
        unit="percentunit",
        decimals=1,
    ),
    number(
        "Runs with a user",
        "The share of runs for which a pseudonym of who began them is recorded.",
        ratio(_WITH_USER, _RUNS),
        unit="percentunit",
        decimals=1,
    ),
    number(
        "Outside working hours",
        "How many runs began outside of working hours, by the clock of the host that ran them.",
        f"sum({_AT_NIGHT})",
        unit="short",
        decimals=0,
        empty="0",
    ),
    number(
        "Secrets taken out",
        "How many secrets were taken out of output and arguments before anything was written.",
        f"sum({increase(REDACTIONS)})",
        unit="short",
        decimals=0,
        empty="0",
    ),
    number(
        "Consent changes",
        "How often somebody granted or revoked that data may leave a machine.",
        f"sum({increase(CONSENT_CHANGES)})",
        unit="short",
        decimals=0,
        empty="0",
    ),
    number(
        "Oldest undelivered record",
        "How long the oldest run has been waiting to be delivered, over all destinations.",
        f"max({last(SELF_OUTBOX_AGE, over='15m')})",
        unit="dtdurations",
        limit=limit("TelemetryWaiting"),
        empty="nothing waits",
    ),
)
_TRAIL: Final = (
    rows(
        "The trail of each script",
        "Runs in the time shown, the share with a recorded revision, with a recorded user, and how "
        "many began outside of working hours.",
        Column(f"sum by ({ONE_SCRIPT}) ({_RUNS})", "Runs", "short"),
        Column(ratio(_WITH_REVISION, _RUNS, ONE_SCRIPT), "With a revision", "percentunit"),
        Column(ratio(_WITH_USER, _RUNS, ONE_SCRIPT), "With a user", "percentunit"),
        Column(
            f"sum by ({ONE_SCRIPT}) ({_AT_NIGHT}) or sum by ({ONE_SCRIPT}) ({_RUNS}) * 0",
            "Outside working hours",
            "short",
        ),
        sort="Runs",
    ),
    lines(
        "Runs by environment",
        "How many runs ended in the hour before each point, in each environment.",
        Query(f"sum by ({ENVIRONMENT}) ({increase(RUNS, over='1h')})", value_of(ENVIRONMENT)),
        unit="short",
        bars=True,
        step="1h",
    ),
    lines(
        "Runs outside working hours",
        "How many runs of each script began outside of working hours, by the hour.",
        Query(
            f"sum by ({ONE_SCRIPT}) ({_AT_NIGHT_BY_HOUR})",
            SCRIPT_NAMED,
        ),
        unit="short",
        bars=True,
        step="1h",
    ),
    lines(
        "Runs by result and revision",
        "How many runs ended each hour, by result and whether their revision is recorded.",
        Query(
            f"sum by ({LABEL_RESULT}, {LABEL_RECORDED_REVISION}) ({increase(RUNS, over='1h')})",
            f"{value_of(LABEL_RESULT)}, revision: {value_of(LABEL_RECORDED_REVISION)}",
        ),
        unit="short",
        bars=True,
        step="1h",
    ),
    lines(
        "Secrets taken out, by script",
        "Where secrets appear in what scripts print: each is a place that should not print them.",
        Query(f"sum by ({ONE_SCRIPT}) ({increase(REDACTIONS, over='1h')})", SCRIPT_NAMED),
        unit="short",
        bars=True,
        step="1h",
    ),
)
_KEPT: Final = (
    lines(
        "Consent changes over time",
        "When somebody granted or revoked that data may leave a machine.",
        Query(
            f"sum by ({LABEL_CHANGE}) ({increase(CONSENT_CHANGES, over='1h')})",
            value_of(LABEL_CHANGE),
        ),
        unit="short",
        bars=True,
        step="1h",
    ),
    lines(
        "Oldest undelivered record by destination",
        "How long the oldest run has been waiting, for each destination.",
        Query(f"max by ({LABEL_DESTINATION}) ({of(SELF_OUTBOX_AGE)})", value_of(LABEL_DESTINATION)),
        unit="s",
        limit=limit("TelemetryWaiting"),
    ),
    lines(
        "Dropped",
        "Records that were left out or given up, by the reason: each is a gap in the trail."
        + watched_by("TelemetryDropped"),
        Query(
            f"sum by ({LABEL_REASON}) ({increase(SELF_DROPPED, over='1h')})", value_of(LABEL_REASON)
        ),
        unit="short",
        bars=True,
        step="1h",
    ),
    lines(
        "Damaged",
        "Records that were torn or unreadable, by where: skipped, and counted here."
        + watched_by("TelemetryDamaged"),
        Query(
            f"sum by ({LABEL_WHERE}) ({increase(SELF_DAMAGE, over='1h')})", value_of(LABEL_WHERE)
        ),
        unit="short",
        bars=True,
        step="1h",
    ),
)
DASHBOARD: Final = Dashboard(
    "compliance",
    "compliance",
    "Who ran what from which revision, when, what was taken out, lost or not yet delivered.",
    (
        Row("In the time shown", _NUMBERS),
        Row("The trail", _TRAIL),
        Row("What is kept and what is lost", _KEPT),
    ),
    time="now-7d",
    refresh="5m",
)
