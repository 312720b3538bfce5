"""The small endpoint of a run that is under way."""

from __future__ import annotations

import http.client
import socket
import time

import pytest

from chaos_otel.errors import MetricsError, StateError
from chaos_otel.exporters.prometheus_text import Exposition
from chaos_otel.exporters.scrape_server import ScrapeServer


def _ask(port: int, method: str = "GET", path: str = "/metrics") -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    try:
        connection.request(method, path, headers={"Accept": "what/ever"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def _said(accept: str) -> Exposition:
    return Exposition("text/plain", f"asked for {accept}\n".encode())


def test_a_scrape_is_answered_with_what_it_asks_for() -> None:
    """The Accept header comes through; HEAD has no body; all else is not there or not allowed."""
    server = ScrapeServer(0, _said)
    try:
        assert _ask(server.port) == (200, b"asked for what/ever\n")
        assert _ask(server.port, "HEAD") == (200, b"")
        assert _ask(server.port, path="/metrics?name=x")[0] == 200
        assert _ask(server.port, path="/")[0] == 404
        assert _ask(server.port, "POST")[0] == 501
    finally:
        server.close()


def test_a_store_that_cannot_be_read_is_a_503_in_words() -> None:
    """Not a 200 with less in it: counters would seem to have gone."""

    def fail(accept: str) -> Exposition:
        raise StateError("the store is damaged", hint="chaos-otel reset")

    server = ScrapeServer(0, fail)
    try:
        assert _ask(server.port) == (503, b"the store is damaged; chaos-otel reset\n")
    finally:
        server.close()


def test_other_machines_cannot_come_here() -> None:
    """It listens on loopback alone."""
    server = ScrapeServer(0, _said)
    try:
        with socket.socket() as other, pytest.raises(OSError, match="refused"):
            other.connect(("127.0.0.2", server.port))
    finally:
        server.close()


def test_a_port_that_is_taken_is_told() -> None:
    """With the remedy."""
    server = ScrapeServer(0, _said)
    try:
        with pytest.raises(MetricsError, match="another --prometheus-port"):
            ScrapeServer(server.port, _said)
    finally:
        server.close()


def test_a_scraper_that_says_nothing_holds_nobody_up() -> None:
    """Neither another scraper nor the end."""
    server = ScrapeServer(0, _said)
    with socket.create_connection(("127.0.0.1", server.port)):
        assert _ask(server.port)[0] == 200
        begun_s = time.monotonic()
        server.close()
        assert time.monotonic() - begun_s < 9  # its own patience with the silent one is 10 s
