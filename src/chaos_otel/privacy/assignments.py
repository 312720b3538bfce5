"""Finds the values of keys that promise a secret: `key=value`, `key: value`, JSON, YAML, HTTP
headers, options (`--password X`), XML, SQL. Works on one line; knows no commands, no known values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from chaos_otel.privacy import extents
from chaos_otel.privacy.extents import Extent
from chaos_otel.privacy.names import Suspicion, suspicion
from chaos_otel.privacy.patterns import Pattern
from chaos_otel.privacy.spans import Found
from chaos_otel.privacy.values import is_count, is_path, is_plain, is_version, looks_random

# What every suspicious key has in it, in lower case: found first, since patterns cost more.
ROOTS = "pass|pw|secret|token|cred|key|auth|cookie|sess|sig|jwt|bearer|psk|hmac|_pat|-pat|conn"
_KEY_CHARS = "abcdefghijklmnopqrstuvwxyz0123456789_-."
_KEY_LIMIT = 80  # characters on either side of a root: a key is no wall of text
_EXAMINED = 128  # characters of a value that are judged
_BEFORE_KEY = 16  # characters in front of a key that can matter: "access", a quote, "<"
_INDENT_LIMIT = 200
_COUNTED = ("tokens", "secrets", "passwords", "keys", "cookies", "credentials")

_ROOT = Pattern(ROOTS)
_KEY_REST = Pattern(r"[\w.\-]{0,80}")
_LINE_START = Pattern(r"(?:\x1b\[[0-9;]*m|[\s>+*#~|-])*")
_NEXT_OPTION = Pattern(r"-[A-Za-z]|--[a-z][\w=-]*")

_COLOUR = r"(?:\x1b\[[0-9;]*m)*"
_SEPARATOR = Pattern(
    rf"""{_COLOUR}(?P<quote>\\*["'`])?(?:
      (?P<assign>[ \t]*{_COLOUR}(?:=>|:=|={{1,2}}|:(?![:/])|%3[ad])[ \t]*)
    | (?P<named>[ \t]*,?[ \t]*\\*["']?value\\*["']?[ \t]*[:=][ \t]*)
    | (?P<said>[ \t]+(?:is|was|set[ ]to)[ \t:]+)
    | (?P<sql>[ \t]*(?:\([ \t]*|[ \t]+)(?=["']))
    | (?P<option>[ \t]*,[ \t]*|[ \t]+)
    | (?P<element>[^<>]{{0,80}}>)
    ){_COLOUR}""",
    re.VERBOSE | re.IGNORECASE,
)
_SCHEME = Pattern(
    r"(?:bearer|basic|token|digest|negotiate|apikey|api-key|bot|splunk|sso-key|flyv1)[ \t]+(?=\S)",
    re.IGNORECASE,
)
_CHANGED_TO = Pattern(r"[\"']?[ \t]*->[ \t]*")

_IDENTIFIED = Pattern(
    r"\bidentified[ \t]+(?:with[ \t]+\S+[ \t]+)?(?:by|as)[ \t]+(?:password[ \t]+)?"
)
_CARRIED = Pattern(r"\b(?:bearer|basic)[ \t]+([a-z0-9._~+/=-]{8,})")


class _Key(NamedTuple):
    reach: int  # from here on the text in front of it matters
    start: int
    end: int
    text: str
    before: str  # the character in front of it
    suspicion: Suspicion

    @property
    def is_option(self) -> bool:
        return self.text.startswith("-")

    @property
    def is_header(self) -> bool:
        return self.text.lower().endswith(("authorization", "cookie"))


class _Separator(NamedTuple):
    kind: str
    text: str
    quoted_key: bool
    end: int

    @property
    def is_spaced(self) -> bool:
        return self.text.endswith((" ", "\t"))


def find_assignments(line: str, lowered: str) -> Iterator[Found]:
    """The values in one line, `lowered` being its lower case; in linear time."""
    at = 0
    while root := _ROOT.search(lowered, at):
        at = root.end()
        rest = _KEY_REST.match(line, at)
        separator = _separator_at(line, rest.end() if rest else at)
        if separator is None:
            continue
        key = _key(line, lowered, root.start(), rest.end() if rest else at)
        if key.suspicion is Suspicion.NONE or not _joins(key, separator):
            continue
        found, at = _values(line, key, separator)
        yield from found


def find_identified(line: str, lowered: str) -> Iterator[Found]:
    """SQL: `IDENTIFIED BY 'x'`, with or without quotes."""
    for match in _IDENTIFIED.finditer(lowered):
        value = extents.quoted(line, match.end()) or extents.bare(line, match.end())
        yield Found(match.start(), value.start, value.end)


def find_carried(line: str, lowered: str) -> Iterator[Found]:
    """`Bearer x` and `Basic x` where no header's name is in front."""
    for match in _CARRIED.finditer(lowered):
        if looks_random(line[match.start(1) : match.end(1)][:_EXAMINED]):
            yield Found(match.start(), match.start(1), match.end(1))


def _key(line: str, lowered: str, root: int, end: int) -> _Key:
    window = lowered[max(0, root - _KEY_LIMIT) : root]
    start = root - (len(window) - len(window.rstrip(_KEY_CHARS)))
    text = line[start:end]
    words = text
    if text.lower() in ("key", "string"):  # "API key: x", "connection string: x"
        words = " ".join(line[max(0, start - _BEFORE_KEY) : end].split(" ")[-2:])
    return _Key(
        max(0, start - _BEFORE_KEY),
        start,
        end,
        text,
        line[start - 1 : start] if start else "",
        suspicion(words),
    )


def _separator_at(line: str, at: int) -> _Separator | None:
    match = _SEPARATOR.match(line, at)
    if match is None:
        return None
    kind = next(
        name for name, text in match.groupdict().items() if text is not None and name != "quote"
    )
    return _Separator(kind, match[kind], match["quote"] is not None, match.end())


def _joins(key: _Key, separator: _Separator) -> bool:
    """Whether what follows this key is its value."""
    match separator.kind:
        case "option":
            return key.is_option and (separator.quoted_key or "," not in separator.text)
        case "sql":
            return key.is_option or key.text.lower().endswith(("password", "passphrase"))
        case "element":
            return key.before == "<"
        case "assign":  # "arn:aws:secretsmanager:eu-west-1:1:secret:name" is a path
            return not (key.before == ":" and separator.text == ":")
    return True


def _values(line: str, key: _Key, separator: _Separator) -> tuple[list[Found], int]:
    """What is secret behind a separator, and where to go on."""
    start = separator.end
    if separator.kind != "option" and (scheme := _SCHEME.match(line, start)):
        start = scheme.end()
    probe = line[: start + _EXAMINED]  # or many weak keys would each read to the line's end
    value = _extent(probe, start, key, separator)
    if not _worth_hiding(probe[value.start : value.end], key, separator):
        return [], start
    value = _extent(line, start, key, separator)
    found = [Found(key.reach, value.start, value.end, value.ends)]
    if change := _CHANGED_TO.match(line, value.after):  # a plan: "old" -> "new"
        value = extents.quoted(line, change.end()) or extents.bare(line, change.end())
        found.append(Found(key.reach, value.start, value.end, value.ends))
    return found, max(value.after, start)


def _extent(line: str, start: int, key: _Key, separator: _Separator) -> Extent:
    if separator.kind == "element":
        return extents.element(line, start)
    if separator.kind != "assign":
        return extents.quoted(line, start) or extents.bare(line, start)
    if not separator.quoted_key and (value := extents.inside_quotes(line, key.start, start)):
        return value
    if value := extents.quoted(line, start) or extents.collection(line, start):
        return value
    if separator.quoted_key:
        return extents.json_scalar(line, start)
    if key.is_header:
        return extents.header(line, start)
    if (
        separator.is_spaced
        and key.start <= _INDENT_LIMIT
        and _LINE_START.fullmatch(line, 0, key.start)
    ):
        return extents.rest_of_line(line, start)
    return extents.bare(line, start)


def _worth_hiding(value: str, key: _Key, separator: _Separator) -> bool:
    content = value.strip().strip("\\\"'`")
    if is_plain(content):
        return False
    if separator.kind == "option" and _NEXT_OPTION.fullmatch(content):
        return False
    if separator.kind == "said":
        return looks_random(content) or value[:1] in ("'", '"')
    if key.suspicion is Suspicion.WEAK:
        return looks_random(content)
    return not _says_something_else(content, key, separator)


def _says_something_else(content: str, key: _Key, separator: _Separator) -> bool:
    name = key.text.lower()
    if is_count(content) and name.endswith(_COUNTED):
        return True  # tokens=512
    if name in ("pass", "pw") and is_count(content.split()[0]):
        return True  # pass: 12 fail: 0
    if is_path(content) and ("pass" not in name):
        return True  # pwd=/srv/app, private_key: /etc/ssl/private/site.key
    glued = separator.text == ":" and not separator.quoted_key
    return glued and (is_version(content) or content.isdigit())  # an image, a line number
