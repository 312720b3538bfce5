"""Metrics to a Prometheus Pushgateway, one request. Knows the text and the address only."""

from __future__ import annotations

from urllib.parse import quote, urlsplit

from chaos_otel.config.destination import Tls
from chaos_otel.errors import MetricsError
from chaos_otel.exporters.http_request import post
from chaos_otel.exporters.network_fault import NetworkFault

TIMEOUT_S = 10.0
JOB = "chaos-otel"
_TYPE = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
_WORDS = 200


def group_url(url: str, *, instance: str) -> str:
    """The address of a group: `url` as it is where it names one (/metrics/job/…), else that of
    this job and instance below it. ValueError for what is no HTTP address, or has a password or a
    query in it."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("is no address that begins with http:// or https://")
    if parts.username or parts.password or parts.query or parts.fragment:
        raise ValueError("has a user, a password or a query in it, which is not for here")
    base = url.rstrip("/")
    if "/metrics/job" in parts.path:
        return base
    return f"{base}/metrics/job/{quote(JOB)}/instance/{quote(instance, safe='')}"


def push_metrics(url: str, text: bytes, *, insecure: bool) -> None:
    """Replace the group's metrics by these. MetricsError where it was not answered with 2xx."""
    answer = post(url, _TYPE, text, tls=Tls(insecure=insecure), timeout_s=TIMEOUT_S, method="PUT")
    if isinstance(answer, NetworkFault):
        raise MetricsError(f"the Pushgateway {url} was not reached: {answer.reason}")
    if not 200 <= answer.status < 300:
        words = " ".join(answer.body.decode("utf-8", "replace").split())[:_WORDS]
        raise MetricsError(f"the Pushgateway {url} answered {answer.status}: {words}")
