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
from chaos_otel.privacy.consent import GRANT, Held, decide, fold, host_changes
from chaos_otel.store.consents import append_consents, read_consents


class Chosen(NamedTuple):
    """Destinations by whether there is consent; `means` of those in `consented` is never empty, and
    none has its headers. `unconsented` are keys. `token_variables` hold tokens."""

    consented: tuple[Destination, ...]
    unconsented: tuple[str, ...]
    problems: list[Problem]
    token_variables: tuple[str, ...] = ()


class Consents(NamedTuple):
    """What people and the host's file say at this moment."""

    held: Held
    host: frozenset[str]

    @classmethod
    def none(cls) -> Consents:
        """Nobody has said anything, or it cannot be read."""
        return cls(Held({}, {}), frozenset())

    @property
    def grant_something(self) -> bool:
        """Whether anybody has consented to anything."""
        granted = any(change.verb == GRANT for change in self.held.person.values())
        return granted or bool(self.host)

    def means(
        self, destination: Destination, *, since_wall_ns: int | None = None
    ) -> Means | Literal[""]:
        """By which means there is consent; `privacy.consent.decide`."""
        return decide(destination, self.held, self.host, since_wall_ns=since_wall_ns)

    def means_at(self, address: str) -> Means | Literal[""]:
        """The same for an address or a key (`otlp https://…`), whether it is configured or not."""
        return self.means(Destination(address, "otlp", {}))


def choose(loaded: Loaded, environment: Environment) -> Chosen:
    """Look every configured destination up. UsageError for a flag that names none; no other error:
    where consents cannot be read nobody has consented.

    What is wrong with destinations is nobody's concern as long as nobody has consented to any: many
    have the standard variables set for some other program.
    """
    found = destinations(loaded, environment, secrets=False)
    problems: list[Problem] = []
    try:
        consents, problems = current_consents(loaded)
    except StateError as error:
        consents = Consents.none()
        problems.append(Problem("consents", str(error.args[0]), error.hint))
    means = [consents.means(one) for one in found.destinations]
    pairs = list(zip(found.destinations, means, strict=True))
    silent = {key: one for key, one in found.unusable.items() if not consents.means_at(key)}
    if consents.grant_something or any(means):
        problems += [one for one in found.problems if one not in silent.values()]
    return Chosen(
        tuple(one._replace(means=by) for one, by in pairs if by),
        (*(one.key for one, by in pairs if not by), *silent),
        problems,
        found.token_variables,
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
