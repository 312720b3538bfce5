"""Reads values out of decoded JSON that anybody may have written, and says where one does not fit.

Knows nothing of what the values mean.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, Final

COUNT_MAX: Final = (1 << 31) - 1
_SHOWN_CHARACTERS = 40


class Unfit(ValueError):
    """A value is not what it has to be: `place` says which, `problem` what it is."""

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"{place}: {problem}")
        self.place = place
        self.problem = problem


class Fields:
    """An object and its place in the document. What is missing or null gives the default.

    Everything raises Unfit for a value of a wrong type.
    """

    def __init__(self, value: Any, place: str = "") -> None:
        if not isinstance(value, dict):
            raise Unfit(place or "the document", f"is {shown(value)}, not an object")
        self._values: dict[str, Any] = value
        self.place = place

    def at(self, key: str) -> str:
        """The place of a key."""
        return f"{self.place}.{key}" if self.place else key

    def __contains__(self, key: str) -> bool:
        return self._values.get(key) is not None

    def raw(self, key: str) -> Any:
        """The value, whatever it is."""
        return self._values.get(key)

    def required(self, key: str) -> Any:
        """The value, which has to be there."""
        if key not in self:
            raise Unfit(self.at(key), "is missing")
        return self._values[key]

    def text(self, key: str, default: str = "") -> str:
        """Text."""
        value: str = self._typed(key, str, "text", default)
        return value

    def truth(self, key: str, default: bool = False) -> bool:
        """True or false."""
        value: bool = self._typed(key, bool, "true or false", default)
        return value

    def number(self, key: str) -> float | None:
        """A finite number, not negative."""
        value = self._values.get(key)
        if value is None:
            return None
        fits = isinstance(value, int | float) and not isinstance(value, bool)
        if not fits or not 0 <= value <= 1e15 or not math.isfinite(value):
            raise Unfit(self.at(key), f"is {shown(value)}, not a number of seconds")
        return float(value)

    def count(self, key: str) -> int:
        """A whole number, not negative."""
        value: int = self._typed(key, int, "a count", 0)
        if isinstance(value, bool) or not 0 <= value <= COUNT_MAX:
            raise Unfit(self.at(key), f"is {shown(value)}, not a count")
        return value

    def object(self, key: str) -> Fields:
        """An object; an empty one where there is none."""
        return Fields(self._values.get(key) or {}, self.at(key))

    def objects(self, key: str) -> Iterator[Fields]:
        """The objects of a list."""
        value = self._typed(key, list, "a list", [])
        for number, element in enumerate(value):
            yield Fields(element, f"{self.at(key)}[{number}]")

    def members(self, key: str) -> Iterator[tuple[str, Fields]]:
        """The objects of an object, by name."""
        within = Fields(self.required(key), self.at(key))
        for name, value in within._values.items():
            yield name, Fields(value, within.at(name))

    def printed(self, key: str) -> str:
        """Text, or the lines of one."""
        value = self._values.get(key)
        if isinstance(value, list) and all(isinstance(line, str) for line in value):
            return "\n".join(value)
        return self.text(key)

    def items(self) -> Iterator[tuple[str, Any]]:
        """All there is."""
        return iter(self._values.items())

    def _typed(self, key: str, kind: type[Any], what: str, default: Any) -> Any:
        value = self._values.get(key)
        if value is None:
            return default
        if not isinstance(value, kind):
            raise Unfit(self.at(key), f"is {shown(value)}, not {what}")
        return value


def shown(value: Any) -> str:
    """A value in a few words."""
    if isinstance(value, dict):
        return "an object"
    if isinstance(value, list):
        return "a list"
    if value is None:
        return "null"
    text = repr(value) if not isinstance(value, bool) else str(value).lower()
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
