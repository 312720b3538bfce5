"""Identifiers, made once and kept: runs, traces and spans, and the W3C trace context around
them."""

from __future__ import annotations

import os
from typing import NamedTuple

_HEX = frozenset("0123456789abcdef")


class TraceParent(NamedTuple):
    """A parsed `traceparent`: 32 and 16 lower-case hex digits and the flags byte."""

    trace_id: str
    span_id: str
    flags: int = 1

    def header(self) -> str:
        """Format strictly, as W3C Trace Context level 1 writes it."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags & 1:02x}"


def new_run_id(wall_ns: int) -> str:
    """A UUIDv7 (RFC 9562) as 32 hex digits: sorting run ids sorts runs by their start, to the
    ms."""
    millis = (wall_ns // 1_000_000) & ((1 << 48) - 1)
    value = (millis << 80) | int.from_bytes(os.urandom(10), "big")
    value = value & ~(0xF << 76) | (0x7 << 76)
    value = value & ~(0x3 << 62) | (0x2 << 62)
    return f"{value:032x}"


def new_trace_id() -> str:
    """16 random bytes as hex, never all zero."""
    value = os.urandom(16).hex()
    return value if value.strip("0") else new_trace_id()


def new_span_id() -> str:
    """8 random bytes as hex, never all zero."""
    value = os.urandom(8).hex()
    return value if value.strip("0") else new_span_id()


def is_span_id(text: str) -> bool:
    """Whether `text` is 16 lower-case hex digits, not all zero."""
    return len(text) == 16 and set(text) <= _HEX and text.strip("0") != ""


def parse_traceparent(header: str) -> TraceParent | None:
    """Read a `traceparent` leniently: outer white space, upper case and later versions are
    accepted.

    None for anything that names no trace (wrong length, not hex, all zero, version ff).
    """
    parts = header.strip().lower().split("-")
    if len(parts) < 4 or (parts[0] == "00" and len(parts) != 4):
        return None
    version, trace_id, span_id, flags = parts[:4]
    lengths = (len(version), len(trace_id), len(span_id), len(flags))
    if lengths != (2, 32, 16, 2) or not set(version + trace_id + span_id + flags) <= _HEX:
        return None
    if version == "ff" or not trace_id.strip("0") or not span_id.strip("0"):
        return None
    return TraceParent(trace_id, span_id, int(flags, 16))
