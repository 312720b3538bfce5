"""`chaos-otel consent`: who may be sent what is recorded here. Nobody, until somebody says so."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import click

from chaos_otel.cli.amounts import moment
from chaos_otel.cli.destination_argument import WORDS
from chaos_otel.cli.output import answer, printable, say
from chaos_otel.config.destination import Destination, address_of
from chaos_otel.config.destinations import destinations
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import state_folder, working_folder
from chaos_otel.config.settings import Loaded, load
from chaos_otel.errors import UsageError
from chaos_otel.pipeline.consenting import Consents, current_consents
from chaos_otel.pipeline.destination_choice import addresses
from chaos_otel.privacy.consent import GRANT, REVOKE, Verb

_MISSING = 1
_YES = click.option("--yes", "-y", is_flag=True, help="Ask nothing.")


@click.group(no_args_is_help=True)
def consent() -> None:
    """Say who may be sent your runs.

    Nothing leaves this machine before somebody has said so: here, by --otlp or --endpoint for one
    run, or root for all users in /etc/chaos-otel/config.toml. A variable that names a collector
    says nothing.

    DESTINATION is a URL that is configured, a name from your config.toml, or `otlp URL` and
    `endpoint URL` as they are listed.

    \b
    Examples:
      chaos-otel consent show
      chaos-otel consent grant otlp https://collector.example:4318
      chaos-otel consent revoke https://collector.example:4318
    """


@consent.command()
@click.argument("words", **WORDS)
@_YES
def grant(words: tuple[str, ...], yes: bool) -> int:
    """Allow sending to DESTINATION.

    From now on, each run is sent there: its name, steps, durations and results, what it printed and
    said (after redaction), host and environment, and a pseudonym of the user. Without DESTINATION
    all that are configured are asked for, one by one.

    \b
    Examples:
      chaos-otel consent grant https://collector.example:4318
      chaos-otel consent grant endpoint https://telemetry.example/v1/events
      chaos-otel consent grant --yes
    """
    place = _Place.here()
    asked = place.named(words) if words else place.configured()
    wanted = [one for one in asked if not place.means(one)]
    for address in asked:
        if address not in wanted:
            answer(f"{address}: granted already")
    if not asked:
        raise UsageError(
            "no destination is configured", hint="name one: chaos-otel consent grant otlp URL"
        )
    return place.change(GRANT, _agreed(wanted, "Send every run to {}?", sure=yes or bool(words)))


@consent.command()
@click.argument("words", **WORDS)
@_YES
def revoke(words: tuple[str, ...], yes: bool) -> int:
    """Allow nothing more to be sent to DESTINATION, and give up what waits for it.

    It counts against a grant of the host, too. Without DESTINATION all that have been granted are
    asked for, one by one.

    \b
    Examples:
      chaos-otel consent revoke https://collector.example:4318
      chaos-otel consent revoke --yes
    """
    place = _Place.here()
    asked = place.named(words) if words else [one for one in place.known() if place.means(one)]
    if not asked:
        answer("nothing is granted")
        return 0
    question = "Send nothing more to {}, and give up what waits for it?"
    return place.change(REVOKE, _agreed(asked, question, sure=yes or bool(words)))


@consent.command()
@click.argument("words", **WORDS)
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every change there was.")
def show(words: tuple[str, ...], as_json: bool) -> int:
    """Show who may be sent your runs, who said so and when.

    With DESTINATION the exit status is 1 if it may not.

    \b
    Examples:
      chaos-otel consent show
      chaos-otel consent show --json
      chaos-otel consent show https://collector.example:4318 && echo granted
    """
    place = _Place.here()
    asked = place.named(words) if words else place.known()
    if as_json:
        import json

        answer(json.dumps([place.as_json(one) for one in asked], indent=2))
    elif not asked:
        answer("no destination is configured, and none was ever granted")
    else:
        answer("\n".join(f"{printable(one)}  {place.in_words(one)}" for one in asked))
    return _MISSING if words and not all(map(place.means, asked)) else 0


class _Place(NamedTuple):
    """What is configured and what has been said, at the moment of the call."""

    environment: Environment
    state: str
    found: tuple[Destination, ...]
    consents: Consents

    @classmethod
    def here(cls) -> _Place:
        environment = Environment.of_process()
        loaded: Loaded = load(environment, {}, working_folder())
        found = destinations(loaded, environment, secrets=False)
        state = state_folder(environment)
        consents, problems = current_consents(loaded)
        for problem in (*found.problems, *problems):
            say(str(problem))
        return cls(environment, state, found.destinations, consents)

    def configured(self) -> list[str]:
        return list(dict.fromkeys(address_of(one.key) for one in self.found))

    def known(self) -> list[str]:
        said = {**self.consents.held.person, **self.consents.held.host}
        return list(dict.fromkeys([*self.configured(), *sorted(said), *sorted(self.consents.host)]))

    def named(self, words: tuple[str, ...]) -> list[str]:
        return addresses(" ".join(words), self.found, self.known())

    def means(self, address: str) -> str:
        return self.consents.means_at(address)

    def change(self, verb: Verb, asked: Iterable[str]) -> int:
        from chaos_otel.pipeline.consent_changes import change_consent

        for address in asked:
            changed = change_consent(self.state, self.environment, verb, address)
            given_up = f"; runs given up: {changed.dropped_runs}" if changed.dropped_runs else ""
            answer(f"{address}: {'granted' if verb == GRANT else 'revoked'}{given_up}")
            if changed.problem:
                say(changed.problem)
        return 0

    def in_words(self, address: str) -> str:
        """`granted by 9f3c… on 2026-01-02`, and where nothing is sent, why."""
        last = self.consents.held.person.get(address)
        means = self.means(address)
        if means == "host":
            return "granted by this host (/etc/chaos-otel/config.toml)"
        if last is None:
            return "not granted"
        who = f" by {last.by}" if last.by else ""
        return f"{'granted' if means else 'revoked'}{who} on {_day(last.at_wall_ns)}"

    def as_json(self, address: str) -> dict[str, Any]:
        return {
            "destination": address,
            "granted": bool(self.means(address)),
            "means": self.means(address),
            "configured": address in self.configured(),
            "changes": list(self._changes(address)),
        }

    def _changes(self, address: str) -> Iterator[dict[str, Any]]:
        from chaos_otel.store.consents import read_consents

        for change in read_consents(self.state):
            if change.destination == address:
                yield {
                    "at": moment(change.at_wall_ns),
                    "change": change.verb,
                    "means": change.said,
                    "by": change.by,
                }


def _agreed(wanted: list[str], question: str, *, sure: bool) -> Iterator[str]:
    """Those that somebody says yes to; UsageError where nobody can be asked."""
    if wanted and not sure and (sys.stdin is None or not sys.stdin.isatty()):
        raise UsageError("there is nobody to ask", hint="name the destination, or say --yes")
    for address in wanted:
        if sure or click.confirm(question.format(address), err=True):
            yield address


def _day(wall_ns: int) -> str:
    return moment(wall_ns)[:10]
