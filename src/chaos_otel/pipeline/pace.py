"""How fast, and how long, a run is forwarded. Quick to import."""

from __future__ import annotations

from typing import Any, NamedTuple, Self


class Pace(NamedTuple):
    """What settings say about all destinations alike; rates are a second's, 0 for no limit.

    `retry_attempts` is how often in a row one process tries. `export_wait_s` is how long the end
    of a run may wait for all destinations together. What waits longer than `outbox_age_s`, or is
    more than `outbox_bytes`, is given up. A new series shows 0 for two scrape intervals.
    """

    batch_size: int = 512
    flush_interval_s: float = 30.0
    retry_attempts: int = 3
    export_wait_s: float = 2.0
    rate_limit_requests: float = 0.0
    rate_limit_bytes: float = 0.0
    outbox_bytes: int = 512_000_000
    outbox_age_s: float = 14 * 86400.0
    scrape_interval_s: float = 30.0

    @property
    def hold_s(self) -> float:
        """How long a new series shows 0: `rate()` would miss a first value."""
        return 2 * self.scrape_interval_s

    @classmethod
    def of(cls, values: Any) -> Self:
        """From settings, or whatever else has these names."""
        return cls(*(getattr(values, name) for name in cls._fields))
