"""What came of forwarding, in words and figures, for whoever waited for it."""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, Final

from chaos_otel.exporters.answer import Later
from chaos_otel.pipeline.forward_courier import UNANSWERED_S
from chaos_otel.pipeline.forward_crew import Place
from chaos_otel.pipeline.forward_gate import Gate
from chaos_otel.pipeline.forward_ledger import Ledger
from chaos_otel.pipeline.forward_worker import Worker
from chaos_otel.pipeline.own_log import note

# it was our time that ended, not its own: it is left alone for a minute at most
IMPATIENT_ATTEMPTS: Final = 6


def outcomes(workers: Iterable[Worker]) -> list[dict[str, Any]]:
    """For each destination: `delivered`, `rejected` and `buried` records of the run that is under
    way, whether `metrics` were taken, whether it `waits`, `state`, `problem` (why), `news` (a pause
    that was not known before); `earlier` records and `runs` of those that had waited."""
    return [_outcome(worker) for worker in workers]


def give_up(place: Place, workers: Iterable[Worker]) -> None:
    """Note the destinations that were asked and have not answered: the next process shall not wait
    for them at once."""
    for worker in workers:
        reason = unanswered(worker) or (worker.refusal if not worker.over.is_set() else "")
        if reason:
            _give_up(place, worker, reason)


def _give_up(place: Place, worker: Worker, reason: str) -> None:
    ledger = Ledger(place.state, worker.key, busy_s=0.2)
    dispatch = worker.dispatch
    gate = Gate(
        ledger,
        fingerprint=dispatch.gate.fingerprint if dispatch is not None else "",
        note=lambda text: note(place.state, "forward", f"{worker.key}: {text}"),
    )
    gate.later(Later(reason), most_attempts=IMPATIENT_ATTEMPTS)
    ledger.close()


def unanswered(worker: Worker) -> str:
    """Why a destination that we are still waiting for is given up; empty if it is not."""
    dispatch = worker.dispatch
    if dispatch is None or not dispatch.sent_anything:
        return ""
    since_s = dispatch.courier.sending_since_s
    waited_s = time.monotonic() - since_s
    if not since_s or waited_s < UNANSWERED_S:
        return ""
    return f"no answer within {waited_s:.1f} s"


def _outcome(worker: Worker) -> dict[str, Any]:
    dispatch, live = worker.dispatch, worker.live
    sent = dispatch.courier if dispatch is not None and dispatch.sent_anything else None
    gate = dispatch.gate if dispatch is not None else None
    state = gate.state if gate is not None else None
    backlog = worker.backlog
    problem = worker.problem or worker.refusal or unanswered(worker)
    if live is not None and not live.mine:
        problem = problem or "another process is at it"
    if not problem and state is not None and state.state != "ready":
        problem = state.reason
    return {
        "destination": worker.key,
        "delivered": live.delivered if live is not None else 0,
        "earlier": backlog.delivered if backlog is not None else 0,
        "runs": backlog.finished if backlog is not None else 0,
        "rejected": sent.rejected if sent is not None else 0,
        "rejection": sent.rejection if sent is not None else "",
        "buried": live.buried if live is not None else 0,
        "metrics": worker.sent_metrics,
        "waits": not worker.live_done or (live is not None and not live.mine),
        "state": state.state if state is not None else "ready",
        "next_try_wall_ns": state.next_try_wall_ns if state is not None else 0,
        "problem": problem,
        "news": gate.newly_paused if gate is not None else False,
        "store": dispatch.ledger.problem if dispatch is not None else "",
    }
