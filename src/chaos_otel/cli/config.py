"""`chaos-otel config`: every setting with who set it, and what is wrong in the files."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from typing import Any, Literal

import click

from chaos_otel.cli.output import answer, printable, wants_colour
from chaos_otel.config import kinds
from chaos_otel.config.destinations import destinations
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.host_consent import host_grants
from chaos_otel.config.setting import Setting
from chaos_otel.config.settings import Loaded, load
from chaos_otel.config.table import SETTINGS

_FOUND = 1


@click.group(no_args_is_help=True)
def config() -> None:
    """Show the settings, or check them.

    Flags beat variables beat ./chaos-otel.toml beats your own config.toml beats defaults.

    \b
    Examples:
      chaos-otel config show                 every setting, its value, who set it
      chaos-otel config show --json          the same for programs
      chaos-otel config check                exit 1 if a key or a value is wrong
    """


@config.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(as_json: bool) -> None:
    """Show every setting, its value and where it came from.

    Secrets are shown as stars.

    \b
    Examples:
      chaos-otel config show
      CHAOS_OTEL_OUTPUT_LIMIT=1MB chaos-otel config show
      chaos-otel config show --json | jq .report.value
    """
    environment = Environment.of_process()
    loaded = load(environment, {}, working_folder())
    if as_json:
        import json

        answer(json.dumps(settings_json(loaded), indent=2, default=dict))
    elif sys.stdout is not None and sys.stdout.isatty():
        _table(loaded, environment.mapping())
    else:
        answer("\n".join(_lines(loaded)))


@config.command()
@click.pass_context
def check(ctx: click.Context) -> None:
    """Check the settings files and variables.

    Prints each wrong key or value with its file, its line and what to do; exit status 1 if there is
    one.

    \b
    Examples:
      chaos-otel config check
      chaos-otel config check && git commit chaos-otel.toml
    """
    environment = Environment.of_process()
    loaded = load(environment, {}, working_folder())
    problems = [
        *loaded.warnings,
        *destinations(loaded, environment).problems,
        *host_grants(loaded.files)[1],
        *_misspelt(environment.mapping()),
    ]
    for problem in problems:
        answer(printable(str(problem)))
    if problems:
        ctx.exit(_FOUND)
    answer("no problems")


def _rows(loaded: Loaded) -> Iterator[tuple[str, str, str]]:
    for setting in SETTINGS:
        value = getattr(loaded.settings, setting.name)
        origin = str(loaded.origins[setting.name])
        yield setting.key or setting.name, printable(setting.show(value)), printable(origin)


def _lines(loaded: Loaded) -> Iterator[str]:
    rows = list(_rows(loaded))
    widths = [max(len(row[column]) for row in rows) for column in (0, 1)]
    for name, value, origin in rows:
        yield f"{name:{widths[0]}}  {value:{widths[1]}}  {origin}"


def _table(loaded: Loaded, variables: Mapping[str, str]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table("setting", "value", "from", box=None, header_style="bold")
    for name, value, origin in _rows(loaded):
        style = "dim" if origin == "default" else ""
        table.add_row(Text(name), Text(value), Text(origin), style=style)
    colours: Literal["auto"] | None = "auto" if wants_colour(variables, sys.stdout) else None
    Console(color_system=colours, highlight=False).print(table)


def settings_json(loaded: Loaded) -> dict[str, dict[str, Any]]:
    """Every setting with its value (secrets as stars) and its origin."""
    return {
        setting.name: {
            "value": _json_value(setting, getattr(loaded.settings, setting.name)),
            "from": loaded.origins[setting.name].layer,
            "source": loaded.origins[setting.name].source,
            "key": setting.key,
        }
        for setting in SETTINGS
    }


def _json_value(setting: Setting, value: Any) -> Any:
    hides = setting.secret or setting.kind in (kinds.ADDRESS, kinds.ADDRESSES)
    return setting.show(value) if hides else value


def _misspelt(variables: Mapping[str, str]) -> Iterator[str]:
    """Variables of ours that set nothing, but nearly."""
    import difflib

    known = [name for setting in SETTINGS for name in setting.env if name.startswith("CHAOS_OTEL_")]
    for name in variables:
        if name.startswith("CHAOS_OTEL_") and name not in known:
            close = difflib.get_close_matches(name, known, n=1, cutoff=0.9)
            if close:
                yield f"{name}: sets nothing; did you mean {close[0]}?"
