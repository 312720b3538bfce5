"""A wrapper inside a wrapper: the inner one is an operation of the outer run, nothing more.

Quick to import.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Sequence
from typing import NoReturn

from chaos_otel import clock, ids
from chaos_otel.config.environment import Environment
from chaos_otel.emit import lines
from chaos_otel.ids import TraceParent, parse_traceparent
from chaos_otel.pipeline.request import Request
from chaos_otel.runner.contract import Channels, Ended
from chaos_otel.runner.leave import leave_as
from chaos_otel.runner.signals import Signals
from chaos_otel.runner.spawn import spawn
from chaos_otel.runner.supervise import supervise

_NOBODY = "0" * 16


def inside_run(environment: Environment) -> bool:
    """Whether an outer run listens: its inbox is there and ours to write to."""
    path = environment.get("CHAOS_OTEL_INBOX")
    try:
        return (
            bool(path)
            and stat.S_ISREG(os.lstat(path or "").st_mode)
            and os.access(path or "", os.W_OK)
        )
    except OSError:
        return False


def run_nested(request: Request, environment: Environment) -> NoReturn:
    """Run the command as an operation of the outer run, and leave as it left.

    Its output goes where ours goes and is captured there. Raises StartError and its kin.
    """
    step = _Step(request, environment)
    channels = Channels("inherit")
    with Signals() as signals:
        process = spawn(
            request.argv, step.environment, channels, signals=signals, in_child=step.begin
        )
        ended = supervise(
            process,
            channels,
            signals,
            None,
            nonce=b"",
            timeout_s=request.timeout_s,
            kill_after_s=request.kill_after_s,
        )
    step.end(ended)
    leave_as(ended.exit, timed_out=ended.timed_out)


class _Step:
    """The operation that the inner command is."""

    def __init__(self, request: Request, environment: Environment) -> None:
        parent = parse_traceparent(environment.get("TRACEPARENT") or "")
        self._op = ids.new_span_id()
        self._parent = parent.span_id if parent else ""
        self._name = request.name or os.fsdecode(request.argv[0]).rpartition("/")[2]
        self._inbox = environment.get("CHAOS_OTEL_INBOX") or ""
        self._marks = _own_marks(environment.get("CHAOS_OTEL_MARKS") or "")
        self._tags = request.tags
        joined = TraceParent(parent.trace_id, self._op, parent.flags).header() if parent else None
        self.environment = environment.with_values({"TRACEPARENT": joined} if joined else {})

    def begin(self) -> None:
        """In the forked child, when it is certain that there will be a command."""
        moment = clock.now()
        self._say("S", self._op, lines.stamp(*moment), self._parent, self._name, **self._tags)
        self._mark(self._op)

    def end(self, ended: Ended) -> None:
        """The command has ended; all that it printed is in front of the mark."""
        self._mark(self._parent)
        exit_ = ended.exit
        result = "ok" if exit_.exit_code == 0 and not ended.timed_out else "fail"
        self._say(
            "E",
            self._op,
            lines.stamp(ended.ended_wall_ns, ended.ended_mono_ns),
            self._name,
            result,
            "timed out" if ended.timed_out else _ended_by(exit_.signal),
            exit=exit_.exit_code,
            marks="".join(str(stream) for stream, _ in self._marks),
        )

    def _say(self, kind: str, /, *fields: str, **pairs: str | int | None) -> None:
        lines.append(self._inbox, lines.encode(kind, *fields, **pairs))

    def _mark(self, op: str) -> None:
        for fd, nonce in self._marks:
            mark = f"\x1b_chaos:{nonce}:{op or _NOBODY}\x1b\\"
            try:
                os.write(fd, mark.encode("ascii"))
            except OSError:
                pass


def _ended_by(signum: int | None) -> str:
    return f"ended by signal {signum}" if signum else ""


def _own_marks(marks: str) -> Sequence[tuple[int, str]]:
    """The standard streams that really are the ones the outer capture reads."""
    nonce, _, paths = marks.partition(":")
    return [
        (fd, nonce)
        for fd, path in zip((1, 2), paths.split(":"), strict=False)
        if path and _same_file(fd, path)
    ]


def _same_file(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except OSError:
        return False
