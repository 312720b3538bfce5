"""`--timeout`: end the command and its descendants, politely and then not, and nobody else.

Never to the process group, which is our caller's. A process is held by its pidfd from when it is
found, so that a number that is used again hits nobody.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
from collections import deque

from chaos_otel.runner.contract import Process
from chaos_otel.runner.loop import Loop

RESCAN_S = 0.1
_KILLS = 20


class TimeLimit:
    """Ends `process` when `timeout_s` have gone, and what is left of it `kill_after_s` later.

    `kill_after_s` None: it is never killed. `recognised_by` is an entry that only this command's
    environment has, by which a descendant is found whose parents have ended; empty for none.
    """

    def __init__(
        self,
        loop: Loop,
        process: Process,
        *,
        timeout_s: float,
        kill_after_s: float | None,
        recognised_by: bytes = b"",
    ) -> None:
        self.expired = False
        self._loop = loop
        self._process = process
        self._kill_after_s = kill_after_s
        self._recognised_by = recognised_by
        self._found: dict[int, int] = {}
        self._kills = 0
        self._timer = loop.later(timeout_s, self._terminate)

    def is_done(self) -> bool:
        """The command has ended: whether none of its descendants is left to be killed."""
        if not self.expired or self._kill_after_s is None or self._kills >= _KILLS:
            return True
        return not any(_is_alive(pidfd) for pidfd in self._found.values())

    def close(self) -> None:
        """Signal nobody any more."""
        self._timer.cancel()
        for pidfd in self._found.values():
            os.close(pidfd)
        self._found.clear()

    def _terminate(self) -> None:
        self.expired = True
        # One that is stopped takes the signal only when it goes on.
        self._send(signal.SIGTERM, signal.SIGCONT)
        if self._kill_after_s is not None:
            self._timer = self._loop.later(self._kill_after_s, self._kill)

    def _kill(self) -> None:
        self._send(signal.SIGKILL)
        self._kills += 1
        if self._kills < _KILLS:  # one may have forked meanwhile
            self._timer = self._loop.later(RESCAN_S, self._kill)

    def _send(self, *signums: signal.Signals) -> None:
        self._find()
        for pidfd in self._found.values():
            for signum in signums:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    signal.pidfd_send_signal(pidfd, signum)

    def _find(self) -> None:
        """Look until a look finds nobody new: a process that forks meanwhile is found next time."""
        while True:
            # The number of one that has ended may be somebody else's by now.
            alive = [pid for pid, pidfd in self._found.items() if _is_alive(pidfd)]
            if not self._found:
                alive.append(self._process.pid)
            family = _family(alive, self._recognised_by)
            new = [pid for pid in family if pid not in self._found]
            for pid in new:
                with contextlib.suppress(OSError):
                    self._found[pid] = os.pidfd_open(pid)
            if self._found.keys().isdisjoint(new):
                return


def _is_alive(pidfd: int) -> bool:
    poll = select.poll()
    poll.register(pidfd, select.POLLIN)
    return not poll.poll(0)


def _family(alive: list[int], recognised_by: bytes) -> list[int]:
    """These processes and their descendants, and who is recognised by its environment.

    Parents before their children: a shell whose child was ended first might end in good order.
    """
    family = dict.fromkeys(alive)
    parents = _parents()
    if recognised_by:
        family |= dict.fromkeys(pid for pid in parents if _has_entry(pid, recognised_by))
    children: dict[int, list[int]] = {}
    for child, parent in parents.items():
        children.setdefault(parent, []).append(child)
    waiting = deque(family)
    while waiting:
        below = [pid for pid in children.get(waiting.popleft(), ()) if pid not in family]
        family |= dict.fromkeys(below)
        waiting.extend(below)
    return [pid for pid in family if pid in parents]


def _parents() -> dict[int, int]:
    """Each process of the machine and its parent."""
    parents = {}
    for name in os.listdir("/proc"):
        if not name.isdigit():
            continue
        with contextlib.suppress(OSError), open(f"/proc/{name}/stat", "rb") as stat:
            parents[int(name)] = int(stat.read().rpartition(b") ")[2].split()[1])
    return parents


def _has_entry(pid: int, entry: bytes) -> bool:
    if pid == os.getpid():
        return False
    try:
        with open(f"/proc/{pid}/environ", "rb") as environ:
            return entry in environ.read().split(b"\0")
    except OSError:
        return False
