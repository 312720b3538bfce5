"""When something may be said in plain text."""

from __future__ import annotations

import pytest

from chaos_otel.config.destination import Tls
from chaos_otel.exporters.address import address_of
from chaos_otel.exporters.plain_text import plain_text_problem

FAR, HERE = "http://collector.example:4318/v1/traces", "http://127.0.0.1:4318"


@pytest.mark.parametrize(
    ("url", "proxy", "is_fine"),
    [
        ("https://collector.example", "", True),
        (HERE, "", True),
        (FAR, "", False),
        (FAR, "http://127.0.0.1:3128", False),
        (HERE, "http://proxy.example:3128", False),
        (HERE, "http://localhost:3128", True),
    ],
)
def test_only_to_this_machine(url: str, proxy: str, is_fine: bool) -> None:
    """A proxy elsewhere hears what is said, and one here passes it on to the network."""
    via = address_of(proxy) if proxy else None
    assert bool(plain_text_problem(address_of(url), via, Tls())) != is_fine
    assert not plain_text_problem(address_of(url), via, Tls(insecure=True))
