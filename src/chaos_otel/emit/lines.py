"""Inbox lines from Python: what a hook inside a command's program writes for capture to read.

Standard library only and nothing of ours, because it runs inside other people's interpreters. Knows
the grammar of `docs/journal-format.md` and nothing of what the kinds mean.
"""

from __future__ import annotations

import os
from typing import Union

LINE_BYTES = 4000
PIECE_BYTES = 3900
_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n"})

Field = Union[str, bytes, int, float, None]  # noqa: UP007  a program's Python may be 3.8


def encode(kind: str, /, *fields: Field, **pairs: Field) -> bytes:
    """One record as whole inbox lines: one, or as many as its pieces need.

    A None field is empty and a None pair is left out; a bool is 0 or 1. Bytes, and text that came
    from `os.fsdecode`, keep their bytes. What comes out is for `append`, which writes line by line.
    """
    words = [kind.encode("ascii"), *map(_escaped, fields)]
    words += [
        _escaped(f"{key}={_text(value)}") for key, value in pairs.items() if value is not None
    ]
    payload = b"\t".join(words)
    if len(payload) <= PIECE_BYTES:
        return b"%d %s\n" % (len(payload), payload)
    return _pieces(payload)


def stamp(wall_ns: int, mono_ns: int | None = None) -> str:
    """A TIME field of both clocks' nanoseconds (CLOCK_MONOTONIC is optional)."""
    wall = f"{wall_ns // 10**9}.{wall_ns % 10**9:09d}"
    if mono_ns is None:
        return wall
    return f"{wall}@{mono_ns // 10**9}.{mono_ns % 10**9:09d}"


def append(target: str | bytes | int, lines: bytes) -> bool:
    """Append `lines` to the inbox at a path (or an open descriptor), one `write` a line.

    True when all were written whole. Never raises OSError and never creates the file: an inbox that
    is gone, full or not ours must not disturb the program that wanted to say something.
    """
    try:
        if isinstance(target, int):
            return _write(target, lines)
        descriptor = os.open(target, os.O_WRONLY | os.O_APPEND | os.O_CLOEXEC | os.O_NOCTTY)
        try:
            return _write(descriptor, lines)
        finally:
            os.close(descriptor)
    except OSError:
        return False


def _write(descriptor: int, lines: bytes) -> bool:
    whole = (line + b"\n" for line in lines.split(b"\n")[:-1])  # splitlines() would split at CR too
    return all(os.write(descriptor, line) == len(line) for line in whole)


def _pieces(payload: bytes) -> bytes:
    token = os.urandom(8).hex().encode()
    starts = range(0, len(payload), PIECE_BYTES)
    lines = []
    for number, start in enumerate(starts):
        last = int(start + PIECE_BYTES >= len(payload))
        piece = b"P\t%s\t%d\t%d\t%s" % (token, number, last, payload[start : start + PIECE_BYTES])
        lines.append(b"%d %s\n" % (len(piece), piece))
    return b"".join(lines)


def _text(value: Field) -> str:
    if value is None:
        return ""
    if isinstance(value, bytes):
        return value.decode("utf-8", "surrogateescape")
    return str(int(value)) if isinstance(value, bool) else str(value)


def _escaped(value: Field) -> bytes:
    text = _text(value).translate(_ESCAPES)
    try:
        return text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a surrogate that stands for no byte: the reader shows its bytes
        return text.encode("utf-8", "surrogatepass")
