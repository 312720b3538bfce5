"""The Python API as programs use it, for the type checker alone: this file never runs.

An ignored error that is none any more is an error, so what must not pass is checked, too.
"""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

import chaos_otel
from chaos_otel import Operation, event, metric, operation, tag


@operation("deploy", host="web-1", attributes={"size": 1})
def deploy(path: str, *, force: bool = False) -> int:
    """Its types are what they would be without the decorator."""
    return len(path) + force


@operation("fetch")
async def fetch(url: str) -> bytes:
    """The same for a coroutine function."""
    return url.encode()


def types_are_kept() -> None:
    """Arguments and values of what is decorated, and the handle of a block."""
    assert_type(deploy("x", force=True), int)
    fetched: Coroutine[Any, Any, bytes] = fetch("x")
    fetched.close()
    deploy(3)  # type: ignore[arg-type]
    with operation("copy") as this:
        assert_type(this, Operation)
        assert_type(this.id, str)
        this.changed()
        this.attribute("count", 3)
        this.event("half", type="warning")
        this.event("half", type="loud")  # type: ignore[arg-type]
        this.fail("why")


def a_block_lets_exceptions_out() -> int:
    """So a checker knows that the line behind it is reached only where the body was."""
    with operation("copy"):
        return 3


def the_rest() -> None:
    """Events, metrics, tags."""
    event("begun", attributes={"a": 1})
    metric("files", 3)
    metric("files", "three")  # type: ignore[arg-type]
    tag("region", "eu")
    assert_type(chaos_otel.__version__, str)
    _ = chaos_otel.span  # type: ignore[attr-defined]
