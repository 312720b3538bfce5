"""The kinds of values that settings have: read from what people write, shown as people write it.

Knows no setting by name. Everything raises ValueError with advice for what it cannot read.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

_TRUE = frozenset(("1", "true", "yes", "on"))
_FALSE = frozenset(("0", "false", "no", "off"))
# patterns are compiled when first used: most calls need none of them, and each takes a millisecond
_NUMBER = r"(?a)\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*"
_ESCAPE = rb"%([0-9A-Fa-f]{2})"
_DECIMAL = {"k": 10**3, "m": 10**6, "g": 10**9}
_SIZES = {
    "": 1,
    "b": 1,
    **_DECIMAL,
    **{f"{letter}b": size for letter, size in _DECIMAL.items()},
    **{f"{letter}ib": 1 << power for letter, power in (("k", 10), ("m", 20), ("g", 30))},
}
_SHOWN_SIZES = (("GiB", 1 << 30), ("GB", 10**9), ("MiB", 1 << 20), ("MB", 10**6), ("KiB", 1 << 10))
_DURATIONS = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SHOWN_DURATIONS = (("d", 86400), ("h", 3600), ("m", 60))
_LONGEST_S = 100 * 365 * 86400.0
_LARGEST_BYTES = (1 << 63) - 1


class Kind(NamedTuple):
    """How a value is read and shown. `parse` takes a string or what TOML made of it."""

    name: str
    parse: Callable[[object], object]
    show: Callable[[object], str]


def _parse_flag(value: object) -> bool:
    if isinstance(value, bool):
        return value
    word = str(value).strip().lower()
    if word in _TRUE:
        return True
    if word in _FALSE:
        return False
    raise ValueError("is neither true nor false: write true or false")


def _parse_text(value: object) -> str:
    if isinstance(value, str):
        return value.strip()
    raise ValueError("is not text: put it in quotes")


def _parse_path(value: object) -> str:
    path = _parse_text(value)
    if not path or "\0" in path:
        raise ValueError("is no path: name a file or a folder")
    return path


def _parse_scaled(value: object, units: dict[str, float] | dict[str, int]) -> float:
    if isinstance(value, bool):
        raise ValueError
    if isinstance(value, int | float):
        value = f"{value}"
    match = re.fullmatch(_NUMBER, value) if isinstance(value, str) else None
    if match is None:
        raise ValueError
    unit = units.get(match[2].lower())
    if unit is None:
        raise ValueError
    # whole numbers stay exact: a size of 2**62 is no float
    return (float(match[1]) if "." in match[1] else int(match[1])) * unit


def parse_size_bytes(value: object) -> int:
    """`65536`, `64KiB` (1024), `1MB` (1000), not case-sensitive; at most 2^63 - 1."""
    try:
        size_bytes = int(_parse_scaled(value, _SIZES))
    except (ValueError, OverflowError):
        raise ValueError("is not a size: write it like 64KiB, 1MB or 1000") from None
    if size_bytes > _LARGEST_BYTES:
        raise ValueError("is too large a size: leave it out, or write 0 for no limit")
    return size_bytes


def parse_duration_s(value: object) -> float:
    """`90` and `90s` (seconds), `500ms`, `5m`, `1.5h`, `14d`; at most a hundred years."""
    try:
        duration_s = float(_parse_scaled(value, _DURATIONS))
    except (ValueError, OverflowError):
        raise ValueError("is not a duration: write it like 90, 90s, 5m, 1h or 14d") from None
    if duration_s > _LONGEST_S:
        raise ValueError("is longer than a hundred years: leave it out")
    return duration_s


def _parse_limit_s(value: object) -> float | None:
    return parse_duration_s(value) or None


def _parse_count(value: object) -> int:
    text = str(value).strip()
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) < 10):
        raise ValueError("is not a count: write a whole number like 3")
    return int(text)


def _parse_positive(value: object) -> int:
    count = _parse_count(value)
    if not count:
        raise ValueError("is none: write a whole number from 1")
    return count


def _parse_port(value: object) -> int:
    port = _parse_count(value)
    if port > 65535:
        raise ValueError("is not a port: write a number up to 65535")
    return port


def _parse_names(value: object) -> tuple[str, ...]:
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError('is not a list of names: write it like A,B (in a file: ["A", "B"])')
    return tuple(part.strip() for part in parts if part.strip())


def parse_pair(text: str) -> tuple[str, str]:
    """`KEY=VALUE`; the key has no blanks, the value may be anything."""
    key, equals, value = text.partition("=")
    key = key.strip()
    if not key or not equals or len(key.split()) != 1:
        raise ValueError("is not KEY=VALUE: write it like region=eu")
    return key, value


def _parse_pairs(value: object) -> dict[str, str]:
    """A table, a list of `KEY=VALUE`, or these in one text with commas between them."""
    if isinstance(value, dict):
        if any(isinstance(one, dict | list) for one in value.values()):
            raise ValueError("holds a table or a list: give each tag one value")
        return {key: _scalar(one) for key, one in value.items()}
    parts = value.split(",") if isinstance(value, str) else value
    if not isinstance(parts, list | tuple) or not all(isinstance(part, str) for part in parts):
        raise ValueError("is not a list of KEY=VALUE: write it like region=eu,team=web")
    return dict(parse_pair(part) for part in parts if part.strip())


def parse_attributes(value: object) -> dict[str, str]:
    """OTEL_RESOURCE_ATTRIBUTES: `key=value` with commas between, special characters as `%XX`.

    One that cannot be read spoils all, as the OpenTelemetry specification says.
    """
    pairs = _parse_pairs(value)
    return {percent_decoded(key): percent_decoded(one.strip()) for key, one in pairs.items()}


def percent_decoded(text: str) -> str:
    """Percent-decoded UTF-8 (urllib.parse would do it, at the price of 3 ms of imports)."""
    raw = text.encode("utf-8", "surrogateescape")
    plain = re.sub(_ESCAPE, lambda match: bytes((int(match[1], 16),)), raw)
    return plain.decode("utf-8", "replace")


def _scalar(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _show_pairs(value: object) -> str:
    return ",".join(f"{key}={one}" for key, one in value.items()) if isinstance(value, dict) else ""


def _show_names(value: object) -> str:
    return ",".join(value) if isinstance(value, tuple) else ""


def show_address(value: object) -> str:
    """Without what is secret in an address: user, password, query."""
    scheme, slashes, rest = str(value).rpartition("://")
    hidden, _, shown = rest.rpartition("@")
    if "?" in hidden or "#" in hidden:  # no telling where the secret ends
        return f"{scheme}{slashes}…"
    return f"{scheme}{slashes}{shown.partition('?')[0].partition('#')[0]}"


def _show_addresses(value: object) -> str:
    return ",".join(map(show_address, value)) if isinstance(value, tuple) else ""


def show_size(value: object) -> str:
    """The largest unit that divides it: 65536 is `64KiB`, 0 is `none`."""
    assert isinstance(value, int)
    for name, unit in _SHOWN_SIZES:
        if value and value % unit == 0:
            return f"{value // unit}{name}"
    return str(value) if value else "none"


def show_duration(value: object) -> str:
    """The largest unit that divides it: 300.0 is `5m`, None is `none`."""
    if not isinstance(value, int | float):
        return "none"
    for name, unit in _SHOWN_DURATIONS:
        if value and value % unit == 0:
            return f"{int(value // unit)}{name}"
    return f"{int(value)}s" if value == int(value) else f"{value:g}s"


def choice(*words: str) -> Kind:
    """One of these words."""

    def parse(value: object) -> str:
        if isinstance(value, str) and value.strip().lower() in words:
            return value.strip().lower()
        raise ValueError(f"is none of {', '.join(words)}: write one of them")

    return Kind("|".join(words), parse, str)


FLAG = Kind("true or false", _parse_flag, lambda value: str(value).lower())
TEXT = Kind("text", _parse_text, str)
PATH = Kind("path", _parse_path, str)
SIZE = Kind("size", parse_size_bytes, show_size)
DURATION = Kind("duration", parse_duration_s, show_duration)
LIMIT = Kind("duration, 0: none", _parse_limit_s, show_duration)
COUNT = Kind("number", _parse_count, str)
PORT = Kind("port, 0: none", _parse_port, str)
POSITIVE = Kind("number", _parse_positive, str)
ADDRESS = Kind("address", _parse_text, show_address)
ADDRESSES = Kind("addresses", _parse_names, _show_addresses)
NAMES = Kind("names", _parse_names, _show_names)
PAIRS = Kind("K=V,...", _parse_pairs, _show_pairs)
ATTRIBUTES = Kind("K=V,...", parse_attributes, _show_pairs)
