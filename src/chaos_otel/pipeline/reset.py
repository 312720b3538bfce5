"""Back to a fresh installation's behaviour: settings to their defaults, damaged state out of the
way. Journals and reports are not touched, and nothing is deleted that was not sent, unless asked.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import NamedTuple

from chaos_otel import clock
from chaos_otel.config.environment import Environment
from chaos_otel.config.files import USER_FILE
from chaos_otel.config.folders import config_folder, mended_folder, stamp, state_folder
from chaos_otel.errors import StateError, StoreBusyError, StoreVersionError, in_words
from chaos_otel.pipeline import outbox_view
from chaos_otel.pipeline.run_folder import RUNS
from chaos_otel.store.database import FILE, Database, quarantine_store
from chaos_otel.store.destinations import load_states, make_ready

BUSY_S = 5.0


class Step(NamedTuple):
    """One thing that was done, or (`problem`) could not be."""

    text: str
    problem: bool = False


def reset(environment: Environment, *, force: bool = False) -> Iterator[Step]:
    """Do it, step by step; what was right stays as it is. `force`: give up what waits, too.

    Raises StateError where there is no home to look in.
    """
    now_ns = clock.now().wall_ns
    for part in (
        _settings(environment, now_ns),
        _folders(environment),
        _store(state_folder(environment), now_ns),
        _outbox(state_folder(environment), now_ns, force=force),
    ):
        try:
            yield from part
        except (StateError, OSError) as error:
            yield Step(in_words(error), problem=True)


def _settings(environment: Environment, now_ns: int) -> Iterator[Step]:
    path = f"{config_folder(environment)}/{USER_FILE}"
    if not os.path.lexists(path):
        return
    aside = f"{path}.reset-{stamp(now_ns)}"
    os.rename(path, aside)
    yield Step(f"settings are the defaults now; yours lie in {aside}")


def _folders(environment: Environment) -> Iterator[Step]:
    """A file where a folder of ours should be."""
    state = state_folder(environment)
    if not os.path.lexists(state):
        return
    for folder in (state, f"{state}/{RUNS}"):
        _, moved = mended_folder(folder)
        if moved:
            yield Step(moved)


def _store(state: str, now_ns: int) -> Iterator[Step]:
    path = f"{state}/{FILE}"
    if not os.path.lexists(path):
        return
    try:
        with Database(state, busy_s=BUSY_S) as database:
            database.check()
            ready = [one.key for one in load_states(database) if make_ready(database, one.key)]
    except (StoreBusyError, StoreVersionError):
        raise
    except StateError:
        aside = quarantine_store(state, wall_ns=now_ns)
        yield Step(
            f"{path} was damaged and lies at {aside} now; counters begin again, "
            "and what waits is sent from the journals"
        )
        return
    for key in ready:
        yield Step(f"{key} is tried again at the next delivery")


def _outbox(state: str, now_ns: int, *, force: bool) -> Iterator[Step]:
    runs = f"{state}/{RUNS}"
    database = outbox_view.open_store(state)
    for one in outbox_view.overview(runs, database):
        what = f"{one.all} for {one.destination}"
        if not one.runs and not one.dead_letters:
            continue
        if force:
            outbox_view.drop(runs, database or Database(state), one, now_wall_ns=now_ns)
            yield Step(f"given up: {what}")
        else:
            yield Step(f"kept: {what} (--force gives them up)")
