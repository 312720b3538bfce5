"""Runs an application until somebody wants it to end, then lets it finish what it has begun."""

from __future__ import annotations

import asyncio
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn
from starlette.applications import Starlette

_FINISH_S = 5
_CONNECTIONS_MAX = 512
_KEEP_ALIVE_S = 65  # longer than a scrape interval: one connection for each scraper


def run_service(app: Starlette, listening: socket.socket) -> None:
    """Serve until INT or TERM; requests that are under way are finished, a second one ends at
    once. Returns when nothing is left."""
    config = uvicorn.Config(
        app,
        log_level="error",  # whoever sends no HTTP is no news
        access_log=False,
        server_header=False,
        date_header=True,
        lifespan="on",
        proxy_headers=False,
        limit_concurrency=_CONNECTIONS_MAX,
        timeout_keep_alive=_KEEP_ALIVE_S,
        timeout_graceful_shutdown=_FINISH_S,
    )
    asyncio.run(_Service(config).serve(sockets=[listening]))


class _Service(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """To be asked to end is no failure: uvicorn's own would die by the signal afterwards."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self._end)
        yield

    def _end(self) -> None:
        self.force_exit = self.should_exit
        self.should_exit = True
