"""Names and addresses on the way to a connection."""

from __future__ import annotations

import socket
import threading
import time

import pytest
from tests.exporters.servers import OtlpServer

from chaos_otel.config.destination import Tls
from chaos_otel.exporters.connect import connect
from chaos_otel.exporters.deadline import Deadline
from chaos_otel.exporters.http_request import HttpAnswer, post
from chaos_otel.exporters.network_fault import ConnectError, NetworkFault

PATIENT_S = 60.0
PLAIN = Tls()


def test_a_name_that_has_two_addresses_is_reached_by_the_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A dead address (here one that nothing listens on, and one whose queue is full) costs a
    moment, not the whole time. The resolver is replaced: loopback has no such name."""
    with OtlpServer("hanging") as dead, OtlpServer() as alive:
        found = [
            (socket.AF_INET6, socket.SOCK_STREAM, 0, "", ("::1", 9, 0, 0)),
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", dead.port)),
            (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", alive.port)),
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
        url = "http://two.example/v1/traces"
        tls = Tls(insecure=True)
        said = post(url, {}, b"", tls=tls, timeout_s=PATIENT_S)
        assert isinstance(said, HttpAnswer)
        assert said.status == 200


def test_a_name_look_up_that_hangs_counts_too(monkeypatch: pytest.MonkeyPatch) -> None:
    """The resolver of the C library knows no time of ours. (It is replaced by one that sleeps.)"""
    is_over = threading.Event()
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: is_over.wait(60))
    began = time.monotonic()
    said = post("https://slow.example/", {}, b"", tls=PLAIN, timeout_s=0.5)
    took_s = time.monotonic() - began
    is_over.set()
    assert isinstance(said, NetworkFault)
    assert "slow.example" in said.reason
    assert took_s < 30


@pytest.mark.parametrize("host", ["nothing.invalid", "x" * 300, "ab..cd", "žlutý.invalid"])
def test_a_host_that_is_not_there_is_a_fault(host: str) -> None:
    """Names that cannot be, too."""
    said = post(f"https://{host}/", {}, b"", tls=PLAIN, timeout_s=PATIENT_S)
    assert isinstance(said, NetworkFault)


def test_no_socket_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """Attempts that did not win are closed, as are those that ran out of time."""
    made: list[socket.socket] = []

    class Watched(socket.socket):
        def __init__(self, *arguments: int) -> None:
            super().__init__(*arguments)
            made.append(self)

    with OtlpServer("hanging") as dead:
        monkeypatch.setattr(socket, "socket", Watched)
        with pytest.raises(ConnectError):
            connect("127.0.0.1", dead.port, Deadline(0.3))
        monkeypatch.undo()
    assert [one.fileno() for one in made] == [-1]
