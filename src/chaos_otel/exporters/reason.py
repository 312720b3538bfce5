"""What another side said, made fit to be shown: short, of one line, without our own secrets."""

from __future__ import annotations

import re
from collections.abc import Mapping

LONGEST = 200
_HIDDEN = "***"
_SCHEMES = ("apikey", "basic", "bearer", "digest", "token")
# shorter ones are words that stand anywhere
_SHORTEST_SECRET = 6
_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u2028\u2029\ud800-\udfff]+")


def quoted(text: str) -> str:
    """Its words, cut to a length, in one line."""
    words = _UNSEEN.sub(" ", text[: 20 * LONGEST]).strip()
    return words if len(words) <= LONGEST else words[:LONGEST] + "…"


def without_secrets(text: str, headers: Mapping[str, str]) -> str:
    """The text without any of the headers' values, or parts of them: a server may repeat what it
    was sent."""
    parts = {part for value in headers.values() for part in (value, *value.split())}
    for part in sorted(parts, key=len, reverse=True):
        if len(part) >= _SHORTEST_SECRET and part.lower() not in _SCHEMES:
            text = text.replace(part, _HIDDEN)
    return text
