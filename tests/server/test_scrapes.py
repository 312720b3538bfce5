"""Many scrapes, one reading."""

from __future__ import annotations

import asyncio
import gzip
import threading

import pytest

from chaos_otel.errors import StateError
from chaos_otel.exporters.prometheus_text import Exposition
from chaos_otel.server.scrapes import Scrapes, Wanted

PLAIN = Wanted("", gzip=False)


class _Store:
    """Counts how often it is read, and lets nobody go on before it is told to."""

    def __init__(self) -> None:
        self.reads: list[str] = []
        self.go_on = threading.Event()

    def read(self, accept: str) -> Exposition:
        self.reads.append(accept)
        assert self.go_on.wait(60)
        return Exposition("text/plain", f"read {len(self.reads)}\n".encode())


def test_who_comes_meanwhile_shares_the_answer() -> None:
    """One reading for a hundred; another one for who wants another format or comes later."""
    store = _Store()

    async def scrape() -> None:
        scrapes = Scrapes(store.read)
        together = [asyncio.create_task(scrapes.answer(PLAIN)) for _ in range(100)]
        other = asyncio.create_task(scrapes.answer(Wanted("open", gzip=False)))
        await asyncio.sleep(0)
        store.go_on.set()
        assert len({made.body for made in await asyncio.gather(*together)}) == 1
        await other
        assert sorted(store.reads) == ["", "open"]
        await scrapes.answer(PLAIN)
        assert len(store.reads) == 3

    asyncio.run(scrape())


def test_one_that_goes_away_costs_the_others_nothing() -> None:
    """Its request is cancelled, their answer is not."""
    store = _Store()

    async def scrape() -> None:
        scrapes = Scrapes(store.read)
        gone, stays = (asyncio.create_task(scrapes.answer(PLAIN)) for _ in range(2))
        await asyncio.sleep(0)
        gone.cancel()
        store.go_on.set()
        assert (await stays).body == b"read 1\n"
        assert gone.cancelled()

    asyncio.run(scrape())


def test_a_failure_is_told_to_each_and_not_kept() -> None:
    """The next one tries again."""
    failing = [True]

    def read(accept: str) -> Exposition:
        if failing[0]:
            raise StateError("damaged")
        return Exposition("text/plain", b"well\n")

    async def scrape() -> None:
        scrapes = Scrapes(read)
        for _ in range(2):
            with pytest.raises(StateError):
                await scrapes.answer(PLAIN)
        failing[0] = False
        assert (await scrapes.answer(PLAIN)).body == b"well\n"

    asyncio.run(scrape())


def test_gzip_is_for_who_takes_it() -> None:
    """The same text."""

    async def scrape() -> None:
        scrapes = Scrapes(lambda accept: Exposition("text/plain", b"x 1\n" * 100))
        packed = await scrapes.answer(Wanted("", gzip=True))
        assert gzip.decompress(packed.body) == b"x 1\n" * 100

    asyncio.run(scrape())
