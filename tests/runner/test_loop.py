"""Descriptors and times."""

from __future__ import annotations

import os
from functools import partial

from chaos_otel.runner.loop import READ, Loop


def test_timers_fire_once_in_order_of_time_and_can_be_cancelled() -> None:
    """Whatever order they were made in."""
    loop = Loop()
    fired: list[str] = []
    loop.later(0.02, lambda: fired.append("late"))
    loop.later(0.0, lambda: fired.append("early"))
    cancelled = loop.later(0.01, lambda: fired.append("never"))
    cancelled.cancel()
    while len(fired) < 2:
        loop.turn(None)
    loop.turn(0.01)
    assert fired == ["early", "late"]


def test_what_is_removed_in_a_turn_is_not_called_in_it() -> None:
    """A callback may remove another descriptor that was ready too."""
    loop = Loop()
    pipes = [os.pipe() for _ in range(2)]
    called: list[int] = []

    def callback(fd: int, other: int, revents: int) -> None:
        called.append(fd)
        loop.remove(other)

    for (read_fd, write_fd), (other, _) in zip(pipes, reversed(pipes), strict=True):
        os.write(write_fd, b"x")
        loop.add(read_fd, READ, partial(callback, read_fd, other))
    assert loop.turn(1)
    assert len(called) == 1
    assert not Loop().turn(0.0)
    for pair in pipes:
        for fd in pair:
            os.close(fd)
