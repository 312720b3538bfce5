"""Draws a report for people: a line for the whole, a table for each host."""

from __future__ import annotations

import sys
from io import TextIOWrapper

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from chaos_otel.cli.amounts import duration
from chaos_otel.cli.output import printable
from chaos_otel.reports.show import HostView, ReportView, Shown

_FILE_WIDTH = 160  # of a table in a file or a pipe, which has no width of its own


def print_view(view: ReportView, *, colour: bool) -> None:
    """Write it to stdout, with colours only where somebody sees them (`colour`)."""
    if isinstance(sys.stdout, TextIOWrapper):  # names may hold what a narrow locale does not have
        sys.stdout.reconfigure(errors="backslashreplace")
    console = Console(
        color_system="auto" if colour else None,
        force_terminal=colour,
        highlight=False,
        emoji=False,
        markup=False,
        legacy_windows=False,
    )
    if not sys.__stdout__ or not sys.__stdout__.isatty():
        console.width = _FILE_WIDTH
    good = view.status == "success"
    console.print(
        Text(view.status, style="bold green" if good else "bold red"),
        Text(f"in {duration(view.duration_s)}: {_counts(view)}"),
    )
    for host in view.hosts:
        _print_host(console, host)


def _print_host(console: Console, host: HostView) -> None:
    table = Table(
        "",
        "operation",
        "changed",
        "retries",
        "duration",
        box=SIMPLE_HEAD,
        header_style="bold",
    )
    table.columns[1].overflow = "fold"
    table.columns[4].justify = "right"
    rows = host.rows()
    for row in rows:
        table.add_row(*_cells(row))
        for line in row.stderr:
            table.add_row("", Text(f"  {printable(line)}", style="red"))
    console.print()
    console.print(
        Text(printable(host.name), style="bold"),
        Text(f"{_counts(host)}, {duration(host.duration_s)}"),
    )
    console.print(table)
    if host.total > len(rows):
        console.print(Text(f"  … and {host.total - len(rows)} more (--limit)", style="dim"))


def _cells(row: Shown) -> tuple[Text, ...]:
    return (
        Text("ok", style="green") if row.success else Text("FAILED", style="bold red"),
        Text(printable(row.operation)),
        Text("changed" if row.changed else "", style="yellow"),
        Text(str(row.retries) if row.retries else ""),
        Text(duration(row.duration_s)),
    )


def _counts(counted: ReportView | HostView) -> str:
    parts = ["1 operation" if counted.total == 1 else f"{counted.total} operations"]
    if counted.changed:
        parts.append(f"{counted.changed} changed")
    if counted.failed:
        parts.append(f"{counted.failed} failed")
    return ", ".join(parts)
