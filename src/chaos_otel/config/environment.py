"""The environment that we were started with, byte for byte; does not know what any of it means."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import NamedTuple

_STARTED_WITH = "/proc/self/environ"
_ADDED_BY_PYTHON = b"LC_CTYPE"  # PEP 538: set in the C locale, before any code of ours runs


class Environment(NamedTuple):
    """Raw `NAME=VALUE` entries, in order, duplicates and malformed ones included."""

    block: tuple[bytes, ...]

    @classmethod
    def of_process(cls) -> Environment:
        """What this process was started with; where the kernel does not tell, what Python knows."""
        try:
            with open(_STARTED_WITH, "rb") as file:
                raw = file.read()
        except OSError:  # no /proc, or not ours to read: an undumpable process
            return cls(_known_to_python())
        if raw:
            return cls(tuple(raw.removesuffix(b"\0").split(b"\0")))
        # some sandboxes show an empty file; what Python added by itself does not tell against it
        known = _known_to_python()
        only_ours = all(entry.startswith(_ADDED_BY_PYTHON + b"=") for entry in known)
        return cls(() if only_ours else known)

    @classmethod
    def of_block(cls, entries: Iterable[bytes]) -> Environment:
        """An environment of these entries."""
        return cls(tuple(entries))

    def get(self, name: str, default: str | None = None) -> str | None:
        """The value of `name`, decoded as file names are; the first entry wins, as with getenv."""
        prefix = os.fsencode(name) + b"="
        for entry in self.block:
            if entry.startswith(prefix):
                return os.fsdecode(entry[len(prefix) :])
        return default

    def mapping(self) -> dict[str, str]:
        """Every variable once, the first entry of a name; entries without a name are left out."""
        found: dict[str, str] = {}
        for entry in self.block:
            name, equals, value = entry.partition(b"=")
            if name and equals:
                found.setdefault(os.fsdecode(name), os.fsdecode(value))
        return found

    def with_values(self, values: Mapping[str, str | None]) -> list[bytes]:
        """The block with these variables set, in place or at the end, or taken out (None).

        Every other entry stays as and where it is. A name that is set stands once afterwards.
        """
        left = {os.fsencode(name): value for name, value in values.items()}
        block: list[bytes] = []
        done: set[bytes] = set()
        for entry in self.block:
            name, equals, _ = entry.partition(b"=")
            if not equals or name not in left:
                block.append(entry)
                continue
            value = left[name]
            if value is not None and name not in done:
                block.append(name + b"=" + os.fsencode(value))
            done.add(name)
        block += [
            name + b"=" + os.fsencode(value)
            for name, value in left.items()
            if value is not None and name not in done
        ]
        return block


def _known_to_python() -> tuple[bytes, ...]:
    return tuple(name + b"=" + value for name, value in os.environb.items())
