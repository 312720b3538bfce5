"""The process that forwards one run while it is under way, and what waits from before.

    python -m chaos_otel.pipeline.forward PLAN ORDERS_FD ANSWERS_FD

It can be killed at any moment: what was not acknowledged is still in the journals. It ends by
itself when its time is over, whatever a request is doing then.
"""

from __future__ import annotations

import json
import os
import select
import sys
import time
from ast import literal_eval
from typing import Final

from chaos_otel.config.destination import Destination
from chaos_otel.config.environment import Environment
from chaos_otel.config.sdk_variables import hide_sdk_variables
from chaos_otel.config.settings import load
from chaos_otel.exporters.grpc_surroundings import set_apart
from chaos_otel.pipeline.forward_crew import Place, crew
from chaos_otel.pipeline.forward_orders import Orders
from chaos_otel.pipeline.forward_outcome import give_up, outcomes
from chaos_otel.pipeline.forward_probe import Probe
from chaos_otel.pipeline.forward_worker import Worker
from chaos_otel.pipeline.plan import Plan, read_plan

_LOOK_S: Final = 0.01
# of the time there is at the end, for what has to be written down before we leave
_RESERVE_S: Final = 0.03


class _Ears:
    """Hears `deliver`: orders, a Python literal a line. Its end without an order to end means that
    it has died, and with it the knowledge of how the run goes on."""

    def __init__(self, fd: int, orders: Orders) -> None:
        self._fd = fd
        self._orders = orders
        self._rest = b""

    def listen(self, seconds: float) -> bool:
        """Take what comes in so long; False when there will be no more."""
        poll = select.poll()
        poll.register(self._fd, select.POLLIN)
        if not poll.poll(round(seconds * 1000)):
            return True
        data = os.read(self._fd, 4096)
        *lines, self._rest = (self._rest + data).split(b"\n")
        for line in lines:
            self._obey(literal_eval(line.decode("ascii")))
        return bool(data)

    def _obey(self, order: dict[str, float]) -> None:
        if "end" in order:
            self._orders.end(until_s=order["end"] - _RESERVE_S)
        if "counted" in order:
            self._orders.count()


def main(plan_file: str, orders_fd: int, answers_fd: int) -> None:
    """Forward until all is done or the time is over. Does not come back."""
    set_apart()
    hide_sdk_variables()
    try:
        plan = read_plan(plan_file)
    except FileNotFoundError:
        os._exit(0)  # we were too slow to start: the run is over, and waits in its folder
    orders = Orders()
    environment = Environment.of_process()
    place = Place(
        state=plan.state,
        runs=os.path.dirname(plan.folder),
        cwd=plan.cwd,
        loaded=load(environment, {}, plan.cwd),
        environment=environment,
        pace=plan.pace,
        on_error=lambda error: _report(error, environment),
    )
    live = [Destination.from_json(one) for one in plan.destinations]
    workers = crew(place, orders, live=live, live_folder=plan.folder)
    threads = [worker.start() for worker in workers]
    _follow(_Ears(orders_fd, orders), orders, workers[: len(live)], live)
    _answer(answers_fd, workers[: len(live)], plan)
    for thread in threads:
        thread.join(orders.left_s)
    give_up(place, workers)
    os._exit(0)


def _follow(
    ears: _Ears, orders: Orders, own: list[Worker], destinations: list[Destination]
) -> None:
    """Until the run's own records have gone where they can go, or the time is over."""
    while not orders.ended:
        if not ears.listen(3600.0):
            os._exit(0)
    listening = True
    loading = [pair for pair in zip(own, destinations, strict=True) if pair[0].is_loading]
    probes = [(worker, Probe(one)) for worker, one in loading if not worker.over.is_set()]
    while orders.left_s > 0 and not all(worker.over.is_set() or worker.refusal for worker in own):
        for worker, probe in probes:
            worker.refusal = probe.refusal
        if listening:
            listening = ears.listen(_LOOK_S)
        else:
            time.sleep(_LOOK_S)


def _answer(fd: int, own: list[Worker], plan: Plan) -> None:
    try:
        os.write(fd, json.dumps(outcomes(own)).encode("ascii") + b"\n")
        os.close(fd)
    except OSError:
        pass  # nobody waits any more


def _report(error: Exception, environment: Environment) -> None:
    from chaos_otel.pipeline.bug_report import write_bug_report

    write_bug_report(error, ["forward"], environment)


if __name__ == "__main__":
    try:
        main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
    except Exception as error:  # the edge: what is not forwarded waits
        _report(error, Environment.of_process())
        os._exit(1)
