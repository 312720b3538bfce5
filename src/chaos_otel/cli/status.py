"""`chaos-otel status`: what is set, what waits, what was lost, how the last runs went."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import click

from chaos_otel import __version__, clock
from chaos_otel.cli.amounts import moment
from chaos_otel.cli.config import settings_json
from chaos_otel.cli.destination_settings import settings_of
from chaos_otel.cli.output import answer, printable
from chaos_otel.cli.status_lines import count_lines, run_line, standing_lines
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import DEFAULT, Loaded, load
from chaos_otel.config.table import SETTINGS
from chaos_otel.pipeline.own_log import log_path
from chaos_otel.pipeline.status import Standing, Status
from chaos_otel.pipeline.status import status as look_up

_RUNS = 5


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every setting.")
def status(as_json: bool) -> int:
    """Show how things stand.

    What somebody has set and where, tokens as stars; each destination with its consent, what waits
    for it and its last error; what was dropped or damaged; the last runs. Nothing is sent and no
    name is looked up.

    \b
    Examples:
      chaos-otel status
      chaos-otel status --json | jq .destinations
    """
    environment = Environment.of_process()
    loaded = load(environment, {}, working_folder())
    found = look_up(loaded, environment, runs=_RUNS)
    if as_json:
        import json

        answer(json.dumps(_as_json(loaded, found), indent=2, default=dict))
    else:
        answer("\n".join(map(printable, _lines(loaded, found))))
    return 0


def _lines(loaded: Loaded, found: Status) -> Iterator[str]:
    yield f"chaos-otel {__version__}, {_on(loaded)}"
    yield from _part("settings", _settings(loaded))
    yield from _part("destinations", _standings(found))
    yield from _part("last runs", map(run_line, found.runs))
    yield from _part("dropped so far", count_lines(found.dropped))
    yield from _part("damaged so far", count_lines(found.damaged))
    yield from _part("problems", (f"  {problem}" for problem in found.problems))


def _on(loaded: Loaded) -> str:
    out = loaded.settings.disabled_by
    return f"recording is off ({out})" if out else "recording is on"


def _part(title: str, lines: Iterator[str]) -> Iterator[str]:
    """A titled part; nothing where it has no lines."""
    first = next(lines, None)
    if first is not None:
        yield title
        yield first
        yield from lines


def _settings(loaded: Loaded) -> Iterator[str]:
    state = loaded.settings.state_dir
    if state:
        yield f"  state folder = {state}"
        yield f"  log = {log_path(state)}"
    for setting in SETTINGS:
        origin = loaded.origins[setting.name]
        if origin.layer != DEFAULT:
            value = setting.show(getattr(loaded.settings, setting.name))
            yield f"  {setting.key or setting.name} = {value}  ({origin})"


def _standings(found: Status) -> Iterator[str]:
    now_wall_ns = clock.now().wall_ns
    for standing in found.standings:
        yield from standing_lines(standing, now_wall_ns=now_wall_ns)
    if not found.standings:
        yield "  none: nothing is sent anywhere"


def _as_json(loaded: Loaded, found: Status) -> dict[str, Any]:
    return {
        "version": __version__,
        "enabled": loaded.settings.enabled,
        "disabled_by": loaded.settings.disabled_by,
        "state_folder": loaded.settings.state_dir,
        "settings": settings_json(loaded),
        "destinations": [_standing_json(one) for one in found.standings],
        "runs": [one._asdict() | {"started": moment(one.started_wall_ns)} for one in found.runs],
        "dropped": found.dropped,
        "damaged": found.damaged,
        "problems": [str(problem) for problem in found.problems],
    }


def _standing_json(standing: Standing) -> dict[str, Any]:
    destination = standing.destination
    return {
        "destination": standing.key,
        "name": destination.name if destination else "",
        "configured": destination is not None,
        "consent": standing.means,
        "settings": settings_of(destination, standing.origins) if destination else {},
        "state": standing.state._asdict(),
        "waiting": standing.waiting._asdict(),
        "dead_letters": standing.dead_letters,
    }
