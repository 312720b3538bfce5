"""Ansible's callback plugin: what Ansible tells, handed on in its own order to `tasks.py`.

Ansible loads it as one of its plugins, into its own Python (3.8 or later). Outside of a run it does
nothing. It prints nothing, and nothing here raises into the play.
"""

from __future__ import annotations

import functools
import os
import time
import types
from collections.abc import Callable
from typing import Any

from ansible.executor.stats import AggregateStats  # type: ignore[import-not-found,unused-ignore]
from ansible.plugins.callback import CallbackBase  # type: ignore[import-not-found,unused-ignore]

_COUNTED = "_chaos_otel_counted"
_QUIET = types.SimpleNamespace(verbosity=0)  # with -vvvv the base class would say that we are here


def _guarded(told: Callable[..., None]) -> Callable[..., None]:
    @functools.wraps(told)
    def guarded(*arguments: Any, **named: Any) -> None:
        try:
            told(*arguments, **named)
        except Exception:  # the edge: the play comes first
            pass

    return guarded


class CallbackModule(CallbackBase):  # type: ignore[misc,unused-ignore]
    """Tells the inbox of every task on every host, as it begins and as it ends."""

    CALLBACK_VERSION = 2.0
    CALLBACK_TYPE = "aggregate"
    CALLBACK_NAME = "chaos_otel"
    CALLBACK_NEEDS_ENABLED = False

    def __init__(self, display: Any = None, options: Any = None) -> None:
        super().__init__(_QUIET, options)
        inbox = os.environ.get("CHAOS_OTEL_INBOX", "")
        self.disabled = True
        if not inbox:
            return
        lines, facts, tasks = (_load(name) for name in ("../lines.py", "facts.py", "tasks.py"))
        self._tasks = tasks.Tasks(inbox, _watch_recap(), lines=lines, facts=facts)
        now = lines.stamp(time.time_ns(), time.clock_gettime_ns(time.CLOCK_MONOTONIC))
        lines.append(inbox, lines.encode("H", now, "ansible-playbook"))
        self.disabled = False

    @_guarded
    def v2_playbook_on_play_start(self, play: Any) -> None:
        """From here on tasks are those of this play."""
        self._tasks.play = str(play.get_name())

    @_guarded
    def v2_playbook_on_task_start(self, task: Any, is_conditional: bool) -> None:
        """Its name is printed now; hosts begin it one by one."""
        self._tasks.announced(task)

    @_guarded
    def v2_playbook_on_handler_task_start(self, task: Any) -> None:
        """The same of a handler."""
        self._tasks.announced(task)

    @_guarded
    def v2_runner_on_start(self, host: Any, task: Any) -> None:
        """A host begins a task."""
        self._tasks.started(host.get_name(), task)

    @_guarded
    def v2_runner_retry(self, result: Any) -> None:
        """It did not do what `until` wants."""
        self._tasks.retried(*_of(result))

    @_guarded
    def v2_runner_item_on_ok(self, result: Any) -> None:
        """An item of a loop went well."""
        self._tasks.item(*_of(result), said="ok", changed=bool(result.is_changed()))

    @_guarded
    def v2_runner_item_on_failed(self, result: Any) -> None:
        """An item of a loop failed, or its host was not there."""
        self._tasks.item(*_of(result), said="failed", changed=False)

    @_guarded
    def v2_runner_item_on_skipped(self, result: Any) -> None:
        """An item of a loop was skipped."""
        self._tasks.item(*_of(result), said="skipped", changed=False)

    @_guarded
    def v2_runner_on_ok(self, result: Any) -> None:
        """A task is done on a host."""
        self._tasks.ended(*_of(result), said="ok", fields=result._task_fields)

    @_guarded
    def v2_runner_on_failed(self, result: Any, ignore_errors: bool = False) -> None:
        """It failed; whether that is ignored or rescued, the recap has said."""
        self._tasks.ended(*_of(result), said="failed", fields=result._task_fields)

    @_guarded
    def v2_runner_on_unreachable(self, result: Any) -> None:
        """The host is not there."""
        self._tasks.ended(*_of(result), said="unreachable", fields=result._task_fields)

    @_guarded
    def v2_runner_on_skipped(self, result: Any) -> None:
        """It was not to be done there."""
        self._tasks.ended(*_of(result), said="skipped", fields=result._task_fields)

    @_guarded
    def v2_playbook_on_include(self, included_file: Any) -> None:
        """A file or role is loaded for some hosts."""
        for host in included_file._hosts:
            file = str(included_file._filename)
            self._tasks.included(host.get_name(), included_file._task, file)

    @_guarded
    def v2_playbook_on_stats(self, stats: Any) -> None:
        """One playbook is at its end; there may be more."""
        self._tasks.over()


def _of(result: Any) -> tuple[str, Any, dict[str, Any]]:
    """Host, task and what came of it. The names without an underscore are there from 2.19 on."""
    return result._host.get_name(), result._task, result._result


def _watch_recap() -> dict[str, set[str]]:
    """What the recap counts, by host, each word until it is taken out.

    Callbacks are not told whether a failure was rescued or an include counts; the recap knows, and
    counts in front of each callback.
    """
    counted: dict[str, set[str]] | None = getattr(AggregateStats, _COUNTED, None)
    if counted is not None:
        return counted
    counted = {}
    count = AggregateStats.increment

    def increment(self: Any, what: str, host: str) -> Any:
        counted.setdefault(host, set()).add(what)
        return count(self, what, host)

    AggregateStats.increment = increment
    setattr(AggregateStats, _COUNTED, counted)
    return counted


def _load(name: str) -> Any:
    """A module of ours by its path: nothing is imported, nothing is left in `sys.modules`."""
    path = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), name)
    module = types.ModuleType("_chaos_otel_" + os.path.basename(name)[:-3])
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), module.__dict__)
    return module
