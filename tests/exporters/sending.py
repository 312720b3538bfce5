"""How tests of senders make a destination of a test server, and send to it."""

from __future__ import annotations

from collections.abc import Mapping

from tests.exporters.servers.bodies import traces_body

from chaos_otel.config.destination import NO_HEADERS, Destination, Protocol, Signal, Tls
from chaos_otel.exporters.answer import Answer
from chaos_otel.exporters.senders import open_sender

PATIENT_S = 60.0
SYSTEM = Tls()
SPANS = ("first", "second", "third")


def destination(
    url: str,
    protocol: Protocol,
    *,
    tls: Tls = SYSTEM,
    proxy: str = "",
    headers: Mapping[str, str] = NO_HEADERS,
    timeout_s: float = PATIENT_S,
    gzip: bool = True,
) -> Destination:
    """All three signals at one base address."""
    signals: tuple[Signal, ...] = ("traces", "logs", "metrics")
    urls = {one: url if protocol == "grpc" else f"{url}/v1/{one}" for one in signals}
    return Destination(
        f"otlp {url}",
        "otlp",
        urls,
        protocol,
        gzip=gzip,
        timeout_s=timeout_s,
        tls=tls,
        proxy=proxy,
        headers=headers,
    )


def sent(to: Destination, *names: str, timeout_s: float = PATIENT_S) -> Answer:
    """What is answered to spans of these names, by a sender of its own."""
    sender = open_sender(to)
    try:
        return sender.send("traces", traces_body(*(names or SPANS)), timeout_s=timeout_s)
    finally:
        sender.close()
