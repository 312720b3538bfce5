"""The file of all consents: one line for each change, appended, never rewritten.

    STATE/consents.jsonl    {"v":1,"at":NS,"change":"grant","destination":"otlp https://…",
                             "said":"command","by":"9f3c…"}

Not in the store's database: it is read before a command starts, and outlives a damaged store. A
line that cannot be read grants nothing and spoils no other line. Quick to import.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterable, Iterator
from typing import Any

from chaos_otel.config.folders import open_private, private_folder
from chaos_otel.errors import StateError, in_words
from chaos_otel.privacy.consent import Change

FILE = "consents.jsonl"
_VERSION = 1
_WORDS = {"change": ("grant", "revoke"), "said": ("command", "host")}


def read_consents(state_folder: str) -> list[Change]:
    """All changes, the oldest first; none where there is no file. StateError where it is not
    ours."""
    try:
        fd = open_private(f"{state_folder}/{FILE}", os.O_RDONLY)
    except FileNotFoundError:
        return []
    try:
        with open(fd, "rb") as file:
            return list(_changes(file.read()))
    except OSError as error:
        raise _refusal(state_folder, error) from error


def append_consents(state_folder: str, changes: Iterable[Change]) -> None:
    """Write changes down, on the disk before this returns; all of them or, where it raises
    (StateError), none that counts."""
    text = b"".join(map(_line, changes))
    if not text:
        return
    path = f"{private_folder(state_folder)}/{FILE}"
    fd = open_private(path, os.O_RDWR | os.O_CREAT | os.O_APPEND)
    try:
        fcntl.flock(fd, fcntl.LOCK_EX)
        size = os.fstat(fd).st_size
        # a torn last line must not swallow the next one
        torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        data = (b"\n" if torn else b"") + text
        try:
            if os.write(fd, data) != len(data):
                raise OSError("the disk is full")
            os.fsync(fd)
        except OSError:
            os.ftruncate(fd, size)
            raise
    except OSError as error:
        raise _refusal(state_folder, error) from error
    finally:
        os.close(fd)


def _line(change: Change) -> bytes:
    import json

    values = {
        "v": _VERSION,
        "at": change.at_wall_ns,
        "change": change.verb,
        "destination": change.destination,
        "said": change.said,
        "by": change.by,
    }
    return json.dumps(values).encode("ascii") + b"\n"


def _changes(data: bytes) -> Iterator[Change]:
    import json

    for line in data.split(b"\n"):
        try:
            change = _change(json.loads(line)) if line else None
        except (ValueError, RecursionError):
            continue
        if change is not None:
            yield change


def _change(values: Any) -> Change | None:
    """None for what is no change of this version."""
    if not isinstance(values, dict) or values.get("v") != _VERSION:
        return None
    if any(values.get(key) not in words for key, words in _WORDS.items()):
        return None
    at, destination, by = (values.get(key) for key in ("at", "destination", "by"))
    if type(at) is not int or not isinstance(destination, str) or not isinstance(by, str):
        return None
    if not 0 <= at < 1 << 63:  # no moment that a clock of ours has told
        return None
    return Change(at, values["change"], destination, values["said"], by)


def _refusal(state_folder: str, error: OSError) -> StateError:
    return StateError(
        f"cannot use the consents in {state_folder} ({in_words(error)})",
        hint="without them nothing is sent",
    )
