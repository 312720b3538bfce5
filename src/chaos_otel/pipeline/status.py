"""How things stand: destinations, what waits for them, what was lost, the last runs. Changes
nothing, sends nothing."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Literal, NamedTuple

from chaos_otel import clock, semconv
from chaos_otel.config.destination import Destination, Means, address_of
from chaos_otel.config.destinations import destinations
from chaos_otel.config.environment import Environment
from chaos_otel.config.problem import Problem
from chaos_otel.config.settings import Loaded
from chaos_otel.errors import StateError
from chaos_otel.instruments import SELF_DAMAGE, SELF_DROPPED
from chaos_otel.measures import Series
from chaos_otel.pipeline.consenting import Consents, current_consents
from chaos_otel.pipeline.last_runs import LastRun, last_runs
from chaos_otel.pipeline.waiting import WaitingRun, waiting_runs
from chaos_otel.store.counters import read_series
from chaos_otel.store.database import FILE, Database
from chaos_otel.store.dead_letters import count_letters
from chaos_otel.store.destinations import DestinationState, load_states


class Waiting(NamedTuple):
    """What waits for one destination: runs, the bytes of their journals, since when the oldest."""

    runs: int = 0
    size_bytes: int = 0
    oldest_wall_ns: int = 0


class Standing(NamedTuple):
    """One destination. `destination` is None for one that is known from before and configured no
    more; `means` is empty without consent, "flag" where only runs that wait have their own."""

    key: str
    destination: Destination | None
    origins: Mapping[str, str]
    means: Means | Literal[""]
    state: DestinationState
    waiting: Waiting
    dead_letters: int


class Status(NamedTuple):
    """All of it. `dropped` and `damaged` are counts by reason and by place, so far."""

    standings: list[Standing]
    runs: list[LastRun]
    dropped: dict[str, int]
    damaged: dict[str, int]
    problems: list[Problem]


class _Stored(NamedTuple):
    states: dict[str, DestinationState]
    letters: dict[str, int]
    waiting: list[WaitingRun]
    series: list[Series]


def status(loaded: Loaded, environment: Environment, *, runs: int) -> Status:
    """Look everything up; `runs` is how many of the last ones. What cannot be read is a problem."""
    state = loaded.settings.state_dir
    found = destinations(loaded, environment)
    problems = [*loaded.warnings, *found.problems]
    consents = Consents.none()
    try:
        consents, wrong = current_consents(loaded)
        problems += wrong
    except StateError as error:
        problems.append(Problem("consents", str(error.args[0]), error.hint))
    stored = _stored(state, problems)
    configured = {one.key: one for one in found.destinations}
    waiting = {one.destination.key: one.destination for one in stored.waiting}
    keys = dict.fromkeys([*configured, *waiting, *stored.states, *stored.letters])
    standings = [
        Standing(
            key,
            configured.get(key),
            found.origins.get(key, {}),
            consents.means_at(address_of(key)) or _typed(stored.waiting, key),
            stored.states.get(key, DestinationState(key)),
            _sum(one for one in stored.waiting if one.destination.key == key),
            stored.letters.get(key, 0),
        )
        for key in keys
    ]
    return Status(
        standings,
        last_runs(f"{state}/runs", runs) if state else [],
        _counts(stored.series, SELF_DROPPED.name, semconv.LABEL_REASON),
        _counts(stored.series, SELF_DAMAGE.name, semconv.LABEL_WHERE),
        problems,
    )


def _stored(state: str, problems: list[Problem]) -> _Stored:
    """What the store knows; it is not made for being looked at."""
    runs = f"{state}/runs"
    if not state or not os.path.lexists(f"{state}/{FILE}"):
        return _Stored({}, {}, waiting_runs(runs, None) if state else [], [])
    try:
        with Database(state) as database:
            return _Stored(
                {one.key: one for one in load_states(database)},
                count_letters(database),
                waiting_runs(runs, database),
                read_series(database, now_wall_ns=clock.now().wall_ns, hold_s=0.0),
            )
    except StateError as error:
        problems.append(Problem(FILE, str(error.args[0]), error.hint))
        return _Stored({}, {}, waiting_runs(runs, None), [])


def _typed(waiting: Iterable[WaitingRun], key: str) -> Means | Literal[""]:
    """A run that named it keeps its own consent while it waits."""
    typed = any(one.destination.means == "flag" for one in waiting if one.destination.key == key)
    return "flag" if typed else ""


def _sum(waiting: Iterable[WaitingRun]) -> Waiting:
    found = list(waiting)
    since = [one.cursor.created_wall_ns for one in found if one.cursor is not None]
    return Waiting(len(found), sum(one.size_bytes for one in found), min(since, default=0))


def _counts(series: Iterable[Series], metric: str, label: str) -> dict[str, int]:
    return {
        dict(one.labels).get(label, ""): int(one.value)
        for one in series
        if one.metric == metric and isinstance(one.value, float | int) and one.value
    }
