"""`chaos-otel deliver`: write the outputs of runs again from their journals."""

from __future__ import annotations

import click

from chaos_otel.cli.output import answer, say
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import state_folder


@click.command()
@click.argument("run_ids", nargs=-1, metavar="[RUN_ID]…")
def deliver(run_ids: tuple[str, ...]) -> int:
    """Write what comes of a run once more, from its journal.

    Without RUN_ID: of all runs that were not delivered yet. Delivering twice gives the same. A run
    that is under way is left alone, and the report of a later run is never replaced.

    \b
    Examples:
      chaos-otel deliver
      chaos-otel deliver 01a20014eced7a3590516151b82a96bf
    """
    from chaos_otel.pipeline.redeliver import redeliver

    environment = Environment.of_process()
    runs = f"{state_folder(environment)}/runs"
    status = 0
    for delivered in redeliver(runs, run_ids):
        if delivered.problem:
            say(delivered.problem)
            status = 1
        else:
            where = delivered.report or "no report was asked for"
            answer(f"{delivered.run_id}  {where}")
    return status
