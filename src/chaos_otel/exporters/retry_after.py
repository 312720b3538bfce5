"""How long another side asks us to wait: the Retry-After of HTTP, in both its forms (RFC 9110,
10.2.3)."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

# who asks for more has a wrong clock, or means "never", which is not ours to believe
LONGEST_S = 24 * 3600.0


def retry_after_s(value: str, *, date: str, now_wall_ns: int) -> float | None:
    """Seconds from now, 0 to a day; None for nothing and for nonsense. `date` is the answer's own
    Date header: a date is compared with that clock, which is the one it was made by."""
    text = value.strip()
    if text.isascii() and text.isdigit():
        return LONGEST_S if len(text) > 9 else min(float(text), LONGEST_S)
    until = _moment(text)
    if until is None:
        return None
    now = _moment(date) or datetime.fromtimestamp(now_wall_ns / 1e9, UTC)
    return min(max((until - now).total_seconds(), 0.0), LONGEST_S)


def _moment(text: str) -> datetime | None:
    if len(text) > 60 or not text.isascii():
        return None
    try:
        moment = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    return moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
