"""Event documents to a telemetry endpoint: JSON over HTTP, gzip, a bearer token, a key by which the
other side knows a batch that comes twice."""

from __future__ import annotations

import gzip
import hashlib
import json
import time
from collections.abc import Callable
from typing import Final

from chaos_otel.config.destination import Destination, Signal
from chaos_otel.exporters.answer import Answer, Delivered, Later, Paused, unanswered
from chaos_otel.exporters.guarded_send import guarded
from chaos_otel.exporters.http_answer import answer_to, asked_to_wait_s
from chaos_otel.exporters.http_request import HttpAnswer, HttpClient
from chaos_otel.exporters.network_fault import NetworkFault
from chaos_otel.exporters.reason import quoted

IDEMPOTENCY_KEY: Final = "Idempotency-Key"
_KEY_DIGITS: Final = 32
_NOT_TAKEN: Final = (
    "{}, neither empty nor JSON: check host, port and path, and log-in pages in between"
)


class EndpointSender:
    """A `Sender` of event documents. For one thread; owns its connections.

    The token is one of the destination's headers.
    """

    def __init__(
        self, destination: Destination, *, wall_ns: Callable[[], int] = time.time_ns
    ) -> None:
        self._destination = destination
        self._wall_ns = wall_ns
        self._client = HttpClient(tls=destination.tls, proxy=destination.proxy)

    def send(self, signal: Signal, body: bytes, *, timeout_s: float, key: str = "") -> Answer:
        """As `Sender.send`, and never longer than the destination's own timeout. Without `key` the
        same body has the same one all the same."""
        key = key or hashlib.sha256(body).hexdigest()[:_KEY_DIGITS]
        return guarded(
            self._destination, lambda: self._send(signal, body, timeout_s=timeout_s, key=key)
        )

    def close(self) -> None:
        """Close its connections, at once."""
        self._client.close()

    def _send(self, signal: Signal, body: bytes, *, timeout_s: float, key: str) -> Answer:
        destination = self._destination
        url = destination.urls.get(signal)
        if url is None:
            return Paused(f"it takes no {signal}: event documents are all that is sent there")
        headers = {**destination.headers, "Content-Type": "application/json", IDEMPOTENCY_KEY: key}
        if destination.gzip:
            headers["Content-Encoding"] = "gzip"
            body = gzip.compress(body, 6, mtime=0)
        said = self._client.request(
            url, headers, body, timeout_s=min(timeout_s, destination.timeout_s)
        )
        if isinstance(said, NetworkFault):
            return unanswered(said)
        return endpoint_answer(said, now_wall_ns=self._wall_ns())


def endpoint_answer(said: HttpAnswer, *, now_wall_ns: int) -> Answer:
    """What an endpoint's answer means. Any 2xx takes the documents if its body is empty, JSON or
    plain text; a page of HTML comes from something in between. 409 is another request with the same
    key, not answered yet. All others mean what they mean for OTLP."""
    if 200 <= said.status < 300:
        return _taken(said)
    if said.status == 409:
        return Later("HTTP 409", asked_to_wait_s(said, now_wall_ns=now_wall_ns))
    if said.status == 404:
        return Paused("HTTP 404; check the path of its address")
    return answer_to("events", said, now_wall_ns=now_wall_ns)


def _taken(said: HttpAnswer) -> Answer:
    body = said.body.strip()
    kind = said.content_type
    if not body or (kind == "text/plain" and not body.startswith(b"<")) or _is_json(body):
        return Delivered()
    what = "a page of HTML" if "html" in kind or body.startswith(b"<") else quoted(kind) or "a body"
    return Paused(f"HTTP {said.status} with " + _NOT_TAKEN.format(what))


def _is_json(body: bytes) -> bool:
    try:
        json.loads(body)
    except (ValueError, RecursionError):
        return False
    return True
