"""Answers to scrapes: many at once cost one reading of the store. Knows no HTTP framework."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from typing import NamedTuple

from chaos_otel.exporters.prometheus_text import Exposition

_LEVEL = 3  # of 9: a tenth of the size in a quarter of the time


class Wanted(NamedTuple):
    """What a scraper takes: its Accept header, and whether it takes gzip."""

    accept: str
    gzip: bool


class Scrapes:
    """Who asks while the same is being made for another waits for that, and shares it: it is as
    old as one scrape takes at most. Belongs to one event loop."""

    def __init__(self, make: Callable[[str], Exposition]) -> None:
        """`make` gets an Accept header, and is called in a thread."""
        self._make = make
        self._under_way: dict[Wanted, asyncio.Task[Exposition]] = {}

    async def answer(self, wanted: Wanted) -> Exposition:
        """The metrics of this moment; raises what `make` raises."""
        task = self._under_way.get(wanted)
        if task is None:
            task = asyncio.create_task(asyncio.to_thread(self._made, wanted))
            self._under_way[wanted] = task
            task.add_done_callback(lambda _: self._under_way.pop(wanted))
        # one scraper that goes away must not cancel it for the others
        return await asyncio.shield(task)

    def _made(self, wanted: Wanted) -> Exposition:
        made = self._make(wanted.accept)
        if not wanted.gzip:
            return made
        return made._replace(body=gzip.compress(made.body, _LEVEL, mtime=0))
