"""`chaos-otel outbox`: what waits to be sent, why, and what to do about it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from typing import Any, NamedTuple

import click

from chaos_otel import clock
from chaos_otel.cli.amounts import counted
from chaos_otel.cli.destination_argument import WORDS
from chaos_otel.cli.output import answer
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import state_folder
from chaos_otel.errors import UsageError
from chaos_otel.pipeline import outbox_view
from chaos_otel.pipeline.outbox_view import Waiting
from chaos_otel.pipeline.run_folder import RUNS
from chaos_otel.store.database import Database

_JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.group(no_args_is_help=True)
def outbox() -> None:
    """See what waits to be sent, and decide about it.

    Each run waits in its journal until every destination has it. The next run, `chaos-otel deliver`
    and `chaos-otel serve` send it by themselves.

    DESTINATION is a URL, a name from your config.toml, or a destination as `outbox list` prints it.

    \b
    Examples:
      chaos-otel outbox list
      chaos-otel outbox show https://collector.example:4318
      chaos-otel outbox retry
    """


@outbox.command("list")
@_JSON
def list_(as_json: bool) -> int:
    """List the destinations: how each is, how much waits for it, and its last error.

    \b
    Examples:
      chaos-otel outbox list
      chaos-otel outbox list --json
    """
    from chaos_otel.cli.outbox_words import as_data, lines_of

    place = _Place.here()
    known = place.known()
    if as_json:
        _print_json([as_data(one) for one in known])
    elif not known:
        answer("nothing waits: no run was meant for any destination")
    else:
        now_ns = clock.now().wall_ns
        answer("\n\n".join("\n".join(lines_of(one, now_wall_ns=now_ns)) for one in known))
    return 0


@outbox.command()
@click.argument("words", **{**WORDS, "metavar": "DESTINATION|RUN_ID", "required": True})
@_JSON
def show(words: tuple[str, ...], as_json: bool) -> int:
    """Show what waits for DESTINATION, or of the run RUN_ID, and what was refused and why.

    A record that a destination refused for what it is (status 400 or 413 with nothing else beside
    it) is kept as a dead letter; with --json each comes with its bytes, in base64. The first digits
    of RUN_ID will do.

    \b
    Examples:
      chaos-otel outbox show https://collector.example:4318
      chaos-otel outbox show 01a20014eced
    """
    from chaos_otel.cli.outbox_words import as_data, lines_of, lines_of_letters, lines_of_runs

    place = _Place.here()
    said = " ".join(words)
    run_id = outbox_view.find_run(said, place.runs)
    found = place.known() if run_id else place.named(said)
    data, blocks = [], []
    for one in found:
        runs = [run for run in one.runs if run_id in ("", run.run_id)]
        letters = outbox_view.letters_of(place.database, [one], run_id=run_id)
        if run_id and not runs and not letters:
            continue
        data.append(as_data(one, runs, letters))
        lines = [*lines_of(one, now_wall_ns=clock.now().wall_ns)]
        lines += ["  waiting runs:", *lines_of_runs(runs)] if runs else []
        lines += ["  dead letters:", *lines_of_letters(letters)] if letters else []
        blocks.append("\n".join(lines))
    if as_json:
        _print_json(data)
    else:
        answer("\n\n".join(blocks) or f"nothing of run {run_id} waits, and nothing was refused")
    return 0


@outbox.command()
@click.argument("words", **WORDS)
def retry(words: tuple[str, ...]) -> int:
    """Try DESTINATION again, or all, at the next delivery: no wait, no pause.

    What was refused (its dead letters) is sent again, too. `chaos-otel deliver` sends it now.

    \b
    Examples:
      chaos-otel outbox retry && chaos-otel deliver
      chaos-otel outbox retry https://collector.example:4318
    """
    place = _Place.here()
    found = place.named(" ".join(words)) if words else place.known()
    for one in found:
        letters = outbox_view.retry(place.store(), one)
        more = f", {counted(letters, 'refused record')} too" if letters else ""
        answer(f"{one.destination}: tried again at the next delivery{more}")
    if not found:
        answer("nothing waits")
    return 0


@outbox.command()
@click.argument("words", **{**WORDS, "metavar": "DESTINATION", "required": True})
@click.option("--run", "run", metavar="RUN_ID", help="Only what waits of this run.")
@click.option("--force", "-f", is_flag=True, help="Ask nothing.")
def drop(words: tuple[str, ...], run: str | None, force: bool) -> int:
    """Give up what waits for DESTINATION, and what it refused.

    The runs themselves stay: their journals and reports are not touched. What is given up is
    counted (chaos_otel_dropped_total), and not sent any more.

    \b
    Examples:
      chaos-otel outbox drop https://collector.example:4318
      chaos-otel outbox drop --run 01a20014eced --force https://collector.example:4318
    """
    place = _Place.here()
    found = place.named(" ".join(words))
    run_id = outbox_view.find_run(run, place.runs) if run else ""
    if run and not run_id:
        hint = f"chaos-otel outbox show {found[0].destination} lists them"
        raise UsageError(f"{run} is not the beginning of one run's id", hint=hint)
    for one in found:
        if not force and not _sure(one, run_id):
            answer(f"{one.destination}: nothing was dropped")
            continue
        gone = outbox_view.drop(
            place.runs, place.store(), one, now_wall_ns=clock.now().wall_ns, run_id=run_id
        )
        answer(f"{one.destination}: dropped {gone}")
    return 0


class _Place(NamedTuple):
    """The outbox of whoever calls."""

    state: str
    runs: str
    database: Database | None

    @classmethod
    def here(cls) -> _Place:
        state = state_folder(Environment.of_process())
        return cls(state, f"{state}/{RUNS}", outbox_view.open_store(state))

    def known(self) -> list[Waiting]:
        return outbox_view.overview(self.runs, self.database)

    def named(self, said: str) -> list[Waiting]:
        return outbox_view.meant(said, self.known())

    def store(self) -> Database:
        return self.database or Database(self.state)


def _sure(one: Waiting, run_id: str) -> bool:
    what = f"run {run_id}" if run_id else str(one.all)
    if sys.stdin is None or not sys.stdin.isatty():
        raise UsageError(f"there is nobody to ask whether to drop {what}", hint="say --force")
    return click.confirm(f"Give up what waits for {one.destination} ({what})?")


def _print_json(data: Iterable[dict[str, Any]]) -> None:
    answer(json.dumps(list(data), indent=2))
