"""`chaos-otel deliver`: write the outputs of runs again from their journals, forward what waits."""

from __future__ import annotations

import json
import sys
from typing import Any

import click

from chaos_otel.cli.forward_lines import forwarded_line, progress_line, summed
from chaos_otel.cli.output import answer, say
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import state_folder, working_folder
from chaos_otel.config.settings import Loaded, load
from chaos_otel.pipeline.pace import Pace


@click.command()
@click.argument("run_ids", nargs=-1, metavar="[RUN_ID]…")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON.")
def deliver(run_ids: tuple[str, ...], as_json: bool) -> int:
    """Write what comes of a run once more, and send what waits for a destination.

    Without RUN_ID: of all runs that were not delivered yet. Delivering twice gives the same. A run
    that is under way is left alone, and the report of a later run is never replaced. A destination
    that asked us to wait is left alone until then (`chaos-otel outbox retry` forgets that). The
    exit status is 1 if anything could not be delivered.

    \b
    Examples:
      chaos-otel deliver
      chaos-otel deliver 01a20014eced7a3590516151b82a96bf
      chaos-otel deliver --json
    """
    from chaos_otel.pipeline.redeliver import redeliver

    environment = Environment.of_process()
    loaded = load(environment, {}, working_folder())
    reports = list(redeliver(f"{state_folder(environment)}/runs", run_ids))
    forwarded = _forward(loaded, environment, run_ids)
    if as_json:
        runs = [one._asdict() for one in reports]
        answer(json.dumps({"runs": runs, "destinations": forwarded}))
    else:
        _tell(reports, forwarded)
    undelivered = any(one["waiting"] or one["problem"] for one in forwarded)
    return 1 if undelivered or any(one.problem for one in reports) else 0


def _forward(
    loaded: Loaded, environment: Environment, run_ids: tuple[str, ...]
) -> list[dict[str, Any]]:
    if loaded.settings.disabled_by:
        return []
    from chaos_otel.pipeline.bug_report import write_bug_report
    from chaos_otel.pipeline.forward_waiting import forward_waiting
    from chaos_otel.pipeline.housekeeping import give_up_overdue

    state = state_folder(environment)
    if gone := give_up_overdue(state, f"{state}/runs", Pace.of(loaded.settings)):
        say(f"given up, as they waited too long or were too much: {gone} runs")
    shows = sys.stderr is not None and sys.stderr.isatty()
    told = forward_waiting(
        loaded,
        environment,
        only=frozenset(run_ids) or None,
        on_error=lambda error: write_bug_report(error, ["deliver"], environment),
        progress=_show if shows else lambda _: None,
    )
    if shows:
        sys.stderr.write("\r\x1b[K")
    return [summed(one) for one in told]


def _show(told: list[dict[str, Any]]) -> None:
    sys.stderr.write(f"\r\x1b[K{progress_line(told)}")
    sys.stderr.flush()


def _tell(reports: list[Any], forwarded: list[dict[str, Any]]) -> None:
    for delivered in reports:
        if delivered.problem:
            say(delivered.problem)
        else:
            where = delivered.report or "no report was asked for"
            answer(f"{delivered.run_id}  {where}")
    for one in forwarded:
        answer(forwarded_line(one))
