"""The `deliver` process of one run: listens, follows the journal, writes the outputs, goes on
alone.

    python -m chaos_otel.pipeline.deliver PLAN

Its ear is open before OpenTelemetry is loaded: until then it is what keeps the command's pipes
alive.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from chaos_otel.config.sdk_variables import hide_sdk_variables
from chaos_otel.pipeline.file_limit import raise_file_limit
from chaos_otel.pipeline.forwarding import Forwarding
from chaos_otel.pipeline.guard import Guard
from chaos_otel.pipeline.plan import Plan, read_plan

if TYPE_CHECKING:
    from chaos_otel.pipeline.outcome import JournalFollower, Outcome
    from chaos_otel.pipeline.recover import Recovered
    from chaos_otel.pipeline.sampler import Sampler
    from chaos_otel.pipeline.under_way import UnderWay
    from chaos_otel.records import RunEnded
    from chaos_otel.runner.contract import Process

FOLLOW_S = 0.1
SAMPLE_AFTER_S = 0.3


def main(plan_file: str) -> int:
    """Deliver one run; 1 if something of it could not be written.

    Whatever goes wrong, the command keeps the reader of its output for as long as capture may need
    a successor.
    """
    hide_sdk_variables()
    plan = read_plan(plan_file)
    guard = Guard(plan)
    if not plan.watch_pid:
        guard.start()
    raise_file_limit()
    try:
        return _deliver(plan, guard)
    except Exception as error:  # the edge: what is lost is delivery, which can be repeated
        _stand_by(plan, guard)
        from chaos_otel.config.environment import Environment
        from chaos_otel.pipeline.bug_report import write_bug_report

        path = write_bug_report(error, ["deliver"], Environment.of_process())
        _note(plan, f"an error of ours ({type(error).__name__}); the details are in {path}")
        return 1


def _deliver(plan: Plan, guard: Guard) -> int:
    forwarding = Forwarding(plan)
    forwarding.start()  # beside what is loaded now
    from chaos_otel.pipeline import counting
    from chaos_otel.pipeline.exposure import Exposure
    from chaos_otel.pipeline.housekeeping import keep_house, recover_small
    from chaos_otel.pipeline.outcome import JournalFollower
    from chaos_otel.pipeline.removal import clear_memory
    from chaos_otel.pipeline.under_way import UnderWay
    from chaos_otel.pipeline.unhooked import tool_of, unhooked

    tools = {tool_of(plan.argv)}
    state = counting.state_of(plan.folder, runtime=os.path.dirname(plan.inbox))
    under_way = UnderWay(plan, state)
    exposure = Exposure(plan, state)
    exposure.start()
    with JournalFollower(plan.folder, state=state) as follower:
        recovered = recover_small(plan)
        counting.load()
        if plan.watch_pid:
            under_way.say(plan.name)
        else:
            _follow(
                guard,
                follower,
                plan,
                under_way=under_way,
                on_process=lambda argv: tools.add(tool_of(argv)),
            )
        lingering = guard.lingering if guard.ended else _go_on(plan, guard)
        end = _make_up(plan, guard)
        forwarding.end(guard.ended_mono_s)
        outcome = follower.finish(end=end, waited_for=not plan.watch_pid)
        forwarding.counted()
        notices = unhooked(tools, follower.hooks) if plan.inject else []
    if plan.receiver_fd >= 0:
        os.close(plan.receiver_fd)
    notices += exposure.finish()
    forwarded = forwarding.finish()
    notices += [forwarding.problem] if forwarding.problem else []
    _answer(plan, outcome, recovered, notices, forwarded)
    if counting.is_uncounted(plan.folder):
        counting.count_again(plan.folder, state=state)
    if lingering:
        _pump_on(plan, guard)
    guard.release()
    clear_memory(plan.inbox)
    keep_house(plan)
    return 1 if outcome.problem else 0


def _stand_by(plan: Plan, guard: Guard) -> None:
    """Only hold the pipes, and pass on what comes through them if capture dies."""
    if plan.watch_pid:
        return
    while not (guard.ended or guard.gone):
        guard.news.wait()
        guard.news.clear()
    if guard.lingering or not guard.ended:
        _pump_on(plan, guard)
    guard.release()


def _make_up(plan: Plan, guard: Guard) -> RunEnded | None:
    """Write what capture could not; returns the end, which may be refused once more."""
    if guard.unwritten is None:
        return None
    from chaos_otel import clock
    from chaos_otel.config.environment import Environment
    from chaos_otel.pipeline.closing import run_ended
    from chaos_otel.pipeline.successor import succeed
    from chaos_otel.runner.contract import Ended, Exit

    begun = (plan.started_wall_ns, plan.started_mono_ns)
    ended = Ended(Exit(**guard.unwritten), *begun, *clock.now())
    try:
        succeed(plan, entries=Environment.of_process().block, process=None, ended=ended)
    except OSError:
        pass  # capture has told already that the journal is not whole
    return run_ended(ended, plan)


def _follow(
    guard: Guard,
    follower: JournalFollower,
    plan: Plan,
    *,
    on_process: Callable[[Sequence[str]], object],
    under_way: UnderWay,
) -> None:
    """Take in what capture writes, until the command has ended or capture is gone."""
    since_s = time.monotonic()
    sampler: Sampler | None = None
    while not (guard.ended or guard.gone):
        if not follower.turn():
            guard.news.wait(FOLLOW_S)
            guard.news.clear()
        under_way.turn(follower.name)
        if sampler is not None:
            sampler.turn()
        elif guard.pid and time.monotonic() - since_s > SAMPLE_AFTER_S:
            from chaos_otel.pipeline.sampler import Sampler

            sampler = Sampler(guard.pid, plan.inbox, on_process=on_process)


def _go_on(plan: Plan, guard: Guard) -> bool:
    """Capture is gone, or there never was one; whether somebody still holds an output."""
    from chaos_otel.config.environment import Environment
    from chaos_otel.pipeline.successor import succeed

    if plan.terminal_fd >= 0:
        from chaos_otel.runner.terminal import restore

        try:
            restore(plan.terminal_fd, plan.terminal_state.encode("ascii"))
        except OSError:
            pass  # the terminal has gone with its window
    return succeed(
        plan,
        entries=Environment.of_process().block,
        process=_process(plan, guard),
        channels=guard.channels(),
        on_flush=lambda: _interim(plan),
    )


def _interim(plan: Plan) -> None:
    """A script without a wrapper says that it is complete: its report need not wait for its end."""
    from chaos_otel.pipeline.outcome import JournalFollower

    with JournalFollower(plan.folder) as follower:
        follower.finish(final=False)


def _process(plan: Plan, guard: Guard) -> Process | None:
    from chaos_otel.clock import Moment
    from chaos_otel.runner.spawn import ForeignProcess

    pid, pidfd = guard.pid, guard.pidfd
    if plan.watch_pid:
        pid = plan.watch_pid
        try:
            pidfd = os.pidfd_open(pid)
        except OSError:
            pidfd = -1
    started = Moment(plan.started_wall_ns, plan.started_mono_ns)
    return ForeignProcess(pid, pidfd, started=started) if pid else None


def _answer(
    plan: Plan,
    outcome: Outcome,
    recovered: list[Recovered],
    notices: list[str],
    forwarded: list[dict[str, Any]],
) -> None:
    """Tell capture what to tell; it may be gone, or never have been there."""
    answer = outcome.answer() | {
        "recovered": [str(run) for run in recovered],
        "notices": notices,
        "forwarded": forwarded,
    }
    try:
        os.write(plan.answers_fd, json.dumps(answer).encode("ascii") + b"\n")
        os.close(plan.answers_fd)
    except OSError:
        for problem in filter(None, [outcome.problem, *notices]):
            _note(plan, problem)


def _note(plan: Plan, text: str) -> None:
    from chaos_otel.pipeline.own_log import note

    note(plan.state, "deliver", f"run {plan.run_id}: {text}")


def _pump_on(plan: Plan, guard: Guard) -> None:
    """The command left somebody behind who still writes: pass it on, unrecorded, to its end."""
    from chaos_otel.pipeline.successor import pump

    pump(plan, guard.channels())


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
