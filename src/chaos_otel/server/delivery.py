"""Delivers what waits, every so often, beside the service: as a process of its own.

So it may take its time and its memory, and a scrape never waits for it.
"""

from __future__ import annotations

import asyncio
import sys
from asyncio.subprocess import DEVNULL, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

_PATIENCE_S = 5.0


@asynccontextmanager
async def delivering(*, every_s: float) -> AsyncIterator[None]:
    """`chaos-otel deliver` at once and then `every_s` after each one's end; ended with the block:
    what was not acknowledged by then waits on."""
    task = asyncio.create_task(_deliver_for_ever(every_s))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _deliver_for_ever(every_s: float) -> None:
    while True:
        with suppress(OSError):  # no process can be had now: the next time, perhaps
            await _deliver()
        await asyncio.sleep(every_s)


async def _deliver() -> None:
    # what it says goes to our stderr: it says a thing once
    argv = [sys.executable, "-P", "-m", "chaos_otel", "deliver"]
    process = await asyncio.create_subprocess_exec(*argv, stdin=DEVNULL, stdout=DEVNULL)
    try:
        await process.wait()
    finally:
        if process.returncode is None:
            await _end(process)


async def _end(process: Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.wait(), _PATIENCE_S)
    except TimeoutError:
        process.kill()
        await process.wait()
