"""`chaos-otel shell-open`: what the shell library calls to open a run of its own."""

from __future__ import annotations

import click

from chaos_otel.cli.output import answer
from chaos_otel.config.any_destination import names_destination
from chaos_otel.config.destination import Destination
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import Loaded, load


@click.command(hidden=True)
@click.option("--pid", type=int, required=True, help="The script's process id.")
@click.option("--name", default="", help="Name of the run.")
@click.option("--script-version", default="", help="Version of the script.")
def shell_open(pid: int, name: str, script_version: str) -> int:
    """Open a run for a script that no wrapper runs: prints inbox, run id and traceparent.

    \b
    Examples:
      chaos-otel shell-open --pid $$ --name deploy --script-version v1
    """
    from chaos_otel.pipeline.unwrapped import open_run

    environment = Environment.of_process()
    loaded = load(environment, {}, working_folder())
    if loaded.settings.disabled_by:
        return 1
    opened = open_run(
        loaded.settings,
        environment,
        pid=pid,
        name=name,
        version=script_version,
        destinations=_consented(loaded, environment),
    )
    answer("\n".join(opened))
    return 0


def _consented(loaded: Loaded, environment: Environment) -> tuple[Destination, ...]:
    if not names_destination(loaded, environment):
        return ()
    from chaos_otel.pipeline.consenting import choose

    return choose(loaded, environment).consented
