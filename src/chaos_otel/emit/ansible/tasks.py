"""The tasks that run, and what the inbox is told of them.

Near the callback plugin, which loads it by path into Ansible's own Python (3.8 or later).
Remembers what is running and nothing of what has ended. Knows no class of Ansible's.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

# What the recap calls what became of a task, the first that fits: it counts one task several times,
# and in columns of their own those that were skipped and those that a rescue made good.
_OUTCOMES = ("failures", "dark", "rescued", "ignored", "changed", "ok", "skipped")
_NAMES = {"failures": "failed", "dark": "unreachable"}
_FAILED = ("failed", "unreachable", "rescued")
_NOT_COUNTED = ("rescued", "skipped", "")


class _Task:
    """One that runs on one host. `since` is where its next item begins."""

    __slots__ = ("host", "id", "item_retries", "max_retries", "name", "retries", "since", "uuid")

    def __init__(self, name: str, host: str, *, uuid: str = "", since: str = "") -> None:
        self.id = os.urandom(8).hex()
        self.name = name
        self.host = host
        self.uuid = uuid
        self.since = since
        self.retries = 0
        self.item_retries = 0
        self.max_retries = 0


class Tasks:
    """Told by the plugin, tells the inbox. `counted` is what the recap has counted for each host
    since a task last began or ended there: our totals are the recap's because they are taken from
    it."""

    def __init__(self, inbox: str, counted: dict[str, set[str]], *, lines: Any, facts: Any) -> None:
        self._inbox = inbox
        self._counted = counted
        self._lines = lines
        self._facts = facts
        self._running: dict[str, _Task] = {}  # by host, where one task runs at a time
        self._announced = ("", "")
        self.play = ""

    def announced(self, task: Any) -> None:
        """The name it has here is the one that is printed; later it may be a template again."""
        self._announced = (task._uuid, task.get_name())

    def started(self, host: str, task: Any) -> None:
        """A task begins on a host."""
        self._counted.pop(host, None)
        self._left(self._running.pop(host, None))
        now = self._now()
        one = self._running[host] = _Task(self._name(task), host, uuid=task._uuid, since=now)
        pairs = self._facts.task(task, play=self.play)
        self._tell(self._lines.encode("S", one.id, now, "", one.name, host=host, **pairs))

    def retried(self, host: str, task: Any, data: dict[str, Any]) -> None:
        """It is tried again."""
        one = self._running[host]
        most = int(data.get("retries", 1)) - 1
        one.retries += 1
        one.item_retries += 1
        one.max_retries = max(one.max_retries, most)
        message = f"retry {one.item_retries} of {most}"
        self._tell(self._lines.encode("V", one.id, self._now(), "warning", "", message))

    def item(self, host: str, task: Any, data: dict[str, Any], *, said: str, changed: bool) -> None:
        """An item of a loop is done: a part of its task, and no operation of the report."""
        around = self._running[host]
        name = f"{around.name} (item={self._facts.label(task, data)})"
        one = _Task(name, host, since=around.since)
        one.retries, around.item_retries = around.item_retries, 0
        one.max_retries = around.max_retries
        around.since = now = self._now()
        start = self._lines.encode("S", one.id, one.since, around.id, name, host=host)
        end = self._end(one, task, data, outcome=said, at=now, changed=changed, counted=False)
        self._tell(start + end)

    def ended(
        self, host: str, task: Any, data: dict[str, Any], *, said: str, fields: dict[str, Any]
    ) -> None:
        """It is done. An include that found its files goes on until they are loaded: the recap
        counts each of them then, and has not counted anything yet."""
        counted = self._counted.pop(host, set())
        if said == "ok" and not counted:
            return
        outcome = next((_NAMES.get(word, word) for word in _OUTCOMES if word in counted), "")
        one = self._taken(host, task)
        one.max_retries = max(one.max_retries, self._facts.max_retries(data, fields))
        self._tell(
            self._end(
                one, task, data, outcome=outcome or said, at=self._now(),
                changed="changed" in counted, counted=outcome not in _NOT_COUNTED,
            )
        )  # fmt: skip

    def included(self, host: str, task: Any, file: str) -> None:
        """A file of an include is loaded: the include itself ends, or one more like it is told."""
        counted = self._counted.pop(host, set())
        one = self._taken(host, task)
        pairs = {"host": host, "ansible.result": "ok", "ansible.included": file}
        if "ok" not in counted:
            pairs["counted"] = "0"
        self._tell(self._lines.encode("E", one.id, self._now(), one.name, "ok", "", **pairs))

    def over(self) -> None:
        """A playbook is at its end, and so is what had begun."""
        for host in list(self._running):
            self._left(self._running.pop(host))

    def _left(self, one: _Task | None) -> None:
        """Its host goes on, and nothing was said of its end: an include that the recap does not
        count, because it found no file, or that of a role in older versions."""
        if one is not None:
            pairs = {"host": one.host, "counted": "0"}
            self._tell(self._lines.encode("E", one.id, self._now(), one.name, "ok", "", **pairs))

    def _taken(self, host: str, task: Any) -> _Task:
        """The one that runs, which is over now; else one that never began."""
        running = self._running.get(host)
        if running is None or running.uuid != task._uuid:
            return _Task(self._name(task), host)
        return self._running.pop(host)

    def _name(self, task: Any) -> str:
        known, name = self._announced
        return str(name if known == task._uuid else task.get_name())

    def _end(
        self, one: _Task, task: Any, data: dict[str, Any], *,
        outcome: str, at: str, changed: bool, counted: bool,
    ) -> bytes:  # fmt: skip
        encode: Callable[..., bytes] = self._lines.encode
        failed = outcome in _FAILED
        told = b""
        for stream, text in self._facts.outputs(task, data, failed=failed or outcome == "ignored"):
            told += encode("X", one.id, at, stream, text)
        message = self._facts.message(task, data) if failed or outcome == "ignored" else ""
        if outcome == "ignored":
            told += encode("V", one.id, at, "error", "", message)
        pairs = {"host": one.host, "changed": changed, "ansible.result": outcome}
        if one.retries:
            pairs["attempts"] = one.retries + 1
        pairs["max_retries"] = one.max_retries or None
        pairs["counted"] = None if counted else "0"
        pairs.update(self._facts.result(task, data))
        result = "fail" if failed else "ok"
        told += encode("E", one.id, at, one.name, result, message if failed else "", **pairs)
        return told

    def _tell(self, lines: bytes) -> None:
        self._lines.append(self._inbox, lines)

    def _now(self) -> str:
        stamp: Callable[[int, int], str] = self._lines.stamp
        return stamp(time.time_ns(), time.clock_gettime_ns(time.CLOCK_MONOTONIC))
