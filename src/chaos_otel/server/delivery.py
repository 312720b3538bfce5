"""Delivers what waits, every so often, beside the service: as a process of its own.

So it may take its time and its memory, and a scrape never waits for it.
"""

from __future__ import annotations

import asyncio
import json
import sys
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

_PATIENCE_S = 5.0


@asynccontextmanager
async def delivering(*, every_s: float, tell: Callable[[str], object]) -> AsyncIterator[None]:
    """`chaos-otel deliver` at once and then `every_s` after each one's end; ended with the block:
    what was not acknowledged by then waits on.

    `tell` hears what goes wrong, each thing when it begins.
    """
    task = asyncio.create_task(_deliver_for_ever(every_s, tell))
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _deliver_for_ever(every_s: float, tell: Callable[[str], object]) -> None:
    told: set[str] = set()
    while True:
        try:
            problems = problems_in(await _deliver())
        except OSError as error:  # no process can be had now: the next time, perhaps
            problems = {f"nothing can be delivered now: {error.strerror}"}
        for problem in sorted(problems - told):
            tell(problem)
        told = problems
        await asyncio.sleep(every_s)


def problems_in(answer: bytes) -> set[str]:
    """What went wrong, by what `deliver --json` says; nothing, where it says nothing that can be
    read (then it has spoken for itself)."""
    try:
        said: dict[str, Any] = json.loads(answer)
        destinations = {
            f"{one['destination']}: {one['problem']}"
            for one in said["destinations"]
            if one["problem"]
        }
        return destinations | {one["problem"] for one in said["runs"] if one["problem"]}
    except (ValueError, KeyError, TypeError):
        return set()


async def _deliver() -> bytes:
    argv = [sys.executable, "-P", "-m", "chaos_otel", "deliver", "--json"]
    process = await asyncio.create_subprocess_exec(*argv, stdin=DEVNULL, stdout=PIPE)
    try:
        answer, _ = await process.communicate()
        return answer
    finally:
        if process.returncode is None:
            await _end(process)


async def _end(process: Process) -> None:
    process.terminate()
    try:
        await asyncio.wait_for(process.communicate(), _PATIENCE_S)
    except TimeoutError:
        process.kill()
        await process.communicate()
