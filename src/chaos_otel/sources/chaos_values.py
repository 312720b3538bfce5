"""Nested values as one redacted text of bounded length: what Ch-aOS masks itself misses lists,
nested objects and keys of mixed case.

Knows of no record; what a key promises is the redactor's to say.
"""

from __future__ import annotations

import json
from typing import Any, Final, Protocol

DEPTH_MAX: Final = 16
VALUES_MAX: Final = 1_000
STRING_CHARACTERS_MAX: Final = 1_024
_READ_CHARACTERS = 8 * STRING_CHARACTERS_MAX
_CUT = "…"


class Redactor(Protocol):
    """What this part needs of `privacy.redact`."""

    def text(self, text: str) -> str:
        """Text without its secrets."""

    def keyed(self, key: str, value: str) -> str:
        """A value without its secrets, its key known."""


def as_text(value: Any, redactor: Redactor, *, limit: int, key: str = "") -> str:
    """A JSON value as redacted text of at most about `limit` characters, "" for none; text as it
    is, everything else as JSON.

    What stands below a key that promises a secret (`key` is its own) is hidden at any depth,
    numbers too.
    """
    if value is None or value in ("", {}, []):
        return ""
    if isinstance(value, str):
        text = value[: 2 * limit]
        return cut(redactor.keyed(key, text) if key else redactor.text(text), limit)
    redacted = _Redaction(redactor).value(value, (key,))
    return cut(json.dumps(redacted, ensure_ascii=False), limit)


def cut(text: str, limit: int) -> str:
    """At most `limit` characters, and a sign where more was."""
    return text if len(text) <= limit else text[:limit] + _CUT


class _Redaction:
    """Goes through one value; what is too deep or too much is left out, visibly."""

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._left = VALUES_MAX

    def value(self, value: Any, keys: tuple[str, ...]) -> Any:
        self._left -= 1
        if self._left < 0 or len(keys) > DEPTH_MAX:
            return _CUT
        if isinstance(value, dict):
            items = list(value.items())[: self._left + 1]
            return {
                self._redactor.text(key[:STRING_CHARACTERS_MAX]): self.value(one, (*keys, key))
                for key, one in items
            }
        if isinstance(value, list):
            return [self.value(one, (*keys, "")) for one in value[: self._left + 1]]
        if value is None or isinstance(value, bool):
            return value
        text = value[:_READ_CHARACTERS] if isinstance(value, str) else repr(value)
        hidden = self._hidden(text, keys)
        if isinstance(value, str):
            return cut(hidden, STRING_CHARACTERS_MAX)
        return value if hidden == text else hidden

    def _hidden(self, text: str, keys: tuple[str, ...]) -> str:
        """As the innermost key that hides something has it."""
        plain = self._redactor.text(text)
        for key in reversed(keys):
            hidden = self._redactor.keyed(key, text) if key else plain
            if hidden != plain:
                return hidden
        return plain
