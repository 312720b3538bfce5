"""Every fault that a destination can have, over HTTP and gRPC: what a sender makes of it."""

from __future__ import annotations

import subprocess
import sys
import time
from typing import Literal

import pytest
from tests.exporters.sending import PATIENT_S, SPANS, destination, sent
from tests.exporters.servers import OtlpServer
from tests.exporters.servers.bodies import traces_body

from chaos_otel.config.destination import Destination, Protocol
from chaos_otel.exporters.answer import Answer, Delivered, Later, Paused, Refused
from chaos_otel.exporters.senders import open_sender

# a drip lasts a minute or two, a black hole for ever
SHORT_S = 1.0
MUCH_LATER_S = 30.0

Spoken = Literal["http", "grpc"]
PROTOCOLS: dict[Spoken, Protocol] = {"http": "http/protobuf", "grpc": "grpc"}
both = pytest.mark.parametrize("spoken", PROTOCOLS)


def _to(server: OtlpServer, **options: object) -> Destination:
    return destination(server.url, PROTOCOLS[server.protocol], **options)  # type: ignore[arg-type]


@both
@pytest.mark.parametrize(
    ("behaviour", "kind", "words"),
    [
        ("healthy", Delivered, ""),
        ("refused", Later, "connection refused"),
        ("closes", Later, "closed"),
        ("reset", Later, ""),
        ("endless", Later, "long"),
        ("redirect", Paused, "302"),
        ("status:400", Refused, "no"),
        ("refuse:second", Refused, "no"),
        ("at_most:2", Refused, ""),
        ("status:413", Refused, ""),
        ("status:401", Paused, "token"),
        ("status:403", Paused, "token"),
        ("status:404", Paused, ""),
        ("status:429", Later, ""),
        ("status:500", Later, ""),
        ("status:502", Later, ""),
        ("status:503", Later, ""),
        ("status:504", Later, ""),
        ("garbage", Paused, "does not speak"),
    ],
)
def test_each_fault_has_its_answer(
    spoken: Spoken, behaviour: str, kind: type[Answer], words: str
) -> None:
    """What can pass waits, what is wrong with the request is refused, what is wrong with the
    destination pauses it: and once it is healthy again, the same sender delivers."""
    with OtlpServer(behaviour, protocol=spoken) as server:
        sender = open_sender(_to(server))
        answer = sender.send("traces", traces_body(*SPANS), timeout_s=PATIENT_S)
        assert isinstance(answer, kind)
        assert words in str(answer)
        server.become("healthy")
        for _ in range(2):
            again = sender.send("traces", traces_body(*SPANS), timeout_s=PATIENT_S)
            assert again == Delivered()
        sender.close()
        assert [span.name for span in server.records()][-3:] == list(SPANS)


@both
@pytest.mark.parametrize(
    "behaviour", ["hanging", "silent", "drip_headers", "drip_body", "slow:120"]
)
def test_no_server_holds_a_request_beyond_its_time(spoken: Spoken, behaviour: str) -> None:
    """Connecting, waiting and a byte a second: the deadline is over all of it."""
    with OtlpServer(behaviour, protocol=spoken) as server:
        began = time.monotonic()
        answer = sent(_to(server), timeout_s=SHORT_S)
        took_s = time.monotonic() - began
    assert isinstance(answer, Later)
    assert "within 1 s" in answer.reason
    assert SHORT_S <= took_s < MUCH_LATER_S


@both
def test_the_destinations_own_timeout_counts_too(spoken: Spoken) -> None:
    """The shorter one of the two."""
    with OtlpServer("silent", protocol=spoken) as server:
        answer = sent(_to(server, timeout_s=0.2), timeout_s=PATIENT_S)
    assert isinstance(answer, Later)
    assert "within 0.2 s" in answer.reason


@both
def test_a_slow_answer_is_waited_for(spoken: Spoken) -> None:
    """Slow is not dead."""
    with OtlpServer("slow:1", protocol=spoken) as server:
        assert sent(_to(server)) == Delivered()


@both
def test_a_partial_success_is_told(spoken: Spoken) -> None:
    """How many were rejected, and why."""
    with OtlpServer("partial:2", protocol=spoken) as server:
        assert sent(_to(server)) == Delivered(2, "some were too old")


@both
@pytest.mark.parametrize("status", [429, 503])
def test_a_server_says_how_long_to_wait(spoken: Spoken, status: int) -> None:
    """Retry-After in HTTP, RetryInfo in gRPC; 0 is a number like others."""
    for seconds in (0, 1, 60):
        with OtlpServer(f"status:{status}", protocol=spoken, retry_after=str(seconds)) as server:
            answer = sent(_to(server))
        assert isinstance(answer, Later)
        assert answer.after_s == seconds


@both
def test_a_page_of_html_is_no_delivery(spoken: Spoken) -> None:
    """A log-in page says 200 to everything."""
    with OtlpServer("html", protocol=spoken) as server:
        answer = sent(_to(server))
    assert isinstance(answer, Paused)
    assert "HTML" in answer.reason or "does not speak gRPC" in answer.reason


@pytest.mark.parametrize(("status", "kind"), [(302, Paused), (413, Refused), (503, Later)])
def test_grpc_understands_a_proxys_http_status(status: int, kind: type[Answer]) -> None:
    """What something between answers in HTTP means what it means over HTTP."""
    with OtlpServer(f"http:{status}", protocol="grpc") as server:
        assert isinstance(sent(_to(server)), kind)


@pytest.mark.parametrize("gzip", [True, False])
@both
def test_bytes_arrive_as_they_were_given(spoken: Spoken, gzip: bool) -> None:
    """Compressed or not, each signal at its own address, with the headers."""
    with OtlpServer(protocol=spoken) as server:
        sender = open_sender(_to(server, gzip=gzip, headers={"X-Tenant": "blue"}))
        bodies = {"traces": traces_body(*SPANS), "logs": b"", "metrics": b""}
        for signal, body in bodies.items():
            answer = sender.send(signal, body, timeout_s=PATIENT_S)  # type: ignore[arg-type]
            assert answer == Delivered()
        sender.close()
        assert {one.signal: one.body for one in server.requests} == bodies
        assert all(one.headers["x-tenant"] == "blue" for one in server.requests)


@both
def test_a_connection_is_used_again(spoken: Spoken) -> None:
    """A run of many batches connects once; after the server's restart one more time, and the
    request that met the dead connection is sent again by itself."""
    with OtlpServer(protocol=spoken) as server:
        sender = open_sender(_to(server))
        for _ in range(5):
            assert sender.send("traces", traces_body("a"), timeout_s=PATIENT_S) == Delivered()
        if spoken == "http":
            assert server.connections == 1
        server.become("refused")
        server.become("healthy")
        assert sender.send("traces", traces_body("b"), timeout_s=PATIENT_S) == Delivered()
        sender.close()
        assert len(server.taken) == 6


@both
def test_a_token_is_in_no_answer(spoken: Spoken) -> None:
    """Even if the server repeats what it was sent."""
    token = "s3cr3t-0f-the-collector"
    for behaviour in ("refuse:" + token, "status:401"):
        with OtlpServer(behaviour, protocol=spoken) as server:
            answer = sent(_to(server, headers={"Authorization": f"Bearer {token}"}), token)
        assert token not in repr(answer)


@both
@pytest.mark.parametrize("value", ["two\r\nX-Lines: 1", "žluťoučký", "\x00", "\ud800"])
def test_a_header_that_cannot_be_sent_is_named_without_its_value(
    spoken: Spoken, value: str
) -> None:
    """Nothing is sent, nothing raised, and the message shows the name alone."""
    with OtlpServer(protocol=spoken) as server:
        answer = sent(_to(server, headers={"Authorization": value}))
        assert isinstance(answer, Paused)
        assert "Authorization" in answer.reason
        assert value not in answer.reason
        assert server.requests == []


@both
def test_off_loopback_nothing_goes_in_plain_text(spoken: Spoken) -> None:
    """Unless a setting allows it: the answer comes before any name is looked up."""
    answer = sent(destination("http://collector.invalid:4317", PROTOCOLS[spoken]))
    assert isinstance(answer, Paused)
    assert "plain text" in answer.reason
    assert "--insecure" in answer.reason


@both
@pytest.mark.parametrize(
    "url", ["", "nonsense", "ftp://x", "http://", "http://[::1", "https://a b/"]
)
def test_an_address_that_is_none_pauses(spoken: Spoken, url: str) -> None:
    """And raises nothing."""
    answer = sent(destination(url, PROTOCOLS[spoken]))
    assert isinstance(answer, Paused)
    assert "address" in answer.reason


@both
def test_a_signal_without_an_address_pauses(spoken: Spoken) -> None:
    """Destinations may take some signals and not others."""
    with OtlpServer(protocol=spoken) as server:
        to = _to(server)._replace(urls={"logs": server.url})
        answer = sent(to)
    assert isinstance(answer, Paused)
    assert "traces" in answer.reason


def test_json_is_sent_and_understood() -> None:
    """Ids in hex, and an answer in JSON."""
    with OtlpServer("partial:1") as server:
        answer = sent(destination(server.url, "http/json"))
        assert answer == Delivered(1, "some were too old")
        assert server.span_ids() == ["0000000000000001", "0000000000000002", "0000000000000003"]
        assert server.requests[0].headers["content-type"] == "application/json"


def test_what_is_not_used_is_not_loaded() -> None:
    """HTTP alone loads neither gRPC nor requests, and choosing loads no sender at all."""
    program = (
        "import sys; from chaos_otel.exporters import senders; before = set(sys.modules);"
        "from chaos_otel.config.destination import Destination;"
        "senders.open_sender(Destination('k', 'otlp', {}));"
        "print('http.client' in before, *sorted({'grpc', 'requests', 'http.client'} "
        "& set(sys.modules)))"
    )
    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert loaded.stdout.split() == ["False", "http.client"]
