"""Which destinations a run may use: what is configured, less what nobody has consented to.

Quick to import: it runs before the command starts. Opens no socket and looks up no name.
"""

from __future__ import annotations

from typing import Literal, NamedTuple

from chaos_otel import clock
from chaos_otel.config.destination import Destination, Means
from chaos_otel.config.destinations import destinations
from chaos_otel.config.environment import Environment
from chaos_otel.config.host_consent import host_grants
from chaos_otel.config.problem import Problem
from chaos_otel.config.settings import Loaded
from chaos_otel.errors import StateError
from chaos_otel.privacy.consent import Held, decide, fold, host_changes
from chaos_otel.store.consents import append_consents, read_consents


class Chosen(NamedTuple):
    """Destinations by whether there is consent; `means` of those in `consented` is never empty.
    None has its headers."""

    consented: tuple[Destination, ...]
    unconsented: tuple[Destination, ...]
    problems: list[Problem]


class Consents(NamedTuple):
    """What people and the host's file say at this moment."""

    held: Held
    host: frozenset[str]

    @classmethod
    def none(cls) -> Consents:
        """Nobody has said anything, or it cannot be read."""
        return cls(Held({}, {}), frozenset())

    def means(
        self, destination: Destination, *, since_wall_ns: int | None = None
    ) -> Means | Literal[""]:
        """By which means there is consent; `privacy.consent.decide`."""
        return decide(destination, self.held, self.host, since_wall_ns=since_wall_ns)

    def means_at(self, address: str) -> Means | Literal[""]:
        """The same for an address (`otlp https://…`), whether it is configured or not."""
        return self.means(Destination(address, "otlp", {}))


def choose(loaded: Loaded, environment: Environment) -> Chosen:
    """Look every configured destination up. UsageError for a flag that names none; no other error:
    where consents cannot be read nobody has consented."""
    found = destinations(loaded, environment, secrets=False)
    if not found.destinations:
        return Chosen((), (), found.problems)
    problems = list(found.problems)
    try:
        consents, wrong = current_consents(loaded)
        problems += wrong
    except StateError as error:
        consents = Consents.none()
        problems.append(Problem("consents", str(error.args[0]), error.hint))
    means = [consents.means(one) for one in found.destinations]
    pairs = list(zip(found.destinations, means, strict=True))
    return Chosen(
        tuple(one._replace(means=by) for one, by in pairs if by),
        tuple(one for one, by in pairs if not by),
        problems,
    )


def current_consents(loaded: Loaded) -> tuple[Consents, list[Problem]]:
    """What holds now. A word of the host's file that is new is written down before it counts.

    StateError where consents cannot be read, or a new one cannot be written.
    """
    state = loaded.settings.state_dir
    held = fold(read_consents(state)) if state else Held({}, {})
    granted, problems = host_grants(loaded.files)
    changes = host_changes(held, granted, at_wall_ns=clock.now().wall_ns)
    if changes:
        if not state:
            raise StateError("consent of the host cannot be written down: there is no home")
        append_consents(state, changes)
        held = fold(read_consents(state))
    return Consents(held, granted), problems


def still_consented(
    destination: Destination,
    loaded: Loaded,
    *,
    since_wall_ns: int | None = None,
) -> Means | Literal[""]:
    """Whether a run that waits, and began at `since_wall_ns`, may still be sent there. StateError
    as `current_consents`."""
    return current_consents(loaded)[0].means(destination, since_wall_ns=since_wall_ns)
