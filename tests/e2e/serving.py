"""`chaos-otel serve` for tests, on a port of its own."""

from __future__ import annotations

from pathlib import Path

from tests.e2e.installed import Installed
from tests.e2e.prometheus import Server, free_port


def serving(chaos: Installed, *options: str, ready: str = "/healthz") -> Server:
    """A service on the runs of `chaos`; a context manager."""
    port = free_port()
    argv = [chaos.command, "serve", "--listen", f"127.0.0.1:{port}", *options]
    return Server(argv, port=port, folder=Path(chaos.home) / "serve", ready=ready, env=chaos.env)
