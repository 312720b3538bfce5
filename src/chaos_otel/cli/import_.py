"""`chaos-otel import`: reports and logbooks of others become runs, as if they had been wrapped."""

from __future__ import annotations

import json
import os
from typing import Any

import click

from chaos_otel.cli.forward_lines import forwarded_line, summed
from chaos_otel.cli.output import answer, printable, say
from chaos_otel.config.destination import Destination
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import working_folder
from chaos_otel.config.settings import Loaded, Settings, load
from chaos_otel.errors import ChaosOtelError, ReportError, UsageError
from chaos_otel.pipeline.consenting import choose


@click.command("import", no_args_is_help=True)
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--name", metavar="NAME", help="Name of the runs.  [chaos apply, or chaos_report]")
@click.option("--environment", metavar="NAME", help="Where it was deployed to: production …")
@click.option("--report", metavar="PATH", help="Write our report of the run; for one FILE.")
@click.option("--json", "as_json", is_flag=True, help="Tell it as JSON, a line for each FILE.")
def import_(
    files: tuple[str, ...],
    name: str | None,
    environment: str | None,
    report: str | None,
    as_json: bool,
) -> int:
    """Make runs of chaos_report.json and chaos_logbook.json files.

    Reports of ours and of Ch-aOS are understood, and Ch-aOS's logbooks (api_version v1). Importing
    a file again changes nothing. For a file that is neither, what is wrong with it and where is
    told; the others are imported, and the exit status is 1.

    \b
    Examples:
      chaos-otel import chaos_logbook.json
      chaos-otel import ~/.local/share/chaos/logbooks/*.json
      chaos-otel import --report ours.json chaos_report.json
    """
    if report and len(files) > 1:
        raise UsageError("--report takes one FILE", hint="import the others without it")
    variables = Environment.of_process()
    loaded = load(variables, {"name": name, "environment": environment}, working_folder())
    if loaded.warning:
        say(loaded.warning)
    settings = loaded.settings
    if settings.disabled_by:
        say(f"recording is off ({settings.disabled_by}): nothing was imported")
        return 1
    chosen = choose(loaded, variables).consented
    told = [
        _import(file, settings, variables, chosen, report=report, as_json=as_json) for file in files
    ]
    forwarded = _forward(loaded, variables) if chosen else []
    for one in forwarded:
        say(forwarded_line(one))
    return 0 if all(told) else 1


def _forward(loaded: Loaded, variables: Environment) -> list[dict[str, Any]]:
    """As at the end of a run: within its time, and what does not get there waits."""
    from chaos_otel.pipeline.bug_report import write_bug_report
    from chaos_otel.pipeline.forward_waiting import forward_waiting

    told = forward_waiting(
        loaded,
        variables,
        within_s=loaded.settings.export_wait_s,
        on_error=lambda error: write_bug_report(error, ["import"], variables),
    )
    return [summed(one) for one in told]


def _import(
    file: str,
    settings: Settings,
    variables: Environment,
    chosen: tuple[Destination, ...],
    *,
    report: str | None,
    as_json: bool,
) -> bool:
    from chaos_otel.pipeline.import_run import import_run, write_report
    from chaos_otel.sources import chaos_import
    from chaos_otel.sources.chaos_fields import Unfit

    line = {"file": file}
    try:
        value, written_ns = _read(file)
        imported = import_run(
            chaos_import.read(value),
            settings,
            variables,
            file_wall_ns=written_ns,
            destinations=chosen,
        )
        if report:
            write_report(imported.run_id, report, variables)
        line |= {"run_id": imported.run_id, "operations": str(imported.operations)}
        line["outcome"] = "imported" if imported.new else "known"
        problem = imported.problem
    except Unfit as fault:
        problem = f"{file} is no report and no logbook: {fault}"
    except ChaosOtelError as error:
        problem = str(error)
    _tell(line, problem, as_json=as_json)
    return not problem


def _read(file: str) -> tuple[object, int]:
    """The document, and when the file was written."""
    from chaos_otel.reports.json_text import JsonText

    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise ReportError(
            f"cannot open {file} ({(error.strerror or 'failed').lower()})",
            hint="name a chaos_report.json or a chaos_logbook.json",
        ) from None
    try:
        text = JsonText(fd, file)
        value = text.value()
        text.end()
        return value, os.fstat(fd).st_mtime_ns
    finally:
        os.close(fd)


def _tell(line: dict[str, str], problem: str, *, as_json: bool) -> None:
    if as_json:
        answer(json.dumps(line | ({"problem": problem} if problem else {})))
    elif problem:
        say(problem)
    else:
        known = "imported" if line["outcome"] == "imported" else "was imported before"
        operations = line["operations"]
        counted = "1 operation" if operations == "1" else f"{operations} operations"
        answer(printable(f"{line['file']}: {known}, {counted}, run {line['run_id']}"))
