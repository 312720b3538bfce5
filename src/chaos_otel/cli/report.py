"""`chaos-otel report`: look at a chaos_report.json, or check it."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import islice

import click

from chaos_otel.cli.amounts import counted
from chaos_otel.cli.output import answer, printable, wants_colour
from chaos_otel.config.environment import Environment
from chaos_otel.errors import UsageError
from chaos_otel.reports.json_text import JsonText

DEFAULT_FILE = "chaos_report.json"
_FOUND = 1
_FINDINGS_SHOWN = 100
_ROWS_SHOWN = 50


@click.group(no_args_is_help=True)
def report() -> None:
    """Look at a report, or check it.

    \b
    Examples:
      chaos-otel report show                    ./chaos_report.json as tables
      chaos-otel report show old.json | less    another one
      chaos-otel report validate                exit 1 if it is not as it should be
    """


@report.command()
@click.argument("file", default=DEFAULT_FILE)
@click.option(
    "--limit",
    type=click.IntRange(min=1),
    default=_ROWS_SHOWN,
    show_default=True,
    metavar="N",
    help="Show at most N operations of each host.",
)
def show(file: str, limit: int) -> None:
    """Show a report: a table per host, failures first with the end of their stderr.

    FILE is ./chaos_report.json unless you name another.

    \b
    Examples:
      chaos-otel report show
      chaos-otel report show /var/log/deploy/chaos_report.json
      chaos-otel report show --limit 1000 | less
    """
    from chaos_otel.cli.report_tables import print_view
    from chaos_otel.reports.show import view

    with _opened(file) as text:
        seen = view(text, file, limit=limit)
    variables = Environment.of_process().mapping()
    print_view(seen, colour=wants_colour(variables, sys.stdout))


@report.command()
@click.argument("file", default=DEFAULT_FILE)
@click.pass_context
def validate(ctx: click.Context, file: str) -> None:
    """Check that a report has exactly the layout it should, and that its numbers add up.

    Prints the place of each departure; exit status 1 if there is one. FILE is ./chaos_report.json
    unless you name another.

    \b
    Examples:
      chaos-otel report validate
      chaos-otel report validate artifacts/chaos_report.json && upload artifacts
    """
    from chaos_otel.reports.validate import Validation

    with _opened(file) as text:
        validation = Validation(text)
        findings = validation.findings()
        first = list(islice(findings, _FINDINGS_SHOWN))
        more = sum(1 for _ in findings)
    for finding in first:
        answer(printable(str(finding)))
    if more:
        answer(f"… and {more} more")
    if first:
        ctx.exit(_FOUND)
    operations = counted(validation.operations, "operation")
    answer(f"{printable(file)}: fine, {operations} on {counted(validation.hosts, 'host')}")


@contextmanager
def _opened(file: str) -> Iterator[JsonText]:
    try:
        fd = os.open(file, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        hint = "name a report, or make one with chaos-otel run -- COMMAND"
        problem = (error.strerror or "failed").lower()
        raise UsageError(f"cannot open {file} ({problem})", hint=hint) from None
    try:
        yield JsonText(fd, file)
    finally:
        os.close(fd)
