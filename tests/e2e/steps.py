"""Shell scripts whose steps are written as plain inbox lines: they need no library."""

from __future__ import annotations

import shlex

from chaos_otel.emit.lines import encode


def say(kind: str, *fields: str, **pairs: str | int) -> str:
    """A shell command that appends one record to the inbox."""
    line = encode(kind, *fields, **pairs).decode()
    return f'printf %s {shlex.quote(line)} >>"$CHAOS_OTEL_INBOX"'


def mark(op: str) -> str:
    """A shell command that writes `op`'s mark to both outputs."""
    text = f"\\033_chaos:%s:{op}\\033\\\\"
    nonce = '"${CHAOS_OTEL_MARKS%%:*}"'
    return f"printf '{text}' {nonce}; printf '{text}' {nonce} >&2"


def step(number: int, body: str, *, result: str = "ok") -> str:
    """A whole step with the id NUMBER, whose output is marked as its own."""
    op = f"{number:016x}"
    return "\n".join(
        (
            say("S", op, "", "", f"step {number}"),
            mark(op),
            body,
            mark("0" * 16),
            say("E", op, "", f"step {number}", result, "", marks="12"),
        )
    )
