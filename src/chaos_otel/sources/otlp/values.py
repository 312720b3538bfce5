"""OTLP's attribute values as plain ones: bounded in number, length and depth."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

ATTRIBUTES_MAX: Final = 128
TEXT_CHARACTERS_MAX: Final = 8_192
ITEMS_MAX: Final = 128

Plain = str | bool | int | float | list[Any] | dict[str, Any] | None


def attributes(pairs: Iterable[KeyValue]) -> dict[str, Plain]:
    """The first attributes, each a single value or a list of such; what is nested is JSON."""
    found: dict[str, Plain] = {}
    for pair in pairs:
        if len(found) >= ATTRIBUTES_MAX:
            break
        found[cut(pair.key)] = _flat(plain(pair.value))
    return found


def texts(pairs: Iterable[KeyValue]) -> dict[str, str]:
    """The same with every value as text, for `k=v` pairs: an equals sign ends a key there."""
    found = attributes(pairs)
    return {key.replace("=", "_") or "_": text(value) for key, value in found.items()}


def plain(value: AnyValue) -> Plain:
    """A value as JSON would have it; bytes as hexadecimal digits."""
    kind = value.WhichOneof("value")
    if kind == "array_value":
        return [plain(item) for item in value.array_value.values[:ITEMS_MAX]]
    if kind == "kvlist_value":
        return {pair.key: plain(pair.value) for pair in value.kvlist_value.values[:ITEMS_MAX]}
    if kind == "bytes_value":
        return cut(value.bytes_value[: TEXT_CHARACTERS_MAX + 1].hex())
    if kind == "string_value":
        return cut(value.string_value)
    return getattr(value, kind) if kind else None


def text(value: Plain) -> str:
    """Any plain value as text."""
    return value if isinstance(value, str) else cut(_json(value))


def cut(words: str) -> str:
    """At most so many characters, visibly cut."""
    left_out = len(words) - TEXT_CHARACTERS_MAX
    return words if left_out <= 0 else f"{words[:TEXT_CHARACTERS_MAX]} [cut: {left_out} characters]"


def _flat(value: Plain) -> Plain:
    if isinstance(value, list):
        return [text(item) if isinstance(item, list | dict) else item for item in value]
    return text(value) if value is None or isinstance(value, dict) else value


def _json(value: Plain) -> str:
    return json.dumps(value, ensure_ascii=False)
