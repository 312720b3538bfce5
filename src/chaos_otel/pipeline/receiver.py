"""The OTLP receiver, capture's side: bound before the command starts, served by another process.

That process learns the token through a pipe, and by it also knows that the run goes on: when
capture and `deliver` have both let go of it, the process ends. Quick to import.
"""

from __future__ import annotations

import json
import os

from chaos_otel.config.environment import Environment
from chaos_otel.errors import in_words
from chaos_otel.pipeline.handover import spawn_detached
from chaos_otel.runner.descriptors import above_2, pipe_above_2

MODULE = "chaos_otel.pipeline.receive"
_BACKLOG = 128
_ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
_OWN_ENDPOINTS = (
    _ENDPOINT,
    "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    "OTEL_EXPORTER_OTLP_LOGS_ENDPOINT",
)
_HTTP_PROXIES = ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY")
_NO_PROXIES = ("no_proxy", "NO_PROXY")
_HOST = "127.0.0.1"


class Receiver:
    """A socket that listens on loopback, and a token for its path. Nothing is served before
    `start`, but what connects meanwhile waits. `life_fd` is to be held while the run goes on."""

    def __init__(self) -> None:
        """Raises OSError, nothing left open."""
        self._socket_fd, self._port = _listen()
        try:
            self._control_fd, self.life_fd = pipe_above_2()
        except OSError:
            os.close(self._socket_fd)
            raise
        self.token = os.urandom(16).hex()
        self._started = False

    def start(self, inbox: str) -> None:
        """Have it served, into this inbox. Raises OSError."""
        told = {"token": self.token, "inbox": inbox}
        os.write(self.life_fd, json.dumps(told).encode("ascii") + b"\n")
        fds = (self._socket_fd, self._control_fd)
        spawn_detached(["-m", MODULE, *map(str, fds)], inherit=fds)
        self._started = True
        for fd in fds:
            os.close(fd)

    def close(self) -> None:
        """There is no run: nobody listens any more."""
        for fd in (self.life_fd, *(() if self._started else (self._socket_fd, self._control_fd))):
            os.close(fd)

    def variables(self, environment: Environment) -> dict[str, str | None]:
        """What the command has to know."""
        return {
            _ENDPOINT: f"http://{_HOST}:{self._port}/{self.token}",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
            **_around_proxies(environment),
        }


def open_receiver(environment: Environment, *, inject: bool) -> tuple[Receiver | None, str]:
    """A receiver for a command with this environment; if there can be none, why, in one line."""
    own = next((name for name in _OWN_ENDPOINTS if environment.get(name)), "")
    if own:
        return None, f"the command sends its own telemetry elsewhere ({own}): nothing is received"
    if not inject:
        return None, "the command gets no variables of ours: no OTLP receiver is opened"
    try:
        return Receiver(), ""
    except OSError as error:
        return None, f"no OTLP receiver could be opened: {in_words(error)}"


def _listen() -> tuple[int, int]:
    import socket  # some 5 ms, for those only who ask for it

    listening = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    try:
        listening.bind((_HOST, 0))
        listening.listen(_BACKLOG)
        port = listening.getsockname()[1]
    except OSError:
        listening.close()
        raise
    return above_2(listening.detach()), port


def _around_proxies(environment: Environment) -> dict[str, str | None]:
    """Many HTTP clients would send even what is for loopback to a proxy, off this machine."""
    if not any(environment.get(name) for name in _HTTP_PROXIES):
        return {}
    known = {name: environment.get(name) for name in _NO_PROXIES}
    return {
        name: f"{value},{_HOST}" if value else _HOST
        for name, value in known.items()
        if value or name == _NO_PROXIES[0]
    }
