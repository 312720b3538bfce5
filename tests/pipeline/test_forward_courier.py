"""What a courier does about each answer: halving, dead letters, pauses, what is told in order."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos_otel.config.destination import Signal
from chaos_otel.exporters.answer import Answer, Delivered, Later, Paused, Refused
from chaos_otel.pipeline.forward_courier import Courier
from chaos_otel.pipeline.forward_gate import Gate
from chaos_otel.pipeline.forward_ledger import Ledger
from chaos_otel.pipeline.forward_orders import Orders, OutOfTimeError
from chaos_otel.store.destinations import RateLimit

KEY = "otlp http://127.0.0.1:4318"
NO_LIMIT = RateLimit()


class Packed(NamedTuple):
    """A request's worth of numbers."""

    items: Sequence[Any]
    body: bytes
    lost: int = 0


def _pack(signal: Signal, items: Sequence[Any]) -> list[Packed]:
    return [Packed(items, json.dumps(list(items)).encode())]


class FakeSender:
    """Answers as `reply(numbers)` says and remembers what was taken."""

    def __init__(self, reply: Callable[[list[int]], Answer]) -> None:
        self.reply = reply
        self.requests: list[list[int]] = []
        self.taken: list[int] = []

    def send(self, signal: Signal, body: bytes, *, timeout_s: float, key: str = "") -> Answer:
        numbers = json.loads(body)
        self.requests.append(numbers)
        answer = self.reply(numbers)
        if isinstance(answer, Delivered):
            self.taken += numbers
        return answer

    def close(self) -> None:
        """Nothing is open."""


class Told:
    """A receipt that remembers."""

    def __init__(self) -> None:
        self.done_count = 0
        self.bad_ones: list[int] = []

    def done(self, count: int) -> None:
        self.done_count += count

    def bad(self, index: int, body: bytes, reason: str) -> None:
        assert index == self.done_count, "a dead letter is told in its turn"
        self.bad_ones.append(index)


class Scene(NamedTuple):
    """A courier and all that it works with."""

    courier: Courier
    sender: FakeSender
    gate: Gate
    ledger: Ledger
    orders: Orders


@pytest.fixture
def scene(tmp_path: Path) -> Iterator[Callable[..., Scene]]:
    """Makes a courier to a sender that answers so."""
    ledgers: list[Ledger] = []

    def make(reply: Callable[[list[int]], Answer], limit: RateLimit = NO_LIMIT) -> Scene:
        ledger = Ledger(str(tmp_path / f"state{len(ledgers)}"), KEY)
        ledgers.append(ledger)
        gate, sender, orders = Gate(ledger, fingerprint=""), FakeSender(reply), Orders()
        courier = Courier(
            sender,
            pack=_pack,
            gate=gate,
            ledger=ledger,
            orders=orders,
            timeout_s=10,
            limit=limit,
        )
        return Scene(courier, sender, gate, ledger, orders)

    yield make
    for ledger in ledgers:
        ledger.close()


def _refusing(*bad: int) -> Callable[[list[int]], Answer]:
    return lambda numbers: Refused("bad") if set(bad) & set(numbers) else Delivered()


def test_everything_is_sent_in_one_request_if_it_is_taken(scene: Callable[..., Scene]) -> None:
    """One request, all done, all counted."""
    on = scene(lambda numbers: Delivered())
    told = Told()
    assert on.courier.deliver("traces", range(512), told) == Delivered()
    assert (len(on.sender.requests), told.done_count, on.courier.accepted) == (1, 512, 512)


@pytest.mark.parametrize("bad", [0, 1, 255, 256, 511])
def test_one_bad_record_in_512_is_found(scene: Callable[..., Scene], bad: int) -> None:
    """All others arrive once and in order; it takes some twenty requests, not hundreds."""
    on = scene(_refusing(bad))
    told = Told()
    assert on.courier.deliver("traces", range(512), told) == Delivered()
    assert told.bad_ones == [bad]
    assert told.done_count == 512
    assert on.sender.taken == [number for number in range(512) if number != bad]
    assert len(on.sender.requests) < 25


@given(bad=st.sets(st.integers(0, 40), max_size=40), size=st.integers(2, 41))
@settings(deadline=None, max_examples=60)
def test_whatever_is_bad_the_rest_arrives_once(
    tmp_path_factory: pytest.TempPathFactory, bad: set[int], size: int
) -> None:
    """Good records arrive once, in order, and bad ones are dead letters; only where nothing at all
    was taken the destination is paused, and then nothing is done with."""
    ledger = Ledger(str(tmp_path_factory.mktemp("state")), KEY)
    sender, told = FakeSender(_refusing(*bad)), Told()
    courier = Courier(
        sender,
        pack=_pack,
        gate=Gate(ledger, fingerprint=""),
        ledger=ledger,
        orders=Orders(),
        timeout_s=10,
        limit=RateLimit(),
    )
    answer = courier.deliver("traces", range(size), told)
    ledger.close()
    good = [number for number in range(size) if number not in bad]
    assert sender.taken == good
    if good:
        assert answer == Delivered()
        assert told.done_count == size
        assert told.bad_ones == [number for number in range(size) if number in bad]
    else:
        assert isinstance(answer, Paused)
        assert (told.done_count, told.bad_ones) == (0, [])


def test_if_every_record_fails_the_destination_is_paused(scene: Callable[..., Scene]) -> None:
    """No dead letter, nothing done with, and the reason is told."""
    on = scene(lambda numbers: Refused("it wants another schema"))
    told = Told()
    answer = on.courier.deliver("traces", range(8), told)
    assert isinstance(answer, Paused)
    assert "another schema" in answer.reason
    assert on.gate.paused
    assert (told.done_count, told.bad_ones) == (0, [])


def test_a_record_alone_is_a_dead_letter_where_others_were_taken(
    scene: Callable[..., Scene],
) -> None:
    """One record cannot show whose fault it is: what the destination took before decides."""
    fresh, known = scene(_refusing(1)), scene(_refusing(1))
    assert isinstance(fresh.courier.deliver("traces", [1], Told()), Paused)
    known.courier.deliver("traces", [5], Told())
    told = Told()
    assert known.courier.deliver("traces", [1], told) == Delivered()
    assert told.bad_ones == [0]


def test_what_came_before_a_failure_is_done_with(scene: Callable[..., Scene]) -> None:
    """Overloaded in the middle of halving: what was taken is not sent again, the rest waits."""
    answers = iter([Refused("too large"), Delivered(), Later("overloaded", 5)])
    on = scene(lambda numbers: next(answers))
    told = Told()
    assert on.courier.deliver("traces", range(8), told) == Later("overloaded", 5)
    assert told.done_count == 4
    assert 0 < on.gate.wait_s() <= 5


def test_a_suspect_is_no_dead_letter_before_another_was_taken(
    scene: Callable[..., Scene],
) -> None:
    """Where the destination fails in between, the suspect waits with the others."""
    answers = iter([Refused("bad"), Refused("bad"), Later("down")])
    on = scene(lambda numbers: next(answers))
    told = Told()
    on.courier.deliver("traces", range(2), told)
    assert (told.done_count, told.bad_ones) == (0, [])


def test_a_partial_success_is_counted(scene: Callable[..., Scene]) -> None:
    """What was rejected is neither delivered nor sent again."""
    on = scene(lambda numbers: Delivered(3, "three were too old"))
    told = Told()
    on.courier.deliver("traces", range(10), told)
    assert (on.courier.accepted, on.courier.rejected) == (7, 3)
    assert on.courier.rejection == "three were too old"
    assert told.done_count == 10


def test_the_rate_limit_holds_requests_back(scene: Callable[..., Scene]) -> None:
    """More than the limit's requests wait; where there is no time for that, they are not sent."""
    on = scene(lambda numbers: Delivered(), RateLimit(requests_per_s=0.001))
    on.courier.deliver("traces", [1], Told())
    on.orders.end(until_s=0.0)
    with pytest.raises(OutOfTimeError):
        on.courier.deliver("traces", [2], Told())
    assert on.sender.taken == [1]


def test_after_the_end_nothing_is_sent(scene: Callable[..., Scene]) -> None:
    """No request begins when the time is over."""
    on = scene(lambda numbers: Delivered())
    on.orders.end(until_s=0.0)
    with pytest.raises(OutOfTimeError):
        on.courier.deliver("traces", [1], Told())
    assert on.sender.requests == []


def test_a_request_that_our_own_time_cut_short_is_nobodys_fault(
    scene: Callable[..., Scene],
) -> None:
    """The destination had no time to answer: it is not kept waiting for that."""

    def slow(numbers: list[int]) -> Answer:
        time.sleep(0.2)
        return Later("no answer within 0.1 s")

    on = scene(slow)
    on.orders.end(until_s=time.monotonic() + 0.1)
    with pytest.raises(OutOfTimeError):
        on.courier.deliver("traces", [1], Told())
    assert on.gate.state.state == "ready"
    assert on.gate.state.last_error == ""
