"""What the receiver's process takes into the inbox, and where it stops."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.sources.otlp.messages import traces

from chaos_otel.clock import now
from chaos_otel.config.environment import Environment
from chaos_otel.pipeline import receive
from chaos_otel.pipeline.receive import Intake
from chaos_otel.pipeline.receiver import Receiver, open_receiver
from chaos_otel.records import Event, ForeignSpan, Record
from chaos_otel.sources.inbox import InboxDecoder


@pytest.fixture
def inbox(tmp_path: Path) -> Path:
    """An empty inbox."""
    path = tmp_path / "run.inbox"
    path.touch()
    return path


def _records(inbox: Path) -> list[Record]:
    decoder = InboxDecoder(now, since_mono_ns=0)
    return [parsed.record for parsed in decoder.feed(inbox.read_bytes())]


def _environment(**variables: str) -> Environment:
    return Environment.of_block(f"{name}={value}".encode() for name, value in variables.items())


def test_everything_of_a_request_is_in_the_inbox_before_it_is_answered(inbox: Path) -> None:
    """So a program that has been answered may end."""
    assert Intake(str(inbox)).take("traces", traces(5)) == (0, "")
    spans = [one for one in _records(inbox) if isinstance(one, ForeignSpan)]
    assert len(spans) == 5


def test_what_is_beyond_a_run_s_limit_is_counted_and_told(inbox: Path) -> None:
    """Some are taken, the others rejected; the run is told at 1, 2, 4 …, not each time."""
    intake = Intake(str(inbox), run_bytes_max=1_000)
    rejected = [intake.take("traces", traces(10))[0] for _ in range(20)]
    records = _records(inbox)
    spans = [one for one in records if isinstance(one, ForeignSpan)]
    told = [one.message for one in records if isinstance(one, Event)]
    assert 0 < len(spans) < 10
    assert sum(rejected) + len(spans) == 200
    assert 0 < len(told) < 8
    assert f" {rejected[0]} items: the run has had" in told[0]


def test_what_nobody_reads_does_not_fill_the_memory(
    inbox: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It waits a little for the reader, then rejects; when that is back, it takes again."""
    monkeypatch.setattr(receive, "WAITING_S", 0.1)
    monkeypatch.setattr(receive, "WAITING_BYTES_MAX", 100_000)
    intake = Intake(str(inbox))
    rejected = 0
    while not rejected:
        rejected, reason = intake.take("traces", traces(100))
    assert reason == "telemetry comes faster than it is recorded"
    assert inbox.stat().st_size < 300_000
    os.truncate(inbox, 0)
    assert intake.take("traces", traces(100)) == (0, "")


def test_an_inbox_that_is_gone_takes_nothing_and_is_not_made(tmp_path: Path) -> None:
    """The run is over; the program hears that nothing was taken."""
    gone = tmp_path / "gone.inbox"
    rejected, reason = Intake(str(gone)).take("traces", traces(2))
    assert (rejected, reason) == (2, "the run's inbox takes no more")
    assert not gone.exists()


@pytest.mark.parametrize("signal", ["", "TRACES_", "METRICS_", "LOGS_"])
def test_a_command_with_an_endpoint_of_its_own_keeps_it(signal: str) -> None:
    """No receiver, and the line says by which variable."""
    name = f"OTEL_EXPORTER_OTLP_{signal}ENDPOINT"
    receiver, problem = open_receiver(_environment(**{name: "http://collector:4318"}), inject=True)
    assert receiver is None
    assert name in problem


def test_an_empty_endpoint_is_none() -> None:
    """As OpenTelemetry has it."""
    environment = _environment(OTEL_EXPORTER_OTLP_ENDPOINT="")
    receiver, problem = open_receiver(environment, inject=True)
    assert receiver is not None
    assert not problem
    receiver.close()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ({}, {}),
        ({"no_proxy": "a"}, {}),
        ({"http_proxy": "http://p"}, {"no_proxy": "127.0.0.1"}),
        ({"ALL_PROXY": "http://p", "NO_PROXY": "a,b"}, {"NO_PROXY": "a,b,127.0.0.1"}),
        (
            {"HTTP_PROXY": "http://p", "no_proxy": "a", "NO_PROXY": "b"},
            {"no_proxy": "a,127.0.0.1", "NO_PROXY": "b,127.0.0.1"},
        ),
    ],
)
def test_nothing_goes_by_a_proxy(before: dict[str, str], after: dict[str, str]) -> None:
    """Many clients would send even what is for loopback off the machine."""
    receiver = Receiver()
    try:
        variables = receiver.variables(_environment(**before))
    finally:
        receiver.close()
    assert {name: variables[name] for name in variables if "roxy" in name.lower()} == {
        **({"no_proxy": "127.0.0.1"} if "NO_PROXY" in after and "no_proxy" not in before else {}),
        **after,
    }


def test_the_endpoint_is_on_loopback_and_its_token_new_each_time() -> None:
    """128 bits of it."""
    both = [Receiver(), Receiver()]
    for receiver in both:
        endpoint = receiver.variables(_environment())["OTEL_EXPORTER_OTLP_ENDPOINT"] or ""
        host, token = endpoint.removeprefix("http://").split("/")
        assert host.startswith("127.0.0.1:")
        assert token == receiver.token
        assert len(bytes.fromhex(token)) == 16
        receiver.close()
    assert both[0].token != both[1].token
