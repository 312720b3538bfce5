"""The process that writes textfiles and pushes again when new series are no longer held at 0.

    python -m chaos_otel.pipeline.settle STATE

One for each installation, there only while something is due. It loads nothing heavy while it
sleeps; where it is ended early, the next run or command that writes the same place does its work.
"""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

from chaos_otel.config.folders import open_private, private_folder
from chaos_otel.config.sdk_variables import hide_sdk_variables
from chaos_otel.errors import ChaosOtelError
from chaos_otel.store.database import FILE, Database
from chaos_otel.store.rewrites import Rewrite, forget_rewrite, rewrites

LOCK = "settle.lock"
LOOK_S = 5.0


def main(state: str) -> int:
    """Write what is due until nothing is."""
    hide_sdk_variables()
    while _wanted(state):
        with _alone(state) as alone:
            if not alone:
                return 0  # the one that is at work finds what we came for
            while due := _wanted(state):
                _write_due(state, due)
    return 0


def _wanted(state: str) -> list[Rewrite]:
    if not os.path.exists(f"{state}/{FILE}"):
        return []  # its folder has gone: none is made anew
    # not held open while we sleep: `reset` may move the store away
    with Database(state) as database:
        return rewrites(database)


def _write_due(state: str, wanted: list[Rewrite]) -> None:
    now_wall_ns = time.time_ns()
    due = [one for one in wanted if _is_due(one, now_wall_ns=now_wall_ns)]
    if not due:
        left_s = (wanted[0].due_wall_ns - now_wall_ns) / 1e9
        time.sleep(min(LOOK_S, left_s))  # another one may be wanted sooner
        return
    for one in due:
        try:
            if is_revoked(state, one):
                continue
            _write(state, one)
        except (OSError, ChaosOtelError):
            pass  # whoever writes there next tells
        finally:
            with Database(state) as database:
                forget_rewrite(database, one)


def _write(state: str, wanted: Rewrite) -> None:
    if wanted.kind == "otlp":
        from chaos_otel.pipeline.forward_settle import send_settled

        send_settled(state, wanted)
        return
    from chaos_otel.pipeline.outlet import Outlet, write_outlet

    outlet = Outlet(wanted.kind, wanted.place, wanted.hold_s, wanted.insecure)
    write_outlet(state, outlet, settle=False)


def is_revoked(state: str, wanted: Rewrite) -> bool:
    """Whether somebody has taken back, in the minute since, that this may leave the machine."""
    if wanted.kind != "pushgateway":
        return False
    from chaos_otel.privacy.consent import REVOKE, fold
    from chaos_otel.store.consents import read_consents

    said = fold(read_consents(state)).person
    revoked = [address for address, last in said.items() if last.verb == REVOKE]
    return any(f"{wanted.kind} {wanted.place}/".startswith(f"{one}/") for one in revoked)


def _is_due(one: Rewrite, *, now_wall_ns: int) -> bool:
    """A clock that was put back must not make us wait longer than the hold itself."""
    left_ns = one.due_wall_ns - now_wall_ns
    return left_ns <= 0 or left_ns > one.hold_s * 1e9


@contextmanager
def _alone(state: str) -> Iterator[bool]:
    fd = open_private(f"{private_folder(state)}/{LOCK}", os.O_RDWR | os.O_CREAT)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(fd)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
