"""Where a value ends that begins at a given place in a line; judges nothing.

Each is linear in the line: alternatives begin with different characters and are possessive.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from chaos_otel.privacy.patterns import Pattern
from chaos_otel.privacy.spans import LINE_END, WORD_ENDS

# A quote in front of one of these closes something that was opened before the value.
_AFTER_QUOTE = r"[\s,;:.)\]}&|<>]|\\|$"

_OPENING = Pattern(r"[bru]{0,2}(\\*[\"'`])", re.IGNORECASE)
_BEFORE = Pattern(r"\\{0,7}[\"']$")
_GLUED = Pattern(r"(?:[\w\"'\\$%@!#^*+=~/-][^\s,;)}\]]*)?")
_BARE = Pattern(
    rf"""(?: [^\s"'`\x1b&;,<\\] | \\(?!["']) | ["'`](?!{_AFTER_QUOTE})
           | <(?!/) | [&;,](?![A-Za-z_][\w.\-]{{0,40}}[=:]|\s|$) )++""",
    re.VERBOSE,
)
_JSON_SCALAR = Pattern(r"(?:\[REDACTED\])?[^\s,}\]\"']*")
_HEADER = Pattern(r"(?:[^\"'\\\x1b]|\\(?![\"'])|[\"'](?![\s,)\]}]|\\|$))++")
_ELEMENT = Pattern(r"[^<]+")
_LIST = Pattern(r"\[(?!REDACTED\])[^\[\]]+\]|\{[^{}]*[:=][^{}]*\}")


class Extent(NamedTuple):
    """A value without its quotes; reading goes on at `after`. `ends` is as in `Found`."""

    start: int
    end: int
    after: int
    ends: str = WORD_ENDS


def quoted(line: str, start: int) -> Extent | None:
    """A value in quotes, also `\\"` as in JSON inside JSON; unclosed, it takes the line's rest.

    What is glued to the closing quote, as shells and SQL allow, belongs to the value.
    """
    opening = _OPENING.match(line, start)
    if opening is None:
        return None
    closing = _closing(line, opening[1], opening.end())
    if closing < 0:
        return Extent(opening.end(), len(line), len(line), opening[1][-1])
    behind = closing + len(opening[1])
    after = _end(_GLUED.match(line, behind), behind)
    if after > behind:
        return Extent(start, after, after)
    return Extent(opening.end(), closing, behind)


def inside_quotes(line: str, key_start: int, start: int) -> Extent | None:
    """`"KEY=some words"`: a value that lasts until the quote in front of its key is closed."""
    before = _BEFORE.search(line[max(0, key_start - 8) : key_start])
    if before is None:
        return None
    closing = _closing(line, before[0], start)
    return Extent(start, closing, closing) if closing >= 0 else None


def header(line: str, start: int) -> Extent:
    """The value of an HTTP header: several words, up to the line's end or a closing quote."""
    end = _end(_HEADER.match(line, start), start)
    return Extent(start, end, end, LINE_END)


def rest_of_line(line: str, start: int) -> Extent:
    """All but the blanks at the end."""
    end = max(start, len(line.rstrip()))
    return Extent(start, end, end, LINE_END)


def element(line: str, start: int) -> Extent:
    """The text of an XML element."""
    return _plain(_ELEMENT.match(line, start), start)


def collection(line: str, start: int) -> Extent | None:
    """A whole `[…]` or `{…: …}` with nothing nested in it."""
    match = _LIST.match(line, start)
    return _plain(match, start) if match else None


def json_scalar(line: str, start: int) -> Extent:
    """A number or a word in JSON."""
    return _plain(_JSON_SCALAR.match(line, start), start)


def bare(line: str, start: int) -> Extent:
    """One word, up to a blank, a closing quote or the next `&key=`, `;key=`, `,key=`."""
    return _plain(_BARE.match(line, start), start)


def _plain(match: re.Match[str] | None, start: int) -> Extent:
    end = _end(match, start)
    return Extent(start, end, end)


def _end(match: re.Match[str] | None, otherwise: int) -> int:
    return match.end() if match else otherwise


def _closing(line: str, mark: str, start: int) -> int:
    at = line.find(mark, start)
    while at >= 0 and _is_escaped(line, at, mark):
        at = line.find(mark, at + 1)
    return at


def _is_escaped(line: str, at: int, mark: str) -> bool:
    before = line[max(0, at - 64) : at]
    backslashes = len(before) - len(before.rstrip("\\"))
    return backslashes % 2 == 1 if len(mark) == 1 else backslashes > 0
