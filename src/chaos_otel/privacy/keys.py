"""Finds keys that may promise a secret, and what stands between them and their values."""

from __future__ import annotations

import re
from typing import NamedTuple

from chaos_otel.privacy.names import Suspicion, suspicion
from chaos_otel.privacy.patterns import Pattern

# What every suspicious key has in it, in lower case: found first, since patterns cost more.
ROOTS = "pass|pw|secret|token|cred|key|auth|cookie|sess|sig|jwt|bearer|psk|hmac|_pat|-pat|conn"
_KEY_CHARS = "abcdefghijklmnopqrstuvwxyz0123456789_-."
_KEY_LIMIT = 80  # characters on either side of a root: a key is no wall of text
_BEFORE_KEY = 16  # characters in front of a key that can matter: "access", a quote, "<"

_COLOUR = r"(?:\x1b\[[0-9;]*m)*"
_ROOT = Pattern(ROOTS)
_KEY_REST = Pattern(r"[\w.\-]{0,80}")
_CALLED = Pattern(r"\([ \t]*\\*[\"']$")
_SEPARATOR = Pattern(
    rf"""{_COLOUR}(?P<quote>\\*["'`])?(?:
      (?P<assign>[ \t]*\]?[ \t]*{_COLOUR}(?:=>|:=|={{1,2}}|:(?![:/])|%3[ad])[ \t]*)
    | (?P<named>[ \t]*,?[ \t]*\\*["']?value\\*["']?[ \t]*[:=][ \t]*)
    | (?P<said>[ \t]+(?:(?:is|was)(?:[ ]now)?(?:[ ](?:set|changed)[ ]to)?|set[ ]to)[ \t:]+)
    | (?P<sql>[ \t]*(?:\([ \t]*|[ \t]+)(?=["']))
    | (?P<call>[ \t]*,[ \t]*)
    | (?P<blank>[ \t]+)
    | (?P<element>(?<=["'])[ ]?/?>)
    ){_COLOUR}""",
    re.VERBOSE | re.IGNORECASE,
)
_ELEMENT = Pattern(r"(?P<quote>\0)?(?P<element>[^<>=\"']{0,9}(?:[ \t][^<>]{0,80})?>)")


class Key(NamedTuple):
    """A key as it stands in a line, from `start`; the text in front of it matters from `reach`."""

    reach: int
    start: int
    text: str
    before: str
    suspicion: Suspicion

    @property
    def is_option(self) -> bool:
        return self.text.startswith("-")

    @property
    def is_header(self) -> bool:
        return self.text.lower().endswith(("authorization", "cookie"))

    @property
    def is_compound(self) -> bool:
        """Whether it is an identifier of several words, which prose has not."""
        return "_" in self.text


class Separator(NamedTuple):
    """What kind of thing stands between a key and its value, which begins at `end`."""

    kind: str
    text: str
    quoted_key: bool
    end: int

    @property
    def is_spaced(self) -> bool:
        return self.text.endswith((" ", "\t"))


class Candidate(NamedTuple):
    """A suspicious key and its separator; reading goes on at `after` if it is none after all."""

    key: Key
    separator: Separator
    after: int


def next_key(line: str, lowered: str, at: int) -> Candidate | None:
    """The next suspicious key, from `at` on, with a value behind it."""
    while root := _ROOT.search(lowered, at):
        at = root.end()
        rest = _KEY_REST.match(line, at)
        end = rest.end() if rest else at
        start = _start(lowered, root.start())
        separator = _separator(line, start, end)
        if separator is None:
            continue
        key = _key(line, start, end)
        if key.suspicion is not Suspicion.NONE and _joins(key, separator):
            return Candidate(key, separator, at)
    return None


def _start(lowered: str, root: int) -> int:
    window = lowered[max(0, root - _KEY_LIMIT) : root]
    return root - (len(window) - len(window.rstrip(_KEY_CHARS)))


def _separator(line: str, start: int, end: int) -> Separator | None:
    in_tag = start > 0 and line[start - 1] == "<"
    match = (_ELEMENT.match(line, end) if in_tag else None) or _SEPARATOR.match(line, end)
    if match is None:
        return None
    found = match.groupdict()
    quoted = found.pop("quote") is not None
    kind = next(name for name, text in found.items() if text is not None)
    return Separator(kind, found[kind], quoted, match.end())


def _key(line: str, start: int, end: int) -> Key:
    reach = max(0, start - _BEFORE_KEY)
    text = line[start:end]
    words = text
    if text.lower() in ("key", "string"):  # "API key: x", "connection string: x"
        words = " ".join(line[reach:end].split(" ")[-2:])
    return Key(reach, start, text, line[reach:start], suspicion(words))


def _joins(key: Key, separator: Separator) -> bool:
    """Whether what follows this key is its value."""
    match separator.kind:
        case "assign":  # "arn:aws:secretsmanager:eu-west-1:1:secret:name" is a path
            return not (key.before.endswith(":") and separator.text == ":")
        case "blank":
            return key.is_option or (key.is_compound and not separator.quoted_key)
        case "call":  # ["--password", "x"], setenv("PASSWORD", "x")
            in_call = _CALLED.search(key.before) is not None
            return separator.quoted_key and (key.is_option or in_call)
        case "sql":
            return key.is_option or key.text.lower().endswith(("password", "passphrase"))
        case "element":
            return key.before.endswith("<") or separator.quoted_key
    return True
