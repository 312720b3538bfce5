"""`chaos-otel recover`: close the runs that nobody was left to close."""

from __future__ import annotations

import os

import click

from chaos_otel.cli.output import answer, say
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import runtime_folder, state_folder
from chaos_otel.errors import ChaosOtelError


def announce_recovered(environment: Environment) -> None:
    """Close dead runs on the way, with a line for each; says nothing of what goes wrong."""
    try:
        runs, runtime = f"{state_folder(environment)}/runs", runtime_folder(environment)
        waiting = [one for one in os.listdir(runs) if not os.path.exists(f"{runs}/{one}/delivered")]
    except (OSError, ChaosOtelError):
        return
    if waiting:
        from chaos_otel.pipeline.recover import recover_all

        for run in recover_all(runs, runtime=runtime):
            say(str(run))


@click.command()
def recover() -> int:
    """Close runs whose recorder was killed, and write their reports.

    The next command of ours does the same by itself. The report of a later run is never replaced:
    then the recovered one lies beside the journal, and the line says where.

    \b
    Examples:
      chaos-otel recover
    """
    from chaos_otel.pipeline.recover import recover_all

    environment = Environment.of_process()
    runs = f"{state_folder(environment)}/runs"
    runtime = runtime_folder(environment)
    found = recover_all(runs, runtime=runtime)
    if os.path.isdir(f"{runtime}/runs"):
        found += recover_all(f"{runtime}/runs", runtime=runtime)
    for run in found:
        answer(str(run))
    if not found:
        answer("nothing to recover")
    return 1 if any(run.problem for run in found) else 0
