"""Known secrets, found in every form in which programs print them; knows no grammar of text.

Forms: as it is; URL-encoded; inside JSON (also JSON in JSON) and XML; quoted for a shell; base64,
standard and URL-safe, wherever it lies in what was encoded.
"""

from __future__ import annotations

import binascii
import re
import sys
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from chaos_otel.privacy.patterns import Pattern
from chaos_otel.privacy.spans import MASK, Found

# Anything shorter would mask half of the output.
MIN_FORM_BYTES = 4
# Longer secrets are looked for in pieces, so that no cut of a long line can hide one.
PIECE_BYTES = 1024
_GROUP_BYTES = 4
_INDEXED_BYTES = 2 * _GROUP_BYTES - 1  # from here on a form holds a whole group wherever it begins
_UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_URLSAFE = bytes.maketrans(b"+/", b"-_")
_PEM_LINE = Pattern(rb"-----(?:BEGIN|END) [A-Z0-9 ]+-----")


class Secret(NamedTuple):
    """A value that must not be stored. `name` says where it is from, and is never stored either."""

    name: str
    value: bytes


class ExactValues:
    """Finds the forms of given values; how many they are hardly matters for the time it takes."""

    def __init__(self, values: Iterable[bytes]) -> None:
        forms = {form for value in values for form in forms_of(value)}
        self._forms = sorted((form.decode("latin-1") for form in forms), key=len, reverse=True)
        self._short = [form for form in self._forms if len(form) < _INDEXED_BYTES]
        self._shortest = min(map(len, self._forms), default=sys.maxsize)
        self._index = {
            int.from_bytes(form[at : at + _GROUP_BYTES].encode("latin-1"), sys.byteorder)
            for form in self._forms
            if len(form) >= _INDEXED_BYTES
            for at in range(_GROUP_BYTES)
        }

    def find(self, text: str, raw: bytes) -> list[Found]:
        """Every occurrence in `text`, which is `raw` decoded as Latin-1."""
        if not self.may_hold(text, raw):
            return []
        return [found for form in self._forms if form in text for found in _all(form, text)]

    def may_hold(self, text: str, raw: bytes) -> bool:
        """False: none is in it. Looks at each fourth byte only.

        A form of 7 bytes or more covers, wherever it begins, one aligned group of 4 bytes, and that
        begins at one of the form's first 4 bytes. So one set lookup for each group tells for all
        forms at once (0.4 µs for a line of 80 bytes; a search for each of 60 forms: 3 µs).
        """
        if len(raw) < self._shortest:
            return False
        groups = memoryview(raw[: len(raw) & -_GROUP_BYTES]).cast("I")
        if not self._index.isdisjoint(groups):
            return True
        return any(form in text for form in self._short)

    def cut_prefix(self, text: str) -> int:
        """The length of the longest beginning of a form (3 characters or more) that ends `text`."""
        return max((_overlap(form, text) for form in self._forms), default=0)


def forms_of(value: bytes) -> set[bytes]:
    """All forms of a value, those left out that are too short or would match the mask itself."""
    forms: set[bytes] = set()
    for piece in _pieces(value):
        forms |= _written(piece) | _base64(piece)
    forms |= {line for line in _lines(value) if len(line) >= 2 * MIN_FORM_BYTES}
    mask = MASK.encode("ascii")
    return {form for form in forms if len(form) >= MIN_FORM_BYTES and form not in mask}


def _all(form: str, text: str) -> Iterator[Found]:
    at = text.find(form)
    while at >= 0:
        yield Found(at, at, at + len(form))
        at = text.find(form, at + 1)


def _overlap(form: str, text: str) -> int:
    return next(
        (
            size
            for size in range(min(len(form) - 1, len(text)), 2, -1)
            if text.endswith(form[:size])
        ),
        0,
    )


def _pieces(value: bytes) -> list[bytes]:
    pieces = [value[at : at + PIECE_BYTES] for at in range(0, len(value), PIECE_BYTES)]
    if len(pieces) > 1 and len(pieces[-1]) < 2 * MIN_FORM_BYTES:
        pieces[-2:] = [pieces[-2] + pieces[-1]]
    return pieces


def _lines(value: bytes) -> list[bytes]:
    """The lines of a value of several: text is redacted line by line."""
    lines = [line.strip() for line in value.splitlines()]
    return [line for line in lines if not _PEM_LINE.fullmatch(line)] if len(lines) > 1 else []


def _written(value: bytes) -> set[bytes]:
    return {value} | _in_url(value) | _in_json(value) | _in_xml(value) | _in_shell(value)


def _in_url(value: bytes) -> set[bytes]:
    """`quote` with or without the slash, `encodeURIComponent`, form encoding; either hex."""
    forms = set()
    for safe in (b"", b"/", b"!'()*", b"/:@!$&'()*+,;="):
        keep = _UNRESERVED.union(safe)
        for style in ("%%%02X", "%%%02x"):
            quoted = "".join(chr(byte) if byte in keep else style % byte for byte in value)
            forms |= {quoted.encode(), quoted.replace("%20", "+").encode()}
    return forms


def _in_json(value: bytes) -> set[bytes]:
    import json

    try:
        text = value.decode("utf-8")
    except UnicodeDecodeError:
        return set()
    plain = {json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]}
    plain |= {form.replace("/", "\\/") for form in plain}
    # Go escapes what HTML would take for a tag, .NET also quotes and plus, both with \u.
    plain |= {_unicode_escaped(form, "<>&") for form in plain}
    plain |= {_unicode_escaped(form, "<>&'+") for form in plain}
    plain |= {re.sub(r"\\u[0-9a-f]{4}", _upper_hex, form) for form in plain}
    nested = {form.replace("\\", "\\\\").replace('"', '\\"') for form in plain}
    return {form.encode("utf-8") for form in plain | nested}


def _upper_hex(escape: re.Match[str]) -> str:
    return escape[0][:2] + escape[0][2:].upper()


def _unicode_escaped(text: str, special: str) -> str:
    return "".join(f"\\u{ord(char):04x}" if char in special else char for char in text)


def _in_xml(value: bytes) -> set[bytes]:
    content = value.replace(b"&", b"&amp;").replace(b"<", b"&lt;").replace(b">", b"&gt;")
    double = content.replace(b'"', b"&quot;")
    numeric = content.replace(b'"', b"&#34;").replace(b"'", b"&#39;")
    return {
        content,
        double,
        double.replace(b"'", b"&#39;"),
        double.replace(b"'", b"&#x27;"),
        double.replace(b"'", b"&apos;"),
        numeric,
    }


def _in_shell(value: bytes) -> set[bytes]:
    """As `set -x`, `printf %q` and Python's `shlex.quote` and `repr` print it."""
    return {
        value.replace(b"'", b"'\\''"),
        value.replace(b"'", b"'\"'\"'"),
        re.sub(rb"[^\w@%+=:,./\x80-\xff-]", rb"\\\g<0>", value),
        re.sub(rb'[\\"$`]', rb"\\\g<0>", value),
        value.replace(b"\\", b"\\\\"),
        value.replace(b"\\", b"\\\\").replace(b"'", b"\\'"),
    }


def _base64(value: bytes) -> set[bytes]:
    """The characters of the base64 text that depend on the value alone, for each place of its first
    byte in a group of three."""
    forms = set()
    for before in range(3):
        encoded = binascii.b2a_base64(bytes(before) + value, newline=False)
        first = -(-8 * before // 6)
        last = 8 * (before + len(value)) // 6
        forms |= {encoded[first:last], encoded[first:last].translate(_URLSAFE)}
    return forms
