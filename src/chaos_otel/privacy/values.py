"""Whether the value of a suspicious key is worth hiding: a reference or a plain word is not."""

from __future__ import annotations

import re

from chaos_otel.privacy.names import suspicion
from chaos_otel.privacy.patterns import Pattern, words
from chaos_otel.privacy.spans import MASK

# What stands where a secret would, in messages, schemas and masked output of others.
_PLAIN_WORDS = words("""
    a absent accepted already an and any api are argument as at authentication authorization
    available bad bool boolean bytes by cannot changed configmap configured confirm correct created
    default deleted denied disabled does duplicate empty enabled error exists expired expires fail
    failed failure false field file flag for found from generated granted has header help hidden if
    in incorrect input int integer invalid is key length loaded long mandatory masked match matches
    mismatch missing must n/a needed nil no none not null number object of off ok on option optional
    or parameter policy present redacted refreshed rejected removed renewed required reset revoked
    rotated secret set short should string str strong success succeeded text the to token too true
    unchanged undefined unknown unset updated use user using valid value via was weak when will with
    without wrong yes you your
    """)
_REFERENCE = Pattern(
    r"\$\{[A-Za-z_][\w.]*\}|\$[A-Za-z_]\w{2,}|%[A-Z_][A-Z0-9_]*%|\{\{[^{}]*\}\}|\$\{\{[^{}]*\}\}"
    r"|<[A-Za-z][\w .-]*>|%[sdrqv]|\{\w*\}|\((?:sensitive|known|unset|none|hidden|redacted|not)\b.*"
    r"|\[(?:redacted|hidden|masked|filtered|sensitive|secret)\]|<(?:redacted|hidden|masked|unset)>"
    r"|\.{2,}|[0-9]+ bytes|[*•xX#?_\u2022-]{2,}|[0-9.,]+\s?(?:ms|[smhd%])",
    re.IGNORECASE,
)
_VARIABLE = Pattern(r"[A-Z][A-Z0-9]*_[A-Z0-9_]+|[A-Z]{3,}")
_NUMERIC = Pattern(r"[+-]?[0-9][0-9.,/%:]*[a-z%]{0,3}", re.IGNORECASE)
_VERSION = Pattern(r"v?[0-9]+(?:\.[0-9]+)+[\w.+-]*|latest|stable|main|master|edge")
_PATH = Pattern(r"(?:~|\.{1,2})?(?:/[\w.@+-]+){2,}/?")
_OPENERS = words("{ [ ( | > |- >- |+ >+ {} [] () {{ ${{ \\")


def is_plain(value: str) -> bool:
    """Whether a value hides nothing: empty, a mask, a placeholder, a reference, a word of prose."""
    bare = value.strip().strip("\"'`,;")
    if not bare or bare == MASK or bare in _OPENERS:
        return True
    word = bare.strip("()[]{}<>.,;:!?")
    if word.lower() in _PLAIN_WORDS or _REFERENCE.fullmatch(bare):
        return True
    return _is_metavariable(word)


def is_count(value: str) -> bool:
    """Whether a value is a number with at most a short unit: `5`, `12/12`, `3.5s`."""
    return _NUMERIC.fullmatch(value.strip("\"' ,;")) is not None


def is_version(value: str) -> bool:
    """Whether a value is what stands behind the colon of an image's name."""
    return _VERSION.fullmatch(value) is not None


def is_path(value: str) -> bool:
    """Whether a value is a path of two parts or more, not base64 with slashes in it."""
    return _PATH.fullmatch(value) is not None and sum(map(str.isupper, value)) < 3


def looks_random(value: str) -> bool:
    """Whether a value looks generated: what it takes beside a key such as `auth` or `signature`."""
    if len(value) < 12 or value.startswith(("/", "./", "~/")):
        return False
    digits = sum(map(str.isdigit, value))
    upper = sum(map(str.isupper, value))
    lower = sum(map(str.islower, value))
    mixed = upper >= 3 and lower >= 3
    return (digits >= 2 and upper + lower >= 4 and " " not in value) or mixed


def _is_metavariable(bare: str) -> bool:
    """`--password PASSWORD` in a usage text."""
    if not _VARIABLE.fullmatch(bare):
        return False
    return bare in ("PASS", "PWD", "KEY", "VALUE", "STRING", "TEXT") or bool(suspicion(bare))
