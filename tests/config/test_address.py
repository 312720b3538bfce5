"""Addresses are read strictly, and one place has one name."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.config.address import parse_address, without_trailing_slash
from chaos_otel.config.kinds import show_address


@pytest.mark.parametrize(
    ("text", "url", "with_port"),
    [
        ("https://Collector.Example", "https://collector.example", "https://collector.example:443"),
        ("HTTPS://c.example:443/", "https://c.example/", "https://c.example:443"),
        ("http://c.example:80/a/B", "http://c.example/a/B", "http://c.example:80"),
        ("http://c.example.:4318", "http://c.example:4318", "http://c.example:4318"),
        ("http://[::1]:4318/x", "http://[::1]:4318/x", "http://[::1]:4318"),
        ("https://u:p%40@c.example/x", "https://c.example/x", "https://c.example:443"),
        ("https://c_d.example/x%20y", "https://c_d.example/x%20y", "https://c_d.example:443"),
    ],
)
def test_one_place_has_one_name(text: str, url: str, with_port: str) -> None:
    """Case, default ports and a dot at the end of a host are no difference; a path is one."""
    address = parse_address(text)
    assert (address.url, address.with_port) == (url, with_port)
    assert not without_trailing_slash(address).path.endswith("/")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "collector",
        "localhost:4318",
        "ftp://c.example",
        "unix:///run/c.sock",
        "https://",
        "https://:443",
        "https://c.example:0",
        "https://c.example:65536",
        "https://c.example:http",
        "https://c.example/?token=hunter2",
        "https://c.example/#hunter2",
        "https://c example",
        "https://c.example\n",
        "https://cöllector.example",
        "https://c.example\\@evil.example",
        "https://-c.example",
        "https://[::1",
        "https://c.example/%00",
    ],
)
def test_what_is_no_address_of_a_destination(text: str) -> None:
    """Advice that does not repeat what was read: there may be a token in it."""
    with pytest.raises(ValueError, match=": ") as refused:
        parse_address(text)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("host", "loopback"),
    [
        ("localhost", True),
        ("otel.localhost", False),
        ("127.0.0.1", True),
        ("127.9.9.9", True),
        ("[::1]", True),
        ("[0:0:0:0:0:0:0:1]", True),
        ("[::ffff:127.0.0.1]", False),
        ("localhost.example", False),
        ("127.0.0.1.example", False),
        ("128.0.0.1", False),
        ("[::2]", False),
        ("[1::1]", False),
        ("10.0.0.1", False),
    ],
)
def test_only_this_machine_may_be_spoken_to_in_plain_text(host: str, loopback: bool) -> None:
    """Known by its very name, without looking it up."""
    assert parse_address(f"http://{host}:4318").is_loopback is loopback
    assert parse_address(f"http://{host}").in_plain_text is not loopback
    assert not parse_address(f"https://{host}").in_plain_text


@given(st.text(max_size=60))
def test_any_text_is_an_address_or_is_refused(text: str) -> None:
    """And what comes out reads as itself."""
    try:
        address = parse_address(f"https://{text}")
    except ValueError:
        return
    assert parse_address(address.url) == address._replace(userinfo="")
    assert "@" not in address.base


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("https://user:hunter2@c.example/x?token=hunter2#y", "https://c.example/x"),
        ("https://user:hunt/er2@c.example/x", "https://c.example/x"),
        ("https://user:hunt?er2@c.example/x", "https://…"),
        ("user:hunter2@c.example", "c.example"),
        ("c.example:4317", "c.example:4317"),
    ],
)
def test_an_address_is_shown_without_its_secrets(text: str, shown: str) -> None:
    """Even one that is none."""
    assert show_address(text) == shown
