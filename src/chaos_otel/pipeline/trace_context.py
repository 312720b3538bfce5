"""The W3C trace context around a run: lenient in what it takes, strict in what it passes on.

Quick to import.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from chaos_otel.config.environment import Environment
from chaos_otel.ids import TraceParent, new_span_id, new_trace_id, parse_traceparent

_STATE_MEMBERS_MAX = 32
_STATE_MEMBER = re.compile(
    r"(?:[a-z][a-z0-9_\-*/]{0,255}|[a-z0-9][a-z0-9_\-*/]{0,240}@[a-z][a-z0-9_\-*/]{0,13})"
    r"=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,255}[\x21-\x2b\x2d-\x3c\x3e-\x7e]"
)
_BAGGAGE_BYTES_MAX = 8192
_BAGGAGE_MEMBER = re.compile(
    r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=[ \t]*[\x21\x23-\x2b\x2d-\x3a\x3c-\x5b\x5d-\x7e]*"
    r"(?:[ \t]*;[^,]*)?"
)


class TraceContext(NamedTuple):
    """The ids of a run: its trace, the span it is below (or ""), its own span and its process's."""

    trace_id: str
    parent_span_id: str
    run_span_id: str
    process_span_id: str
    flags: int
    tracestate: str
    baggage: str

    def variables(self) -> dict[str, str | None]:
        """What the command gets; None removes a variable that came in damaged."""
        parent = TraceParent(self.trace_id, self.process_span_id, self.flags)
        return {
            "TRACEPARENT": parent.header(),
            "TRACESTATE": self.tracestate or None,
            "BAGGAGE": self.baggage or None,
        }


def trace_context(environment: Environment) -> TraceContext:
    """Join the trace that the environment names, or begin one."""
    incoming = parse_traceparent(environment.get("TRACEPARENT") or "")
    return TraceContext(
        trace_id=incoming.trace_id if incoming else new_trace_id(),
        parent_span_id=incoming.span_id if incoming else "",
        run_span_id=new_span_id(),
        process_span_id=new_span_id(),
        flags=incoming.flags if incoming else 1,
        tracestate=_clean_tracestate(environment.get("TRACESTATE") or "") if incoming else "",
        baggage=_clean_baggage(environment.get("BAGGAGE") or ""),
    )


def _clean_tracestate(header: str) -> str:
    """The header if each of its members is well formed, else nothing (as the standard asks)."""
    members = [member.strip(" \t") for member in header.split(",")]
    members = [member for member in members if member]
    keys = {member.partition("=")[0] for member in members}
    if len(members) > _STATE_MEMBERS_MAX or len(keys) != len(members):
        return ""
    return ",".join(members) if all(map(_STATE_MEMBER.fullmatch, members)) else ""


def _clean_baggage(header: str) -> str:
    """The members of the header that are well formed; nothing if it is longer than 8 KiB."""
    if len(header) > _BAGGAGE_BYTES_MAX:
        return ""
    members = [member.strip(" \t") for member in header.split(",")]
    return ",".join(member for member in members if _BAGGAGE_MEMBER.fullmatch(member))
