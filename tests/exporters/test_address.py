"""URLs as addresses: what is in them, what is shown, and what is this machine."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from chaos_otel.config.address import parse_address
from chaos_otel.exporters.address import address_of


def test_an_address_shows_no_secret() -> None:
    """User, password and query are for the server alone."""
    address = address_of("https://me:p%40ss@Collector.example:4318/v1/traces?key=abc")
    assert address.credentials == "me:p@ss"
    assert address.target == "/v1/traces?key=abc"
    assert address.shown == "https://collector.example:4318/v1/traces"
    assert (address.host, address.port) == ("collector.example", 4318)


@pytest.mark.parametrize(
    ("url", "port", "authority"),
    [
        ("http://a", 80, "a"),
        ("https://a/", 443, "a"),
        ("https://a:443/", 443, "a"),
        ("http://[::1]:4318/x", 4318, "[::1]:4318"),
        ("https://bücher.example", 443, "xn--bcher-kva.example"),
    ],
)
def test_ports_have_their_defaults(url: str, port: int, authority: str) -> None:
    """And a Host header is as servers expect it."""
    address = address_of(url)
    assert (address.port, address.authority) == (port, authority)


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST.", "127.0.0.1", "127.9.9.9", "[::1]"])
def test_this_machine_is_known(host: str) -> None:
    """Where plain text meets no network."""
    assert address_of(f"http://{host}:1/").is_here


@pytest.mark.parametrize(
    "host", ["localhost.example", "10.0.0.1", "0.0.0.0", "[::]", "127.0.0.1.example", "1270.0.0.1"]
)
def test_other_machines_are_not_this_one(host: str) -> None:
    """However their names begin."""
    assert not address_of(f"http://{host}/").is_here


@pytest.mark.parametrize(
    "host", ["localhost", "localhost.", "x.localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]"]
)
def test_who_sends_is_no_stricter_than_settings(host: str) -> None:
    """What settings let through in plain text is not refused when a run is over."""
    url = f"http://{host}:4318"
    assert address_of(url).is_here or parse_address(url).in_plain_text


@settings(deadline=None)
@given(st.one_of(st.text(), st.text().map("http://".__add__), st.text().map("https://a/".__add__)))
def test_what_is_no_url_is_an_error_that_does_not_repeat_it(url: str) -> None:
    """It may hold a token."""
    try:
        address = address_of(url)
    except ValueError as error:
        assert len(url) < 8 or url not in str(error)
    else:
        assert address.target.startswith("/") or "?" in address.target
        assert "\r" not in address.target + address.host
        assert " " not in address.target + address.host
