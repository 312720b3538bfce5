"""One line of the table: what was measured, against what, and how far it may go."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """`value` in `unit`; `limit` None where nothing was promised. `note` says how it came about."""

    what: str
    against: str
    value: float
    unit: str
    limit: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def is_over(self) -> bool:
        """Whether the promise is broken."""
        if self.limit is None:
            return False
        return self.value < self.limit if self.at_least else self.value > self.limit
