"""The table of metrics in docs/telemetry.md: `python tests/telemetry_reference.py` prints it."""

from __future__ import annotations

from collections.abc import Iterator

from chaos_otel.instruments import INSTRUMENTS, Instrument


def rows() -> Iterator[str]:
    """A line of the table for each metric."""
    yield "| metric | kind | unit | labels beside its family's | in Prometheus | what |"
    yield "|---|---|---|---|---|---|"
    yield from map(_row, INSTRUMENTS)


def _row(one: Instrument) -> str:
    labels = ", ".join(f"`{label}`" for label in one.labels)
    unit = f"`{one.unit}`" if one.unit else ""
    name = f"`{one.prometheus_name}`"
    return f"| `{one.name}` | {one.kind} | {unit} | {labels} | {name} | {one.description} |"


if __name__ == "__main__":
    print("\n".join(rows()))
