"""Tests of which destinations somebody means."""

from __future__ import annotations

import pytest

from chaos_otel.config.destination import Destination
from chaos_otel.errors import UsageError
from chaos_otel.pipeline.destination_choice import addresses

METRICS = "http://127.0.0.1:9090/api/v1/otlp/v1/metrics"
PROMETHEUS = Destination(
    key="otlp http://127.0.0.1:9090/api/v1/otlp",
    kind="otlp",
    urls={"metrics": METRICS},
    name="prom",
)


@pytest.mark.parametrize(
    "said",
    ["prom", PROMETHEUS.key, PROMETHEUS.key.partition(" ")[2], f"otlp {METRICS}", METRICS],
)
def test_a_destination_has_several_names(said: str) -> None:
    """Its own, its key, its address, and the address of a signal as a variable gives it."""
    assert addresses(said, [PROMETHEUS]) == [PROMETHEUS.key]


def test_an_address_that_is_configured_as_it_stands_is_meant() -> None:
    """Also one that ends as the address of a signal does."""
    odd = PROMETHEUS._replace(key=f"otlp {METRICS}")
    assert addresses(f"otlp {METRICS}", [PROMETHEUS, odd]) == [odd.key]


def test_what_is_not_configured_has_to_say_what_it_is() -> None:
    """`otlp URL` is taken as it is, a URL alone is wrong usage."""
    assert addresses("otlp http://127.0.0.1:1/v1/logs", []) == ["otlp http://127.0.0.1:1/v1/logs"]
    with pytest.raises(UsageError, match="say what it is"):
        addresses("http://127.0.0.1:1", [PROMETHEUS])
