"""`chaos-otel shell-open`: what the shell library calls to open a run of its own."""

from __future__ import annotations

import click

from chaos_otel.cli.output import answer
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import load


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
    settings = load(environment, {}, working_folder()).settings
    if settings.disabled_by:
        return 1
    opened = open_run(settings, environment, pid=pid, name=name, version=script_version)
    answer("\n".join(opened))
    return 0
