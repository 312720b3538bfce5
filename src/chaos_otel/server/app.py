"""The HTTP side of `chaos-otel serve`: /metrics, /healthz, /readyz, to be read only."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from functools import partial

from prometheus_client.exposition import gzip_accepted
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from chaos_otel.errors import ChaosOtelError
from chaos_otel.pipeline.scrape import scrape
from chaos_otel.server.scrapes import Scrapes, Wanted

_NO_STORE = {"Cache-Control": "no-store"}


def application(
    state: str, *, hold_s: float, beside: AbstractAsyncContextManager[object] | None = None
) -> Starlette:
    """Serves the store of this state folder; `beside` is entered while the service runs.

    GET and HEAD only. A store that cannot be read is a 503 with the reason, never a 200 with less.
    """
    scrapes = Scrapes(lambda accept: scrape(state, hold_s=hold_s, accept=accept))
    return Starlette(
        routes=[
            Route("/metrics", partial(_metrics, scrapes), methods=["GET"]),
            Route("/healthz", _healthy, methods=["GET"]),
            Route("/readyz", partial(_ready, state, hold_s), methods=["GET"]),
        ],
        lifespan=partial(_lifespan, beside),
    )


@asynccontextmanager
async def _lifespan(
    beside: AbstractAsyncContextManager[object] | None, app: Starlette
) -> AsyncIterator[None]:
    if beside is None:
        yield
        return
    async with beside:
        yield


async def _metrics(scrapes: Scrapes, request: Request) -> Response:
    takes_gzip = gzip_accepted(request.headers.get("accept-encoding", ""))
    try:
        made = await scrapes.answer(Wanted(request.headers.get("accept", ""), takes_gzip))
    except ChaosOtelError as error:
        return _unavailable(error)
    headers = {"Content-Type": made.content_type, "Vary": "Accept, Accept-Encoding"}
    if takes_gzip:
        headers["Content-Encoding"] = "gzip"
    return Response(made.body, headers=headers | _NO_STORE)


async def _healthy(request: Request) -> Response:
    """The process answers."""
    return PlainTextResponse("ok\n", headers=_NO_STORE)


async def _ready(state: str, hold_s: float, request: Request) -> Response:
    """A scrape would be answered."""
    try:
        await run_in_threadpool(scrape, state, hold_s=hold_s)
    except ChaosOtelError as error:
        return _unavailable(error)
    return PlainTextResponse("ready\n", headers=_NO_STORE)


def _unavailable(error: ChaosOtelError) -> Response:
    return PlainTextResponse(f"{error}\n", status_code=503, headers=_NO_STORE)
