"""`chaos-otel test-connection`: send nothing to a destination, and see what it says to that."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import click

from chaos_otel.cli.amounts import duration
from chaos_otel.cli.destination_argument import WORDS
from chaos_otel.cli.destination_settings import setting_words, settings_of
from chaos_otel.cli.output import answer, printable, say
from chaos_otel.config.destination import Destination, address_of
from chaos_otel.config.destinations import Found, destinations
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import load
from chaos_otel.errors import UsageError
from chaos_otel.pipeline.connection_test import Check, check_connection
from chaos_otel.pipeline.consenting import current_consents
from chaos_otel.pipeline.destination_choice import addresses

_FAILED = 1


@click.command()
@click.argument("words", **WORDS)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def test_connection(words: tuple[str, ...], as_json: bool) -> int:
    """Send an empty request to each signal of DESTINATION.

    Says what answered, how long it took and which setting came from where; the exit status is 1
    where something failed. Without DESTINATION all are tested that have been consented to. To name
    one is to ask for the connection: it is made without consent, too, and has nothing of your runs
    in it.

    \b
    Examples:
      chaos-otel test-connection
      chaos-otel test-connection otlp https://collector.example:4318
      chaos-otel test-connection work --json
    """
    tests = _tests(words)
    if not tests:
        return _FAILED
    if as_json:
        import json

        answer(json.dumps([one.as_json() for one in tests], indent=2))
    else:
        answer("\n".join(printable(line) for one in tests for line in one.lines()))
    return 0 if all(check.ok for one in tests for check in one.checks) else _FAILED


class _Test(NamedTuple):
    destination: Destination
    origins: Mapping[str, str]
    means: str
    checks: list[Check]

    def as_json(self) -> dict[str, Any]:
        return {
            "destination": self.destination.key,
            "name": self.destination.name,
            "consent": self.means,
            "settings": settings_of(self.destination, self.origins),
            "checks": [one._asdict() for one in self.checks],
        }

    def lines(self) -> Iterator[str]:
        name = f"  ({self.destination.name})" if self.destination.name else ""
        yield f"{self.destination.key}{name}"
        yield from (f"  {line}" for line in setting_words(self.destination, self.origins))
        yield from map(_line, self.checks)


def _line(check: Check) -> str:
    word = "ok" if check.ok else "FAILED"
    return f"  {check.signal:<8} {word:<6} in {duration(check.took_s)}: {check.words}"


def _tests(words: tuple[str, ...]) -> list[_Test]:
    environment = Environment.of_process()
    loaded = load(environment, {}, working_folder())
    found = destinations(loaded, environment)
    told = [str(problem) for problem in found.problems]
    for problem in told:
        say(problem)
    wanted = list(found.destinations)
    if words:
        keys = addresses(" ".join(words), found.destinations)
        if not any(address_of(one.key) in keys for one in wanted):
            kind, _, url = keys[0].partition(" ")
            if kind not in ("otlp", "endpoint"):
                raise UsageError(
                    f"{keys[0]} takes no empty request", hint="chaos-otel push tries it"
                )
            flags: dict[str, object] = {kind: (url,) if kind == "otlp" else url}
            loaded = load(environment, flags, working_folder())
            found = destinations(loaded, environment)
        wanted = [one for one in found.destinations if address_of(one.key) in keys]
    for problem in map(str, found.problems):
        if problem not in told:
            say(problem)
    consents, _ = current_consents(loaded)
    means = {one.key: consents.means(one._replace(means="")) for one in wanted}
    if not words:
        wanted = _consented(found, means)
    for one in wanted:
        if not means[one.key]:
            say(f"nobody has consented to {one.key}: this connection is made because you asked")
    return [_tested(one, found, means[one.key]) for one in wanted]


def _tested(destination: Destination, found: Found, means: str) -> _Test:
    checks = list(check_connection(destination))
    return _Test(destination, found.origins[destination.key], means, checks)


def _consented(found: Found, means: Mapping[str, str]) -> list[Destination]:
    if not found.destinations:
        raise UsageError(
            "no destination is configured",
            hint="name one: chaos-otel test-connection otlp https://…",
        )
    for one in found.destinations:
        if not means[one.key]:
            say(f"{one.key} is not tested: nobody has consented; name it to test it all the same")
    return [one for one in found.destinations if means[one.key]]
