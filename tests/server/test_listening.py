"""HOST:PORT."""

from __future__ import annotations

import socket

import pytest

from chaos_otel.errors import MetricsError, UsageError
from chaos_otel.server.listening import Place, listen, place_of


@pytest.mark.parametrize(
    ("text", "place", "is_loopback"),
    [
        ("127.0.0.1:9464", Place("127.0.0.1", 9464), True),
        (" localhost:0 ", Place("localhost", 0), True),
        ("[::1]:9464", Place("::1", 9464), True),
        ("0.0.0.0:65535", Place("0.0.0.0", 65535), False),
        ("metrics.example:80", Place("metrics.example", 80), False),
    ],
)
def test_a_place_is_read_and_written_the_same(text: str, place: Place, is_loopback: bool) -> None:
    """And says whether other machines can come there."""
    assert place_of(text) == place
    assert str(place) == text.strip()
    assert place.is_loopback is is_loopback


@pytest.mark.parametrize(
    "text", ["", "9464", ":9464", "localhost", "localhost:", "::1:9464", "a:65536", "a:-1", "a:１"]
)
def test_what_is_no_place_is_wrong_usage(text: str) -> None:
    """With an example of one."""
    with pytest.raises(UsageError, match=r"127\.0\.0\.1:9464"):
        place_of(text)


def test_it_listens_where_it_is_told_to() -> None:
    """Port 0 is any; IPv6 as well."""
    with (
        listen(Place("::1", 0)) as listening,
        socket.create_connection(listening.getsockname()[:2]),
    ):
        pass


@pytest.mark.parametrize("host", ["192.0.2.1", "no-such-host.invalid", "a" * 300])
def test_a_place_that_cannot_be_had_is_told(host: str) -> None:
    """An address of another machine, a name that nobody has, one that is none."""
    with pytest.raises(MetricsError, match="cannot listen on"):
        listen(Place(host, 0))
