"""The time of a request."""

from __future__ import annotations

import math

import pytest

from chaos_otel.exporters.deadline import Deadline


@pytest.mark.parametrize("timeout_s", [0.0, -1.0, math.nan, -math.inf])
def test_no_time_is_over_at_once(timeout_s: float) -> None:
    """A budget that is used up, or a number that is none."""
    with pytest.raises(TimeoutError):
        Deadline(timeout_s).remaining_s()


def test_for_ever_is_a_time_too() -> None:
    """Sockets and threads cannot wait for an infinite one."""
    assert 0 < Deadline(math.inf).remaining_s() <= 24 * 3600


def test_a_part_ends_no_later_than_the_whole() -> None:
    """A step may have less time, never more."""
    whole = Deadline(50.0)
    assert whole.at_most(10.0).remaining_s() <= 10.0
    assert whole.at_most(1000.0).remaining_s() <= 50.0
