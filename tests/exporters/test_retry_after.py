"""Retry-After in both its forms, and in none."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos_otel.exporters.retry_after import LONGEST_S, retry_after_s

NOW = "Sun, 06 Nov 1994 08:49:37 GMT"
NOW_NS = 784111777 * 10**9


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("0", 0.0),
        ("1", 1.0),
        (" 60 ", 60.0),
        ("007", 7.0),
        ("999999", LONGEST_S),
        ("9" * 5000, LONGEST_S),
        ("Sun, 06 Nov 1994 08:50:37 GMT", 60.0),
        ("Sunday, 06-Nov-94 08:50:37 GMT", 60.0),
        ("Sun Nov  6 08:50:37 1994", 60.0),
        ("Sun, 06 Nov 1994 08:00:00 GMT", 0.0),
        ("Sun, 06 Nov 2094 08:00:00 GMT", LONGEST_S),
    ],
)
def test_both_forms_are_read(value: str, seconds: float) -> None:
    """A delay, or a date of any of HTTP's three kinds; a day at most, never below nothing."""
    assert retry_after_s(value, date=NOW, now_wall_ns=0) == seconds
    assert retry_after_s(value, date="", now_wall_ns=NOW_NS) == seconds


@pytest.mark.parametrize(
    "value", ["", "-1", "soon", "1.5", "1e3", "٣", "Sun, 99 Nov 1994 08:49:37 GMT"]
)
def test_nonsense_is_nothing(value: str) -> None:
    """Then the sender waits as long as it would have anyway."""
    assert retry_after_s(value, date=NOW, now_wall_ns=0) is None


@settings(deadline=None)
@given(st.text(), st.text(), st.integers(0, 2**63 - 1))
def test_it_is_always_a_time_that_can_be_waited(value: str, date: str, now_wall_ns: int) -> None:
    """Or none."""
    seconds = retry_after_s(value, date=date, now_wall_ns=now_wall_ns)
    assert seconds is None or 0 <= seconds <= LONGEST_S
