"""`chaos-otel logs`: our own log, of what went wrong where nobody was there to be told."""

from __future__ import annotations

import click

from chaos_otel.cli.output import answer, printable, say
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import state_folder


@click.command()
@click.option(
    "-n",
    "--lines",
    "count",
    type=click.IntRange(min=0),
    default=100,
    metavar="COUNT",
    help="Print so many of the last lines.  [100]",
)
@click.option("--follow", "-f", is_flag=True, help="Go on with what comes, until Ctrl-C.")
def logs(count: int, follow: bool) -> int:
    """Print our own log: faults of delivery and forwarding, with their time.

    It is in the log folder of the state folder, readable by you alone, and turned over at 1 MiB.
    What commands print is not in it: see chaos-otel report show.

    \b
    Examples:
      chaos-otel logs
      chaos-otel logs -n 20
      chaos-otel logs --follow
    """
    from chaos_otel.pipeline.own_log import following, last_lines, log_path

    state = state_folder(Environment.of_process())
    lines = following(state, count) if follow else iter(last_lines(state, count))
    empty = True
    for line in lines:
        answer(printable(line))
        empty = False
    if empty and count:
        say(f"nothing has gone wrong yet: there is no {log_path(state)}")
    return 0
