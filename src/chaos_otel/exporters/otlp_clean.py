"""Values as every OTLP receiver takes them: valid UTF-8, numbers in range, nothing without end.

So that one bad value costs neither its record nor the records beside it. Knows no records.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, TypeAlias

VALUE_CHARACTERS_MAX: Final = 16 << 10
KEY_CHARACTERS_MAX: Final = 1 << 10
RECORD_CHARACTERS_MAX: Final = 512 << 10
ATTRIBUTES_MAX: Final = 2_000
ITEMS_MAX: Final = 1_000
DEPTH_MAX: Final = 8
_LEAST_CHARACTERS: Final = 64
CUT_MARK: Final = "[… {} characters left out …]"
INT64_MAX: Final = (1 << 63) - 1

Value: TypeAlias = Any


class Budget:
    """What one record may still take: its texts are cut, then its attributes left out, when it is
    used up. `dropped` counts those."""

    __slots__ = ("dropped", "left")

    def __init__(self) -> None:
        self.left = RECORD_CHARACTERS_MAX
        self.dropped = 0


def text(said: object, budget: Budget, *, limit: int = VALUE_CHARACTERS_MAX) -> str:
    """A text that is valid and not too long: of a longer one its head and its tail stay.

    A lone surrogate and a NUL show as `\\udc80` and `\\x00`: some receivers refuse a request for
    either.
    """
    plain = said if type(said) is str else _said(said)
    length = len(plain)
    if length <= limit and length <= budget.left and plain.isascii() and "\0" not in plain:
        budget.left -= length
        return plain
    limit = min(limit, max(_LEAST_CHARACTERS, budget.left))
    if length > limit:
        plain = _cut(plain, limit)
    if not plain.isascii():
        plain = plain.encode("utf-8", "backslashreplace").decode("utf-8")
    if "\0" in plain:
        plain = plain.replace("\0", "\\x00")
    if len(plain) > limit + _LEAST_CHARACTERS:  # it has grown: what is bad takes more when it shows
        plain = _cut(plain, limit)
    budget.left -= len(plain)
    return plain


def value(said: object, budget: Budget, *, depth: int = 0) -> Value:
    """A value of a kind that OTLP knows; anything else becomes text."""
    kind = type(said)
    if kind is str:
        return text(said, budget)
    if kind is bool or said is None:
        return said
    if isinstance(said, bool | int):
        return _integer(said, budget)
    if isinstance(said, float):
        budget.left -= 8
        return float(said)
    if isinstance(said, bytes | bytearray | memoryview):
        kept = bytes(said[: min(VALUE_CHARACTERS_MAX, max(0, budget.left))])
        budget.left -= len(kept)
        return kept
    if isinstance(said, Mapping | Sequence) and not isinstance(said, str) and depth < DEPTH_MAX:
        return _nested(said, budget, depth=depth + 1)
    return text(said, budget)


def attributes(
    said: Mapping[str, Any] | None, budget: Budget, *, depth: int = 0
) -> dict[str, Value]:
    """Clean pairs; what a record has no room for is left out and counted in the budget."""
    kept: dict[str, Value] = {}
    for key, one in (said or {}).items():
        if budget.left <= 0 or len(kept) >= ATTRIBUTES_MAX:
            budget.dropped += 1
        else:
            clean_key = text(key, budget, limit=KEY_CHARACTERS_MAX)
            kept[clean_key] = value(one, budget, depth=depth)
    return kept


def time_ns(said: object) -> int:
    """A time within 0 … 2^63-1: OTLP's 64 bits have no sign, but many receivers read one."""
    return number(said, most=INT64_MAX)


def number(said: object, *, most: int) -> int:
    """A whole number within 0 … `most`; 0 for what is none."""
    try:
        return min(max(0, int(said)), most)  # type: ignore[call-overload, no-any-return]
    except (TypeError, ValueError, OverflowError):
        return 0


def _nested(said: Mapping[Any, Any] | Sequence[Any], budget: Budget, *, depth: int) -> Value:
    if isinstance(said, Mapping):
        return attributes(said, budget, depth=depth)
    return list(_items(said, budget, depth=depth))


def _items(said: Sequence[Any], budget: Budget, *, depth: int) -> Iterable[Value]:
    for position, item in enumerate(said):
        if position >= ITEMS_MAX or budget.left <= 0:
            yield CUT_MARK.format(len(said) - position).replace("characters", "items")
            return
        budget.left -= 1
        yield value(item, budget, depth=depth)


def _integer(said: int, budget: Budget) -> int | str:
    whole = int(said)
    if -INT64_MAX - 1 <= whole <= INT64_MAX:
        budget.left -= 8
        return whole
    return text(whole, budget)


def _said(said: object) -> str:
    """The text of an object that is none, whatever it is."""
    try:
        return str.__str__(said) if isinstance(said, str) else str(said)
    except Exception:  # the edge: somebody else's __str__; an integer of too many digits
        return f"({type(said).__name__})"


def _cut(plain: str, limit: int) -> str:
    kept = limit // 2
    mark = CUT_MARK.format(len(plain) - 2 * kept)
    return f"{plain[:kept]}\n{mark}\n{plain[-kept:]}"
