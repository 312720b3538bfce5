"""The one redactor: takes secrets out of text, argv and tags before anything is stored.

It decides and touches no file, no environment and no clock. What it looks for, and in which order,
stands in `_DETECTORS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from chaos_otel.privacy import assignments, commands, tokens
from chaos_otel.privacy.environment import secrets_of
from chaos_otel.privacy.exact import ExactValues, Secret
from chaos_otel.privacy.grammars import TRIGGERS
from chaos_otel.privacy.keys import ROOTS
from chaos_otel.privacy.names import Suspicion, suspicion
from chaos_otel.privacy.patterns import Pattern
from chaos_otel.privacy.spans import MASK, Found, masked
from chaos_otel.privacy.values import is_count, is_plain, looks_random

if TYPE_CHECKING:
    from chaos_otel.privacy.stream import StreamRedactor

# What must be in the line (in lower case) → what then looks closer.
_DETECTORS: tuple[tuple[tuple[str, ...], Callable[[str, str], Iterator[Found]]], ...] = (
    (tuple(ROOTS.split("|")), assignments.find_assignments),
    (("identified",), assignments.find_identified),
    (("bearer", "basic"), assignments.find_carried),
    (("machine ",), assignments.find_machine),
    (("://",), tokens.find_user_info),
    (("sig=",), tokens.find_shared_access),
    (("private key",), tokens.find_private_key),
    (TRIGGERS, commands.find_in_line),
    (("-stdin", "chpasswd", "sudo -s"), commands.find_piped),
)
_ANYTHING_SUSPICIOUS = Pattern(
    "|".join(re.escape(trigger) for triggers, _ in _DETECTORS for trigger in triggers)
)
_ROUNDS = 3


class Redactor:
    """Takes secrets out, each replaced by `MASK`; what is none stays as it is, byte for byte.

    Redacting what has been redacted changes nothing. Any text is taken, lone surrogates and bytes
    that are no UTF-8 included; nothing is raised. Time is linear in the length.
    """

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._exact = ExactValues(secret.value for secret in secrets)
        self._count = 0

    @classmethod
    def from_environment(
        cls, entries: Iterable[bytes], *, value_from: Sequence[str] = ()
    ) -> Redactor:
        """Know the secrets of an environment (raw `KEY=VALUE` entries), see `secrets_of`."""
        return cls(secrets_of(entries, value_from=value_from))

    @property
    def count(self) -> int:
        """Redactions made so far, by this redactor and its streams."""
        return self._count

    def text(self, text: str) -> str:
        """A name, a message: one piece of text, of one line or many."""
        if "\n" not in text and "\r" not in text and len(text) < 4096:
            return self._one_line(text)
        raw, errors = _to_bytes(text)
        redacted = self._whole(raw)
        return text if redacted == raw else _to_text(redacted, errors)

    def keyed(self, key: str, value: str) -> str:
        """The value of a tag, an attribute, a label: hidden whole if its key promises a secret."""
        if not self._hides(key, value):
            return self.text(value)
        return self.mask_all().decode("ascii")

    def argv(self, argv: Sequence[str]) -> tuple[str, ...]:
        """A command's words: options and commands whose words are secrets, then each as text."""
        secret_from = commands.find_in_argv(argv)
        redacted = []
        for place, word in enumerate(argv):
            start = min(secret_from.get(place, len(word)), self._value_start(argv, place))
            if start < len(word) and word[start:] != MASK:
                self._count += 1
                word = word[:start] + MASK
            redacted.append(self.text(word))
        return tuple(redacted)

    def stream(self) -> StreamRedactor:
        """A redactor for the bytes of one output, which come in order and in any pieces."""
        from chaos_otel.privacy.stream import StreamRedactor

        return StreamRedactor(self)

    def begun_secret(self, text: str) -> int:
        """How many characters at the end of a line may be the beginning of a known secret."""
        return self._exact.cut_prefix(text)

    def find(self, text: str, raw: bytes) -> list[Found]:
        """All secrets in one line: `text` is `raw` read as Latin-1, without a line feed."""
        found = self._exact.find(text, raw)
        found.extend(tokens.find_provider_tokens(text))
        lowered = text.lower()
        if _ANYTHING_SUSPICIOUS.search(lowered):
            for triggers, find in _DETECTORS:
                for trigger in triggers:
                    if trigger in lowered:
                        found.extend(find(text, lowered))
                        break
        return found

    def mask(self, text: str, found: Sequence[Found]) -> str:
        """Mask and count what was found in a text."""
        redacted, count = masked(text, found)
        if redacted == text:
            return text
        self._count += count
        return redacted

    def mask_all(self) -> bytes:
        """The mask for something that is secret as a whole, counted."""
        self._count += 1
        return MASK.encode("ascii")

    def line(self, raw: bytes) -> bytes:
        """One line of output, or a piece of one, without its line feed."""
        text = raw.decode("latin-1")
        redacted = self._settled(text, raw)
        return raw if redacted is text else redacted.encode("latin-1")

    def _one_line(self, text: str) -> str:
        if text.isascii():
            return self._settled(text, text.encode("ascii"))
        raw, errors = _to_bytes(text)
        latin = raw.decode("latin-1")
        redacted = self._settled(latin, raw)
        return text if redacted is latin else _to_text(redacted.encode("latin-1"), errors)

    def _settled(self, text: str, raw: bytes) -> str:
        """Redact until nothing more is found: a mask may stand where it gives another one away."""
        for _ in range(_ROUNDS):
            found = self.find(text, raw)
            if not found:
                break
            redacted = self.mask(text, found)
            if redacted == text:
                break
            text, raw = redacted, redacted.encode("latin-1")
        return text

    def _whole(self, raw: bytes) -> bytes:
        stream = self.stream()
        return stream.feed(raw) + stream.finish()

    def _hides(self, key: str, value: str) -> bool:
        found = suspicion(key)
        if found is Suspicion.NONE or is_plain(value):
            return False
        if found is Suspicion.WEAK:
            return looks_random(value)
        return not (is_count(value) and key.lower().endswith("tokens"))

    def _value_start(self, argv: Sequence[str], place: int) -> int:
        """Where in a word the value of a suspicious key or option begins; its length if nowhere."""
        word, before = argv[place], argv[place - 1] if place else ""
        key, equals, value = word.partition("=")
        if equals and " " not in key and self._hides(key, value):
            return len(key) + 1
        if before.startswith("-") and "=" not in before and not _is_option(word):
            return 0 if self._hides(before, word) else len(word)
        if "_" in before and suspicion(before) is Suspicion.STRONG and looks_random(word):
            return 0  # config create secret_access_key X
        return len(word)


def _is_option(word: str) -> bool:
    return re.match(r"-[A-Za-z]$|--[a-z]", word) is not None


def _to_bytes(text: str) -> tuple[bytes, str]:
    """UTF-8, and how to read it back: lone surrogates stand for bytes, or for nothing."""
    try:
        return text.encode("utf-8", "surrogateescape"), "surrogateescape"
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass"), "surrogatepass"


def _to_text(raw: bytes, errors: str) -> str:
    try:
        return raw.decode("utf-8", errors)
    except UnicodeDecodeError:  # a mask took half of a character
        return raw.decode("utf-8", "replace")
