"""What the translators give: records as fields of inbox lines, and what they had to leave out."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Field: TypeAlias = str | float


class Said(NamedTuple):
    """One inbox record: its kind, its fields and its `k=v` pairs (`docs/journal-format.md`)."""

    kind: str
    fields: tuple[Field, ...]
    pairs: dict[str, str]


class Rejected(NamedTuple):
    """One item that is not taken, and why."""

    reason: str


Translated: TypeAlias = Said | Rejected


def time_field(wall_ns: int) -> str:
    """A TIME field; empty ("when it is read") where the program did not say."""
    return f"{wall_ns // 10**9}.{wall_ns % 10**9:09d}" if wall_ns else ""
