"""Every destination that somebody has configured, put together from flags, variables and files.

Configured is not consented: nothing here lets anything leave. Looks up no name, opens no socket;
reads a token's file only where headers are asked for. Quick to import: it runs before the command.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from chaos_otel.config.address import parse_address
from chaos_otel.config.destination import Destination, address_of
from chaos_otel.config.destination_layers import Layers, without_userinfo
from chaos_otel.config.destination_tables import wanted_in
from chaos_otel.config.environment import Environment
from chaos_otel.config.problem import Problem
from chaos_otel.config.secret_source import Header, reveal
from chaos_otel.config.settings import Loaded
from chaos_otel.config.wanted_destination import Wanted
from chaos_otel.errors import ConfigError, UsageError


class Found(NamedTuple):
    """The destinations, those of flags first, and what was wrong, each thing with its remedy.

    `origins` says by key where each option of a destination came from (url, protocol, …).
    `unusable` are those of the problems by which a destination was left out, by its key.
    `token_variables` hold tokens, whatever their names say.
    """

    destinations: tuple[Destination, ...]
    problems: list[Problem]
    origins: Mapping[str, Mapping[str, str]]
    unusable: Mapping[str, Problem]
    token_variables: tuple[str, ...] = ()


def destinations(loaded: Loaded, environment: Environment, *, secrets: bool = True) -> Found:
    """Every configured destination; `means` is "flag" for those typed for this run, else empty.

    Without `secrets` they have no headers and no file is touched. A destination that cannot be used
    is left out with a problem; one that was typed is a UsageError.
    """
    layers = Layers(loaded, environment)
    wanted, problems = _all_wanted(layers)
    found: list[Destination] = []
    unusable: dict[str, Problem] = {}
    origins: dict[str, Mapping[str, str]] = {}
    for key, one in wanted.items():
        try:
            _refuse_plain_text(key, one)
            headers = _revealed(one, environment) if secrets else {}
        except ConfigError as error:
            unusable[key] = Problem(one.origin, str(error.args[0]), error.hint)
            continue
        found.append(one.destination(key, headers))
        origins[key] = one.origins()
    return Found(
        tuple(found),
        [*unusable.values(), *problems],
        origins,
        unusable,
        tuple(sorted({name for one in wanted.values() for name in _token_variables(one)})),
    )


def with_headers(destination: Destination, loaded: Loaded, environment: Environment) -> Destination:
    """The same destination with its headers, which its plan does not hold, looked up again.

    ConfigError where a token is no longer there, or where a setting of ours has become unusable.
    """
    layers = Layers(loaded, environment)
    wanted, _ = _all_wanted(layers)
    one = wanted.get(destination.key) or _typed_before(destination, layers)
    return destination._replace(headers=_revealed(one, environment))


def _typed_before(destination: Destination, layers: Layers) -> Wanted:
    """A destination that only its run's flags name: as if it were typed again."""
    try:
        address = parse_address(address_of(destination.key).partition(" ")[2])
    except ValueError as error:
        raise ConfigError(f"{destination.key} is no destination of ours") from error
    if destination.kind == "endpoint":
        return layers.endpoint(address, origin="flag --endpoint")
    return layers.collector(address, origin="flag --otlp")


def _all_wanted(layers: Layers) -> tuple[dict[str, Wanted], list[Problem]]:
    """What all layers ask for, by key, and what was wrong."""
    typed = layers.typed()
    configured = _by_key(_joined(map(without_userinfo, (*layers.otlp(), *layers.documents()))))
    problems: list[Problem] = []
    for file in layers.loaded.files:
        tables, wrong = wanted_in(file)
        problems += wrong
        for table in tables:
            stronger = configured.get(table.key)
            configured[table.key] = stronger.over(table) if stronger else table
    told = {problem.place for problem in layers.loaded.warnings}
    mine = [one for one in (*layers.problems, *layers.family.problems) if one.place not in told]
    return _with_typed(typed, configured), mine + problems


def _with_typed(typed: Iterable[Wanted], configured: dict[str, Wanted]) -> dict[str, Wanted]:
    """Who types an address that is configured means it as it is configured."""
    found: dict[str, Wanted] = {}
    rest = dict(configured)
    for one in typed:
        same = [key for key in rest if address_of(key) == one.key]
        for key in same:
            found[key] = rest.pop(key)._replace(means=one.means, origin=one.origin)
        if not same and one.key not in found:
            found[one.key] = one
    return found | rest


def _joined(wanted: Iterable[Wanted]) -> list[Wanted]:
    """Signals that go to one address in one way are one destination."""
    joined: list[Wanted] = []
    for one in wanted:
        for number, other in enumerate(joined):
            if (one.key, one.options) == (other.key, other.options):
                joined[number] = other._replace(paths={**other.paths, **one.paths})
                break
        else:
            joined.append(one)
    return joined


def _by_key(wanted: Iterable[Wanted]) -> dict[str, Wanted]:
    """Where one address is spoken to in two ways, the second has its signals in its key."""
    found: dict[str, Wanted] = {}
    for one in wanted:
        key = one.key if one.key not in found else f"{one.key} {','.join(one.paths)}"
        found.setdefault(key, one)
    return found


def _refuse_plain_text(key: str, wanted: Wanted) -> None:
    if wanted.address.in_plain_text and not wanted.option("insecure", False):
        message = f"{key} would be sent in plain text"
        hint = "use https://, or say --insecure (insecure = true)"
        raise UsageError(message, hint=hint) if wanted.means else ConfigError(message, hint=hint)


def _revealed(wanted: Wanted, environment: Environment) -> dict[str, str]:
    headers: tuple[Header, ...] = wanted.option("headers", ())
    return {one.name: reveal(one.name, one.secret, environment) for one in headers}


def _token_variables(wanted: Wanted) -> list[str]:
    headers: tuple[Header, ...] = wanted.option("headers", ())
    return [one.secret.text for one in headers if one.secret.kind == "env"]
