"""What waits for each destination, put together from the runs' folders and the store, and what can
be done about it."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

from chaos_otel.config.address import parse_address
from chaos_otel.config.destination import address_of
from chaos_otel.errors import UsageError
from chaos_otel.pipeline.stored_runs import run_ids
from chaos_otel.pipeline.waiting import WaitingRun, drop_letters, drop_waiting, waiting_runs
from chaos_otel.store.database import FILE, Database
from chaos_otel.store.dead_letters import (
    DeadLetter,
    count_letters,
    dead_letters,
    unbury,
)
from chaos_otel.store.destinations import DestinationState, load_states, make_ready

_HINT: Final = "chaos-otel outbox list says what waits, and for whom"
_RUN_DIGITS_MIN: Final = 6


class Waiting(NamedTuple):
    """One destination. `runs` are those that it has not got whole, the oldest first."""

    destination: str
    state: DestinationState
    runs: tuple[WaitingRun, ...] = ()
    dead_letters: int = 0

    @property
    def size_bytes(self) -> int:
        """The journals that wait for it."""
        return sum(run.size_bytes for run in self.runs)

    @property
    def oldest_wall_ns(self) -> int | None:
        """Since when the oldest waits."""
        return min((run.since_wall_ns for run in self.runs), default=None)

    @property
    def all(self) -> Dropped:
        """What would be given up with it."""
        return Dropped(len(self.runs), self.dead_letters)

    @property
    def names(self) -> tuple[str, ...]:
        """What else it is called: in the settings, and by its address with and without a kind."""
        named = {run.destination.name for run in self.runs if run.destination.name}
        address = address_of(self.destination)
        return (*named, address, address.partition(" ")[2])


class Dropped(NamedTuple):
    """What was given up."""

    runs: int
    dead_letters: int

    def __str__(self) -> str:
        """`2 runs and 1 dead letter`."""
        runs, letters = self
        return (
            f"{runs} run{'s' if runs != 1 else ''} and "
            f"{letters} dead letter{'s' if letters != 1 else ''}"
        )


def open_store(state: str) -> Database | None:
    """The store, None where nothing was ever put into one. StateError where it is damaged."""
    return Database(state) if os.path.lexists(f"{state}/{FILE}") else None


def overview(runs: str, database: Database | None) -> list[Waiting]:
    """All destinations that anything is known of, by key."""
    waiting: dict[str, list[WaitingRun]] = {}
    for run in waiting_runs(runs, database):
        waiting.setdefault(run.destination.key, []).append(run)
    states = {state.key: state for state in load_states(database)} if database else {}
    letters = count_letters(database) if database else {}
    return [
        Waiting(
            key,
            states.get(key, DestinationState(key)),
            tuple(waiting.get(key, ())),
            letters.get(key, 0),
        )
        for key in sorted({*waiting, *states, *letters})
    ]


def meant(said: str, known: Iterable[Waiting]) -> list[Waiting]:
    """The destinations that somebody names: by key, by address, or as they are called in the
    settings; UsageError for none."""
    said = _normalised(said)
    known = list(known)
    found = [one for one in known if said == one.destination]
    found = found or [one for one in known if said in one.names]
    if not found:
        raise UsageError(f"nothing waits for {said}, and nothing is known of it", hint=_HINT)
    return found


def find_run(said: str, runs: str) -> str:
    """The run with this id, or with the only one that begins so; "" for none."""
    if len(said) < _RUN_DIGITS_MIN or not set(said) <= set("0123456789abcdef"):
        return ""
    found = [one for one in run_ids(runs) if one.startswith(said)]
    return found[0] if len(found) == 1 else ""


def retry(database: Database, one: Waiting) -> int:
    """Try it again without waiting any longer, with what it refused; how many dead letters that
    puts back."""
    make_ready(database, one.destination)
    return unbury(database, one.destination)


def drop(
    runs: str, database: Database, one: Waiting, *, now_wall_ns: int, run_id: str = ""
) -> Dropped:
    """Give up what waits for a destination and what it refused, all of it or of one run; counted
    in chaos.otel.dropped."""
    given_up = drop_waiting(runs, database, one.destination, now_wall_ns=now_wall_ns, run_id=run_id)
    letters = dead_letters(database, one.destination, run_id=run_id)
    return Dropped(given_up, drop_letters(database, letters, now_wall_ns=now_wall_ns))


def letters_of(
    database: Database | None, found: Sequence[Waiting], *, run_id: str = ""
) -> list[DeadLetter]:
    """What these destinations refused, the oldest first."""
    if database is None:
        return []
    return [
        letter for one in found for letter in dead_letters(database, one.destination, run_id=run_id)
    ]


def _normalised(said: str) -> str:
    """An address may be typed with a default port, a slash at its end or in capitals."""
    kind, _, url = said.rpartition(" ")
    try:
        address = parse_address(url).url.rstrip("/") if "://" in url else url
    except ValueError:
        return said
    return f"{kind} {address}".strip()
