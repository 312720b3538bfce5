"""Metrics to a Prometheus Pushgateway, one request. Knows the text and the address only."""

from __future__ import annotations

from urllib.parse import quote

from chaos_otel.config.destination import Tls
from chaos_otel.errors import MetricsError
from chaos_otel.exporters.http_request import post
from chaos_otel.exporters.network_fault import NetworkFault

TIMEOUT_S = 10.0
JOB = "chaos-otel"
_TYPE = {"Content-Type": "text/plain; version=0.0.4; charset=utf-8"}
_GROUP = "/metrics/job"
_WORDS = 200


def group_url(url: str, *, instance: str) -> str:
    """The address of a group: `url` as it is where it names one (/metrics/job/…), else that of
    this job and instance below it."""
    base = url.rstrip("/")
    if _GROUP in base:
        return base
    return f"{base}{_GROUP}/{JOB}/instance/{quote(instance, safe='')}"


def push_metrics(url: str, text: bytes, *, insecure: bool) -> None:
    """Replace the group's metrics by these. MetricsError where it was not answered with 2xx."""
    answer = post(url, _TYPE, text, tls=Tls(insecure=insecure), timeout_s=TIMEOUT_S, method="PUT")
    if isinstance(answer, NetworkFault):
        raise MetricsError(f"the Pushgateway {url} was not reached: {answer.reason}")
    if not 200 <= answer.status < 300:
        words = " ".join(answer.body.decode("utf-8", "replace").split())[:_WORDS]
        raise MetricsError(f"the Pushgateway {url} answered {answer.status}: {words}")
