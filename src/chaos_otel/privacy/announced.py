"""Values on a line of their own, announced by the line before: `name: DB_PASSWORD`, `password: |`.

Kubernetes, ECS and their like print variables so. Nothing is held back for it.
"""

from __future__ import annotations

import re

from chaos_otel.privacy.names import Suspicion, suspicion
from chaos_otel.privacy.patterns import Pattern
from chaos_otel.privacy.values import is_plain

_NAMED = Pattern(
    rb"[\s+{\[-]*[\"']?(?:name|key)[\"']?\s*[:=]\s*[\"']?([\w.-]{1,80})", re.IGNORECASE
)
_VALUE = Pattern(rb"[\s+]*[\"']?value[\"']?\s*[:=]\s*[\"']?", re.IGNORECASE)
_BLOCK = Pattern(rb"([\s+]*)(?:-\s+)?[\"']?([\w.-]{1,80})[\"']?\s*:\s*[|>][+-]?[0-9]?")
_AFTER_VALUE = b" \t,}]"
_QUOTES = b"\"'"
_INDENT = b" \t+"  # of a diff, too
_BLOCK_ENDS = (b"|", b">", b"-", b"+")


class AnnouncedValues:
    """Follows the lines of one stream."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Nothing is announced."""
        self._named = False
        self._block_indent = -1

    def secret_in(self, line: bytes) -> tuple[int, int] | None:
        """Where in this line the value is that was announced; None for nowhere."""
        found = self._of_block(line) if self._block_indent >= 0 else None
        if self._named:
            found = _value(line)
            self._named = not line.strip()
        if found is None and self._block_indent < 0:
            self._announce(line)
        return found

    def _of_block(self, line: bytes) -> tuple[int, int] | None:
        content = line.strip(_INDENT)
        indent = len(line) - len(line.lstrip(_INDENT))
        if content and indent <= self._block_indent:
            self._block_indent = -1
            return None
        return (indent, indent + len(content)) if content else None

    def _announce(self, line: bytes) -> None:
        line = line.rstrip(_AFTER_VALUE).rstrip(_QUOTES)
        if line.endswith(_BLOCK_ENDS) and (block := _BLOCK.fullmatch(line)):
            self._block_indent = len(block[1]) if _is_secret(block[2]) else -1
        elif (b"ame" in line or b"ey" in line) and (named := _NAMED.fullmatch(line)):
            self._named = _is_secret(named[1])


def _value(line: bytes) -> tuple[int, int] | None:
    match = _VALUE.match(line)
    end = len(line.rstrip(_AFTER_VALUE).rstrip(_QUOTES))
    if match is None or match.end() >= end:
        return None
    plain = is_plain(line[match.end() : end].decode("latin-1"))
    return None if plain else (match.end(), end)


def _is_secret(name: bytes) -> bool:
    return suspicion(name.decode("latin-1")) is Suspicion.STRONG
