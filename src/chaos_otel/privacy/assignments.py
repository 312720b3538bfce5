"""Finds the values of keys that promise a secret: `key=value`, `key: value`, JSON, YAML, HTTP
headers, options (`--password X`), XML, SQL. Works on one line; knows no commands, no known values.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from chaos_otel.privacy import extents
from chaos_otel.privacy.extents import Extent
from chaos_otel.privacy.keys import Candidate, Key, Separator, next_key
from chaos_otel.privacy.names import SHOUTED, Suspicion
from chaos_otel.privacy.patterns import Pattern
from chaos_otel.privacy.spans import Found
from chaos_otel.privacy.values import is_count, is_path, is_plain, is_version, looks_random

_EXAMINED = 128  # characters of a value that are judged
_INDENT_LIMIT = 200
_COUNTED = ("tokens", "secrets", "passwords", "keys", "cookies", "credentials")

_LINE_START = Pattern(r"(?:\x1b\[[0-9;]*m|[\s>+*#~|-])*")
_NEXT_OPTION = Pattern(r"-[A-Za-z]|--[a-z][\w=-]*")

_SCHEME = Pattern(
    r"(?:bearer|basic|token|digest|negotiate|apikey|api-key|bot|splunk|sso-key|flyv1)[ \t]+(?=\S)",
    re.IGNORECASE,
)
_CHANGED_TO = Pattern(r"[\"']?[ \t]*->[ \t]*")

_MACHINE = Pattern(r"\bmachine[ \t]+\S+[ \t]+login[ \t]+\S+[ \t]+password[ \t]+(\S+)")
_IDENTIFIED = Pattern(
    r"\bidentified[ \t]+(?:with[ \t]+\S+[ \t]+)?(?:by|as)[ \t]+(?:password[ \t]+)?"
)
_CARRIED = Pattern(r"\b(?:bearer|basic)[ \t]+([a-z0-9._~+/=-]{8,})")


def find_assignments(line: str, lowered: str) -> Iterator[Found]:
    """The values in one line, `lowered` being its lower case; in linear time."""
    at = 0
    while candidate := next_key(line, lowered, at):
        found, at = _values(line, candidate)
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


def find_machine(line: str, lowered: str) -> Iterator[Found]:
    """A line of `.netrc`."""
    for match in _MACHINE.finditer(line):
        yield Found(match.start(), match.start(1), match.end(1))


def _values(line: str, candidate: Candidate) -> tuple[list[Found], int]:
    """What is secret behind a key, and where to go on."""
    key, separator, _ = candidate
    start = separator.end
    if separator.kind == "assign" and (scheme := _SCHEME.match(line, start)):
        start = scheme.end()
    probe = line[: start + _EXAMINED]  # or many weak keys would each read to the line's end
    value = _extent(probe, start, key, separator)
    said = separator.kind == "said" and not extents.quoted(line, start)
    if said and not looks_random(probe[value.start : value.end]):
        return [], candidate.after
    if not _worth_hiding(probe[value.start : value.end], key, separator):
        return [], candidate.after
    value = _extent(line, start, key, separator)
    if separator.kind == "element" and not line.startswith("</", value.end):
        return [], candidate.after
    found = [Found(key.reach, value.start, value.end, value.ends)]
    if change := _CHANGED_TO.match(line, value.after):  # a plan: "old" -> "new"
        value = extents.quoted(line, change.end()) or extents.bare(line, change.end())
        found.append(Found(key.reach, value.start, value.end, value.ends))
    return found, max(value.after, start)


def _extent(line: str, start: int, key: Key, separator: Separator) -> Extent:
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


def _worth_hiding(value: str, key: Key, separator: Separator) -> bool:
    content = value.strip().strip("\\\"'`")
    if is_plain(content):
        return False
    if separator.kind in ("blank", "sql") and _NEXT_OPTION.fullmatch(content):
        return False
    if separator.kind == "blank" and not key.is_option:
        return looks_random(content)
    if key.suspicion is Suspicion.WEAK:
        return looks_random(content)
    return not _says_something_else(content, key, separator)


def _says_something_else(content: str, key: Key, separator: Separator) -> bool:
    name = key.text.lower()
    if is_count(content) and name.endswith(_COUNTED):
        return True  # tokens=512
    if name in ("pass", "pw") and is_count(content.split()[0]):
        return True  # pass: 12 fail: 0
    if key.text in SHOUTED and (separator.text != "=" or is_count(content)):
        return True  # PASS: test_login
    if name == "pwd" and content.startswith("/"):
        return True
    if is_path(content) and "pass" not in name:
        return True  # private_key: /etc/ssl/private/site.key
    glued = separator.text == ":" and not separator.quoted_key
    return glued and (is_version(content) or content.isdigit())  # an image, a line number
