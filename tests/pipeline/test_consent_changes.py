"""Revoking: what was refused there goes too, and its loss is counted."""

from __future__ import annotations

from pathlib import Path

from chaos_otel import semconv
from chaos_otel.config.environment import Environment
from chaos_otel.pipeline.consent_changes import REVOKED, change_consent
from chaos_otel.store.counters import read_series
from chaos_otel.store.database import Database
from chaos_otel.store.dead_letters import bury, dead_letters

HERE = "otlp https://collector.example:4318"
THERE = "otlp https://collector.example:43180"
NOW_NS = 1_800_000_000 * 10**9
LATER_NS = NOW_NS + 3600 * 10**9


def test_what_was_refused_there_is_given_up_and_counted(tmp_path: Path) -> None:
    """Of an address with all its signals; what another one refused, whose name begins the same,
    stays."""
    state = str(tmp_path / "state")
    with Database(state) as database:
        for key, record in ((HERE, b"1"), (f"{HERE} metrics", b"2"), (THERE, b"3")):
            bury(
                database,
                key,
                "0" * 32,
                signal="traces",
                record=record,
                reason="HTTP 400",
                now_wall_ns=NOW_NS,
            )
    environment = Environment.of_block([b"XDG_RUNTIME_DIR=" + bytes(tmp_path)])
    assert change_consent(state, environment, "revoke", HERE).problem == ""
    with Database(state) as database:
        assert [one.destination for one in dead_letters(database)] == [THERE]
        (dropped,) = (
            one
            for one in read_series(database, now_wall_ns=LATER_NS, hold_s=0.0)
            if one.metric == "chaos.otel.dropped"
        )
    assert dropped.labels == ((semconv.LABEL_REASON, REVOKED),)
    assert dropped.value == 2
