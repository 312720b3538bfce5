"""`chaos-otel reset`: settings to their defaults, damaged state out of the way."""

from __future__ import annotations

import click

from chaos_otel.cli.output import answer, say
from chaos_otel.config.environment import Environment


@click.command()
@click.option("--force", "-f", is_flag=True, help="Give up what waits to be sent, too.")
def reset(force: bool) -> int:
    """Go back to the defaults, and move damaged state out of the way.

    Your settings file is moved aside, and the line says where to. A store or a folder of ours that
    is damaged becomes NAME.corrupt-TIME. Destinations that waited or were paused are tried again.
    What was not sent yet stays, unless you say --force. Runs, their journals and reports, and
    consents are not touched (chaos-otel consent revoke).

    \b
    Examples:
      chaos-otel reset
      chaos-otel reset --force
    """
    from chaos_otel.pipeline.reset import reset as steps_of

    status = 0
    done = 0
    for step in steps_of(Environment.of_process(), force=force):
        done += 1
        if step.problem:
            say(step.text)
            status = 1
        else:
            answer(step.text)
    if not done:
        answer("nothing to do: no settings of yours, nothing damaged, nothing waits")
    return status
