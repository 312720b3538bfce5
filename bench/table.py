"""The table that people read."""

from __future__ import annotations

from collections.abc import Iterable

from bench.row import Row

HEAD = ("what", "against", "measured", "limit", "")


def lines(rows: Iterable[Row]) -> list[str]:
    """A line for each row under a head, in columns."""
    cells = [HEAD, *map(_cells, rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(HEAD))]
    return [
        "  ".join(
            cell.rjust(width) if column in (2, 3) else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def _cells(row: Row) -> tuple[str, ...]:
    verdict = "" if row.limit is None else "OVER" if row.is_over else "ok"
    limit = "" if row.limit is None else f"{'≥' if row.at_least else '≤'} {_number(row.limit)}"
    measured = f"{_number(row.value)} {row.unit}"
    return row.what, row.against, measured, limit, f"{verdict}  {row.note}".strip()


def _number(value: float) -> str:
    return f"{value:,.0f}" if value >= 50 else f"{value:.2f}"
