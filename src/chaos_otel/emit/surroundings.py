"""What surrounds an operation of a Python program: its parent, and what its children inherit.

A context variable holds the innermost open operation, so that each task and thread has its own. The
environment belongs to the whole process: it is changed only where nobody else can be running inside
of another operation. Standard library only.
"""

from __future__ import annotations

import os
import sys
from contextvars import ContextVar, Token
from typing import Any, NamedTuple

_innermost: ContextVar[str] = ContextVar("chaos_otel_operation", default="")
_HEX = frozenset("0123456789abcdef")
_VARIABLES = ("TRACEPARENT", "CHAOS_OTEL_OPERATION")


class Entered(NamedTuple):
    """What `leave` needs to put everything back as it was."""

    token: Token[str]
    before: tuple[str | None, ...] = ()
    inside: tuple[str, ...] = ()


def innermost() -> str:
    """The operation that what is said now belongs to, as a span id; "" where none is known.

    Without one in this thread or task it is what the process's TRACEPARENT says: the operation
    that is open in the main thread, or the one that started this process.
    """
    return _innermost.get() or _span_id(os.environ.get("TRACEPARENT", ""))


def enter(op: str) -> Entered:
    """Be inside `op` in this context and, if nothing else can be running, in the environment."""
    token = _innermost.set(op)
    header = os.environ.get("TRACEPARENT", "")
    if not (_span_id(header) and in_main_thread() and not _in_event_loop()):
        return Entered(token)
    before = tuple(os.environ.get(name) for name in _VARIABLES)
    version, trace, _, *rest = header.split("-")
    inside = ("-".join((version, trace, op, *rest)), op)
    os.environ.update(zip(_VARIABLES, inside, strict=True))
    return Entered(token, before, inside)


def leave(entered: Entered) -> None:
    """Be outside again; a variable that the program has set meanwhile stays as it is."""
    try:
        _innermost.reset(entered.token)
    except ValueError:  # left in another context than it was entered: an async generator's
        pass
    for name, before, inside in zip(_VARIABLES, entered.before, entered.inside, strict=False):
        if os.environ.get(name) != inside:
            continue
        if before is None:
            del os.environ[name]
        else:
            os.environ[name] = before


def in_main_thread() -> bool:
    """Whether this is the main thread. Imports nothing: without threading there is no other."""
    threading: Any = sys.modules.get("threading")
    return threading is None or threading.current_thread() is threading.main_thread()


def _in_event_loop() -> bool:
    asyncio: Any = sys.modules.get("asyncio.events")
    return asyncio is not None and asyncio._get_running_loop() is not None


def _span_id(traceparent: str) -> str:
    parts = traceparent.split("-")
    known = len(parts) >= 4 and len(parts[2]) == 16 and set(parts[2]) <= _HEX
    return parts[2] if known else ""
