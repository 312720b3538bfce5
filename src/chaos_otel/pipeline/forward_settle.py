"""Sends a destination its metrics once more when new series are no longer held at 0 (`settle`)."""

from __future__ import annotations

import json
import time

from chaos_otel.config.destination import Destination
from chaos_otel.config.destinations import with_headers
from chaos_otel.config.environment import Environment
from chaos_otel.config.settings import load
from chaos_otel.pipeline.consenting import still_consented
from chaos_otel.pipeline.facts import installation_key
from chaos_otel.pipeline.forward_dispatch import Dispatch
from chaos_otel.pipeline.forward_fingerprint import fingerprint
from chaos_otel.pipeline.forward_metrics import send_series
from chaos_otel.pipeline.forward_orders import Orders, OutOfTimeError
from chaos_otel.pipeline.handover import spawn_detached
from chaos_otel.pipeline.pace import Pace
from chaos_otel.store.counters import settles_at_wall_ns
from chaos_otel.store.rewrites import Rewrite, want_rewrite

_SETTLE = "chaos_otel.pipeline.settle"
_WITHIN_S = 30.0


def have_settled(dispatch: Dispatch, *, script: str, shown_wall_ns: int) -> None:
    """Have the metrics sent again when the last series settles that a snapshot of that moment
    showed as 0; nothing where there is none. Raises OSError or StateError."""
    database, hold_s = dispatch.ledger.database, dispatch.pace.hold_s
    if database is None:
        return
    due = settles_at_wall_ns(database, now_wall_ns=shown_wall_ns, hold_s=hold_s)
    if due is None:
        return
    place = json.dumps([dispatch.destination.to_json(), script], sort_keys=True)
    want_rewrite(database, Rewrite("otlp", place, hold_s, due))
    spawn_detached(["-m", _SETTLE, dispatch.state])


def send_settled(state: str, wanted: Rewrite) -> None:
    """Send them, if there is still consent and the destination may be tried. Raises OSError or
    ChaosOtelError."""
    values, script = json.loads(wanted.place)
    destination = Destination.from_json(values)
    environment = Environment.of_process()
    loaded = load(environment, {}, "/")
    begun_ns = wanted.due_wall_ns - int(wanted.hold_s * 1e9)
    if not still_consented(destination, loaded, since_wall_ns=begun_ns):
        return
    whole = with_headers(destination, loaded, environment)
    dispatch = Dispatch(
        whole,
        state=state,
        pace=Pace.of(loaded.settings)._replace(scrape_interval_s=wanted.hold_s / 2),
        orders=Orders(until_s=time.monotonic() + _WITHIN_S),
        fingerprint=fingerprint(whole, key=installation_key(state)),
    )
    # started by whichever run came first, we may not have this destination's token
    dispatch.gate.learns = False
    try:
        if dispatch.gate.wait_s() == 0:
            send_series(dispatch, script=script)
    except OutOfTimeError:
        pass  # the next run sends what they are then
    finally:
        dispatch.close()
