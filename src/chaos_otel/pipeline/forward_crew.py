"""Puts the workers of a process together: one for each destination of the run, and one for each
that something waits for."""

from __future__ import annotations

import os
from collections.abc import Callable, Container, Iterable, Iterator
from typing import NamedTuple

from chaos_otel.config.destination import Destination, address_of
from chaos_otel.config.destinations import destinations, with_headers
from chaos_otel.config.environment import Environment
from chaos_otel.config.settings import Loaded, load
from chaos_otel.errors import ChaosOtelError
from chaos_otel.pipeline.consenting import Consents, current_consents
from chaos_otel.pipeline.facts import installation_key
from chaos_otel.pipeline.forward_backlog import Backlog
from chaos_otel.pipeline.forward_dispatch import Dispatch
from chaos_otel.pipeline.forward_fingerprint import fingerprint
from chaos_otel.pipeline.forward_orders import Orders
from chaos_otel.pipeline.forward_worker import AT_THE_END, Patience, Worker
from chaos_otel.pipeline.pace import Pace
from chaos_otel.pipeline.waiting import WaitingRun, waiting_runs


class Place(NamedTuple):
    """Where runs lie, where we are, what holds here, how fast, and how errors of ours are told."""

    state: str
    runs: str
    cwd: str
    loaded: Loaded
    environment: Environment
    pace: Pace
    on_error: Callable[[Exception], object]


def crew(
    place: Place,
    orders: Orders,
    *,
    live: Iterable[Destination] = (),
    live_folder: str = "",
    only: Container[str] | None = None,
    patience: Patience = AT_THE_END,
) -> list[Worker]:
    """A worker for each destination that is sent something, not started; those of the live run
    first. With `only`, of what waits just these runs."""
    own = {one.key: one for one in live}
    waiting = {one.key: one for one in _waited_for(place, only) if one.key not in own}
    current = _configured(place) if waiting else {}
    later = {key: current.get(key) or _typed_again(place, one) for key, one in waiting.items()}
    known = own | later
    return [
        _worker(
            place,
            orders,
            one,
            live_folder=live_folder if one.key in own else "",
            leave=(os.path.basename(live_folder),),
            only=only,
            patience=patience,
        )
        for one in known.values()
    ]


def _waited_for(place: Place, only: Container[str] | None) -> Iterator[Destination]:
    for run in waiting_runs(place.runs, None):
        if only is None or run.run_id in only:
            yield run.destination


def _configured(place: Place) -> dict[str, Destination]:
    """As settings have them now, which may be what a paused one is waiting for."""
    try:
        found = destinations(place.loaded, place.environment, secrets=False).destinations
    except ChaosOtelError:
        return {}
    return {one.key: one for one in found}


def _typed_again(place: Place, one: Destination) -> Destination:
    """One that only its run's flags named, as it would be if it were typed today."""
    url = address_of(one.key).partition(" ")[2]
    flags: dict[str, object] = {
        "endpoint" if one.kind == "endpoint" else "otlp": url if one.kind == "endpoint" else (url,),
        "insecure": one.tls.insecure or None,
        "otlp_protocol": one.protocol if one.kind == "otlp" else None,
    }
    try:
        loaded = load(place.environment, flags, place.cwd)
        found = destinations(loaded, place.environment, secrets=False).destinations
    except ChaosOtelError:
        return one
    same = [it for it in found if it.key == one.key]
    return same[0]._replace(means=one.means) if same else one


def _worker(
    place: Place,
    orders: Orders,
    destination: Destination,
    *,
    live_folder: str,
    leave: Container[str],
    only: Container[str] | None,
    patience: Patience,
) -> Worker:
    def make() -> Dispatch:
        whole = with_headers(destination, place.loaded, place.environment)
        return Dispatch(
            whole,
            state=place.state,
            pace=place.pace,
            orders=orders,
            fingerprint=fingerprint(whole, key=installation_key(place.state)),
        )

    def backlog(dispatch: Dispatch) -> Backlog:
        consents, _ = current_consents(place.loaded)
        return Backlog(
            dispatch,
            place.runs,
            may_go=lambda run: _may_go(run, consents),
            letters=only is None and bool(consents.means(destination)),
            leave=leave,
            only=only,
        )

    return Worker(
        destination.key,
        make=make,
        orders=orders,
        live_folder=live_folder,
        backlog=backlog,
        on_error=place.on_error,
        patience=patience,
    )


def _may_go(run: WaitingRun, consents: Consents) -> bool:
    """Consent is asked for again: it may have been revoked since the run."""
    return bool(consents.means(run.destination, since_wall_ns=run.since_wall_ns))
