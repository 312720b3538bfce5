"""Marks: whose the output is that follows on this program's stdout and stderr.

Records and output travel different ways (`docs/journal-format.md`), so an operation that begins or
ends says so in the output itself, where that is what capture reads. Standard library only; knows
nothing of operations.
"""

from __future__ import annotations

import os
import sys

_OUTSIDE = "0" * 16


def mark(op: str) -> str:
    """Have what is printed from here on belong to `op` ("": to none); the streams marked, as "12".

    What sys.stdout and sys.stderr hold back is flushed first, so that it stays in front of the
    mark. A stream that goes elsewhere, or cannot take the mark, gets none. Never raises.
    """
    nonce, _, paths = os.environ.get("CHAOS_OTEL_MARKS", "").partition(":")
    if not nonce:
        return ""
    text = f"\x1b_chaos:{nonce}:{op or _OUTSIDE}\x1b\\".encode("ascii", "replace")
    _flush()
    out, _, err = paths.partition(":")
    marked = {}  # what capture calls the stream; where both are one file, one mark is enough
    for fd, path in ((1, out), (2, err)):
        name = "1" if path == out else "2"
        if path and name not in marked and _is(fd, path):
            marked[name] = _put(fd, text)
    return "".join(name for name, done in marked.items() if done)


def _is(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.stat(path))
    except OSError:
        return False


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            if stream is not None:
                stream.flush()
        except Exception:  # the edge: a stream may be anything that the program has put there
            continue


def _put(fd: int, text: bytes) -> bool:
    try:
        return os.write(fd, text) == len(text)
    except OSError:
        return False
