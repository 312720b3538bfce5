"""The table of faults, over HTTP and gRPC: whatever a destination does, the command ends as it
would without it, the run waits, and the next delivery completes it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from typing import Literal, NamedTuple

import pytest
from tests.e2e.installed import Installed
from tests.e2e.steps import step
from tests.exporters.servers import Authority, OtlpServer

Protocol = Literal["http", "grpc"]
BUDGET_S = 1.0
# what a busy machine may take more than in the run before; a request's own time would be a minute
SLACK_S = 25.0
REQUEST_MS = 60_000
SPANS = {"deploy.sh", "step 1", "step 2", "step 3"}
SCRIPT = "\n".join(
    (
        "#!/bin/bash",
        *(step(number, f"echo doing {number}; echo did {number} >&2") for number in (1, 2, 3)),
        "exit 5\n",
    )
)


class Fault(NamedTuple):
    """How the server behaves. `state` is what becomes of the destination; None: either, as the
    protocol has it."""

    behaviour: str
    state: str | None = "waiting"
    retry_after: str = ""

    def __str__(self) -> str:
        return self.behaviour + (f" ({self.retry_after})" if self.retry_after else "")


FAULTS = (
    Fault("refused"),
    Fault("hanging"),
    Fault("silent"),
    Fault("closes"),
    Fault("reset"),
    Fault("drip_headers"),
    Fault("drip_body"),
    Fault("slow:8"),
    Fault("slow:12"),
    Fault("redirect", "paused"),
    Fault("html", "paused"),
    Fault("garbage", None),
    Fault("status:400", "paused"),
    Fault("status:401", "paused"),
    Fault("status:403", "paused"),
    Fault("status:404", "paused"),
    Fault("status:413", None),
    Fault("status:429"),
    Fault("status:429", retry_after="60"),
    Fault("status:502"),
    Fault("status:503"),
    Fault("status:503", retry_after="60"),
    Fault("status:504"),
)


@pytest.fixture(params=["http", "grpc"])
def protocol(request: pytest.FixtureRequest) -> Protocol:
    """Each protocol in turn."""
    protocol: Protocol = request.param
    return protocol


@pytest.fixture
def forwarding(chaos: Installed, protocol: Protocol) -> Installed:
    """A world in which requests take a minute by themselves and speak the protocol."""
    name = "grpc" if protocol == "grpc" else "http/protobuf"
    chaos.env |= {
        "OTEL_EXPORTER_OTLP_PROTOCOL": name,
        "OTEL_EXPORTER_OTLP_TIMEOUT": str(REQUEST_MS),
    }
    chaos.script(SCRIPT)
    return chaos


def _authority(folder: Path) -> Authority:
    folder.mkdir()
    return Authority(folder)


def _run(chaos: Installed, *flags: str, budget_s: float = BUDGET_S) -> float:
    """A run whose status and output are those of the bare command; how long it took."""
    script = str(chaos.cwd / "deploy.sh")
    begun_s = time.monotonic()
    done = chaos.call("run", "--export-wait", f"{budget_s}s", *flags, "--", script)
    took_s = time.monotonic() - begun_s
    assert done.returncode == 5
    assert done.stdout == b"doing 1\ndoing 2\ndoing 3\n"
    assert done.stderr.startswith(b"did 1\ndid 2\ndid 3\nchaos-otel: ")
    assert b"Traceback" not in done.stderr
    return took_s


def _waiting(chaos: Installed) -> list[Path]:
    return sorted(chaos.state.glob("runs/*/forward.json"))


def _state(chaos: Installed) -> str:
    told = json.loads(chaos.call("status", "--json").stdout)
    [one] = told["destinations"]
    return str(one["state"]["state"])


def _deliver(chaos: Installed, server: OtlpServer) -> None:
    """Everything arrives now; what came before and comes again is the same, byte for byte."""
    chaos.call("outbox", "retry")
    done = chaos.call("deliver")
    assert done.returncode == 0, (done.stdout, done.stderr)
    assert _waiting(chaos) == []
    assert {span.name for span in server.records()} == SPANS
    assert len(set(server.span_ids())) == len(SPANS) + 1
    assert {"doing 2", "did 3"} <= {one.body.string_value for one in server.records("logs")}
    _assert_same(server)


def _assert_same(server: OtlpServer) -> None:
    copies: dict[bytes, set[bytes]] = {}
    for request in server.requests:
        for span in request.records if request.signal == "traces" else ():
            copies.setdefault(span.span_id, set()).add(span.SerializeToString(deterministic=True))
    assert all(len(same) == 1 for same in copies.values())


@pytest.mark.parametrize("fault", FAULTS, ids=str)
def test_a_fault_costs_the_command_nothing_and_no_record(
    forwarding: Installed, protocol: Protocol, fault: Fault
) -> None:
    """At most the budget at the end; the run waits; healed, the next delivery completes it."""
    with OtlpServer(fault.behaviour, protocol=protocol, retry_after=fault.retry_after) as server:
        without_s = _run(forwarding)
        took_s = _run(forwarding, "--otlp", server.url)
        assert took_s < without_s + BUDGET_S + SLACK_S
        assert len(_waiting(forwarding)) == 1
        if fault.state == "paused":
            assert forwarding.call("deliver").returncode == 1
            assert _state(forwarding) == "paused"
        server.become("healthy")
        _deliver(forwarding, server)


@pytest.mark.parametrize("retry_after", ["0", "1", "date"])
def test_who_says_when_is_asked_again_then(
    forwarding: Installed, protocol: Protocol, retry_after: str
) -> None:
    """A destination that names a time within the budget is asked again at that time, but not for
    ever; what it does not take waits."""
    if retry_after == "date":
        retry_after = format_datetime(datetime.now(UTC) + timedelta(seconds=2), usegmt=True)
    with OtlpServer("status:503", protocol=protocol, retry_after=retry_after) as server:
        _run(forwarding, "--otlp", server.url, budget_s=30)
        # a gRPC server names no date
        said = protocol == "http" or retry_after.isdigit()
        assert said < len([one for one in server.requests if one.signal == "traces"]) < 10
        assert len(_waiting(forwarding)) == 1
        server.become("healthy")
        _deliver(forwarding, server)


def test_what_a_partial_success_rejects_is_told_and_not_sent_again(
    forwarding: Installed, protocol: Protocol
) -> None:
    """It counts as delivered, less what was rejected, which the summary says."""
    with OtlpServer("partial:2", protocol=protocol) as server:
        script = str(forwarding.cwd / "deploy.sh")
        done = forwarding.call(*("run", "--export-wait", "60s", "--otlp", server.url, "--", script))
    assert b"rejected" in done.stderr
    assert _waiting(forwarding) == []
    assert len(server.span_ids()) == len(set(server.span_ids()))


def test_one_bad_record_is_found_and_costs_no_other(
    forwarding: Installed, protocol: Protocol
) -> None:
    """400 for what holds one record: it becomes a dead letter with the reason, all others arrive,
    each once."""
    with OtlpServer("refuse:step 2", protocol=protocol) as server:
        script = str(forwarding.cwd / "deploy.sh")
        forwarding.call("run", "--export-wait", "60s", "--otlp", server.url, "--", script)
        assert _waiting(forwarding) == []
        assert {span.name for span in server.records()} == SPANS - {"step 2"}
        assert len(server.span_ids()) == len(SPANS)
        assert len(set(server.span_ids())) == len(SPANS)


def test_requests_that_are_too_large_are_made_smaller(
    forwarding: Installed, protocol: Protocol
) -> None:
    """413 for more than two records: all arrive, in smaller requests, and nothing waits."""
    with OtlpServer("at_most:2", protocol=protocol) as server:
        script = str(forwarding.cwd / "deploy.sh")
        forwarding.call("run", "--export-wait", "60s", "--otlp", server.url, "--", script)
        assert _waiting(forwarding) == []
        assert len(server.span_ids()) == len(set(server.span_ids())) == len(SPANS) + 1


class Misfit(NamedTuple):
    """A server whose TLS does not fit to what the client was told."""

    name: str
    names: tuple[str, ...] = ("127.0.0.1",)
    expired: bool = False
    wants_client: bool = False
    foreign: bool = False
    plain: bool = False


MISFITS = (
    Misfit("wrong CA", foreign=True),
    Misfit("wrong host name", names=("elsewhere.example",)),
    Misfit("expired", expired=True),
    Misfit("no client certificate", wants_client=True),
    Misfit("TLS on plain text", plain=True),
)


@pytest.fixture
def granted(forwarding: Installed) -> Iterator[Installed]:
    """A world whose destination is configured and consented to, not typed."""
    yield forwarding


@pytest.mark.parametrize("misfit", MISFITS, ids=lambda misfit: misfit.name)
def test_tls_that_does_not_fit_pauses_and_other_settings_end_the_pause(
    granted: Installed, tmp_path: Path, protocol: Protocol, misfit: Misfit
) -> None:
    """The cause is named, nothing is sent, and a change of settings is enough to go on."""
    chaos = granted
    ours, theirs = _authority(tmp_path / "ours"), _authority(tmp_path / "theirs")
    good = ours.server("127.0.0.1")
    signer = theirs if misfit.foreign else ours
    bad = signer.server(*misfit.names, expired=misfit.expired, wants_client=misfit.wants_client)
    with OtlpServer("healthy", protocol=protocol, tls=None if misfit.plain else bad) as server:
        url = f"https://127.0.0.1:{server.port}"
        chaos.env |= {
            "OTEL_EXPORTER_OTLP_ENDPOINT": url,
            "OTEL_EXPORTER_OTLP_CERTIFICATE": str(ours.ca_file),
        }
        assert chaos.call("consent", "grant", url).returncode == 0
        _run(chaos)
        assert len(_waiting(chaos)) == 1
        assert server.taken == []
        server.tls = good
        server.become("refused")
        server.become("healthy")
        chaos.env["OTEL_EXPORTER_OTLP_TIMEOUT"] = str(REQUEST_MS - 1)
        _deliver(chaos, server)


def test_plain_text_to_a_server_of_tls_is_named(
    granted: Installed, tmp_path: Path, protocol: Protocol
) -> None:
    """HTTP spoken to a port of TLS pauses the destination and keeps the run."""
    good = _authority(tmp_path / "ours").server("127.0.0.1")
    with OtlpServer("healthy", protocol=protocol, tls=good) as server:
        _run(granted, "--otlp", f"http://127.0.0.1:{server.port}")
        assert server.taken == []
    assert len(_waiting(granted)) == 1


HOSTILE = {
    "OTEL_EXPORTER_OTLP_COMPRESSION": "none",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "abc",
    "OTEL_BSP_MAX_QUEUE_SIZE": "0",
    "OTEL_PROPAGATORS": "bogus",
    "OTEL_TRACES_SAMPLER": "always_off",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "0",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "1",
    "OTEL_BLRP_SCHEDULE_DELAY": "-1",
    "REQUESTS_CA_BUNDLE": "/nonexistent",
    "CURL_CA_BUNDLE": "/nonexistent",
    "SSL_CERT_FILE": "/nonexistent",
    "HTTP_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
    "HTTPS_PROXY": "http://127.0.0.1:1",
    "ALL_PROXY": "http://127.0.0.1:1",
    "grpc_proxy": "http://127.0.0.1:1",
}


def test_a_hostile_environment_changes_nothing(forwarding: Installed, protocol: Protocol) -> None:
    """Values for other programs (OTEL_*, proxies, CA bundles, .netrc) neither stop a delivery nor
    get into it."""
    forwarding.env |= HOSTILE
    netrc = forwarding.home / ".netrc"
    netrc.write_text("default login someone password stolen\n")
    netrc.chmod(0o600)
    with OtlpServer(protocol=protocol) as server:
        _run(forwarding, "--otlp", server.url)
        _deliver(forwarding, server)
    for request in server.requests:
        assert "authorization" not in {name.lower() for name in request.headers}
