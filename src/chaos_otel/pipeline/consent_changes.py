"""Granting and revoking: written down first, then counted, then what waits is given up."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from chaos_otel import clock, semconv
from chaos_otel.config.destination import address_of
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import private_folder, runtime_folder
from chaos_otel.errors import StateError
from chaos_otel.instruments import CONSENT_CHANGES
from chaos_otel.labels import UNKNOWN, joined, of_script
from chaos_otel.measures import Increment
from chaos_otel.pipeline.facts import user_attributes
from chaos_otel.pipeline.run_folder import RUNS
from chaos_otel.pipeline.waiting import drop_letters, drop_waiting
from chaos_otel.privacy.consent import Change, Verb
from chaos_otel.store.consents import append_consents, read_consents
from chaos_otel.store.counters import count_run
from chaos_otel.store.database import Database
from chaos_otel.store.dead_letters import dead_letters

# whose counter it is: not a script's
_SCRIPT = "chaos-otel"
REVOKED = "revoked"


class Changed(NamedTuple):
    """What came of a change: how many runs no longer wait, and what went wrong besides."""

    dropped_runs: int = 0
    problem: str = ""


def change_consent(state: str, environment: Environment, verb: Verb, address: str) -> Changed:
    """Write one change down, which is what counts, and do what follows from it.

    StateError where it cannot be written: then nothing has changed.
    """
    private_folder(state)  # the pseudonym's key lies in it
    by = user_attributes(state).get(semconv.USER_HASH, "")
    append_consents(state, [Change(clock.now().wall_ns, verb, address, "command", by)])
    try:
        with Database(state) as database:
            count_changes(database, read_consents(state))
            dropped = _empty(state, environment, database, address) if verb == "revoke" else 0
    except StateError as error:
        return Changed(problem=str(error))
    return Changed(dropped)


def count_changes(database: Database, changes: Iterable[Change]) -> None:
    """Count the changes that were not counted yet: those of the host's file are written down where
    there is no time for a database."""
    for change in changes:
        labels = joined(of_script(_SCRIPT, UNKNOWN), (semconv.LABEL_CHANGE, change.verb))
        once = f"consent {change.at_wall_ns} {change.verb} {change.destination}"
        measure = Increment(CONSENT_CHANGES.name, labels, 1.0)
        count_run(database, once, [measure], now_wall_ns=clock.now().wall_ns)


def count_host_changes(state: str) -> None:
    """Count what the host's file has changed. What cannot be counted now is counted later."""
    try:
        changes = [one for one in read_consents(state) if one.said == "host"]
        if changes:
            with Database(state) as database:
                count_changes(database, changes)
    except StateError:
        pass


def _empty(state: str, environment: Environment, database: Database, address: str) -> int:
    """Give up what waits there, on disk and in memory, and what was refused there."""
    now_wall_ns = clock.now().wall_ns
    dropped = 0
    for runs in _run_folders(state, environment):
        dropped += drop_waiting(runs, database, address, now_wall_ns=now_wall_ns, reason=REVOKED)
    going = [one for one in dead_letters(database) if address_of(one.destination) == address]
    drop_letters(database, going, now_wall_ns=now_wall_ns, reason=REVOKED)
    return dropped


def _run_folders(state: str, environment: Environment) -> list[str]:
    try:
        return [f"{state}/{RUNS}", f"{runtime_folder(environment)}/{RUNS}"]
    except StateError:
        return [f"{state}/{RUNS}"]
