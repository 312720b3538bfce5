"""Goes through a report from begin to end, an entry at a time, whatever is wrong in it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, NamedTuple, TypeAlias

from chaos_otel.reports.json_text import JsonText

Path: TypeAlias = tuple[str | int, ...]


class Members(NamedTuple):
    """Stands at the end of an object whose members came one by one: its keys, as they stand."""

    keys: tuple[str, ...]


class Elements(NamedTuple):
    """Stands at the end of a list whose elements came one by one: how many they were."""

    number: int


class Item(NamedTuple):
    """A value of the report and where it stands; `value` is Members or Elements at an end."""

    path: Path
    value: Any


def walk(text: JsonText) -> Iterator[Item]:
    """Every value of a report. The report, `hosts`, each host and each history come in parts:
    first what is in them, then their end. Where one of them is of another type, it comes whole."""
    yield from _walk(text, ())
    text.end()


def _walk(text: JsonText, path: Path) -> Iterator[Item]:
    opener = text.peek()
    if opener == "{" and (path in ((), ("hosts",)) or (len(path) == 2 and path[0] == "hosts")):
        keys = []
        for key in text.members():
            keys.append(key)
            yield from _walk(text, (*path, key))
        yield Item(path, Members(tuple(keys)))
    elif opener == "[" and len(path) == 3 and (path[0], path[2]) == ("hosts", "history"):
        count = 0
        for number in text.elements():
            yield Item((*path, number), text.value())
            count += 1
        yield Item(path, Elements(count))
    else:
        yield Item(path, text.value())


def written(path: Path) -> str:
    """A path as people write it: `hosts."web1".history[3].success`."""
    parts = []
    for depth, step in enumerate(path):
        if isinstance(step, int):
            parts.append(f"[{step}]")
        else:
            plain = re.fullmatch(r"[a-z_]+", step) and path[:depth] != ("hosts",)
            parts.append(f".{step if plain else json.dumps(step)}")
    return "".join(parts).removeprefix(".") or "the report"
