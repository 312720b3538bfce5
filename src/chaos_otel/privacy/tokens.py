"""Finds secrets by their own look: prefixes of providers, user info in URLs, private keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache

from chaos_otel.privacy.patterns import Pattern
from chaos_otel.privacy.providers import AWS_PAIR, BY_HEAD, BY_LITERAL, SHORTEST_RUN
from chaos_otel.privacy.spans import Found

_RUN = "a" * SHORTEST_RUN
_TO_RUNS = {
    code: "a" if chr(code).isascii() and (chr(code).isalnum() or chr(code) in "_-") else " "
    for code in range(256)
}


def _by_head() -> dict[str, list[str]]:
    patterns: dict[str, list[str]] = {}
    for heads, pattern in [*BY_HEAD.items(), ("AKI ASI", AWS_PAIR)]:
        for head in heads.split():
            patterns.setdefault(head, []).append(pattern)
    return patterns


_PATTERNS = _by_head()
_USER_INFO = Pattern(
    r"""://(?P<user>[^\s/?\#"'<>@:]{0,256}):
        (?P<password>[^\s/"'<>]{1,512}@|(?!\d{1,5}/)[^\s"'<>@]{1,512}@)
      | ://(?P<lone>[^\s/?\#"'<>@:]{20,512})@""",
    re.VERBOSE,
)
_SHARED_ACCESS = Pattern(r"[?&;]sig=([^\s&;\"'<>]{16,})", re.IGNORECASE)
_PRIVATE_KEY = Pattern(r"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----((?:(?!-----END).)+)")
_WALL = Pattern(r"[A-Za-z0-9+/=]{16}")


def find_provider_tokens(line: str) -> Iterator[Found]:
    """Tokens that their provider's prefix gives away."""
    runs = line.translate(_TO_RUNS)
    at = runs.find(_RUN)
    if at < 0:
        return
    patterns = [pattern for literal, pattern in BY_LITERAL.items() if literal in line]
    while at >= 0:
        end = runs.find(" ", at)
        end = end if end >= 0 else len(line)
        for word in line[at:end].replace("-", "_").split("_"):
            patterns += _PATTERNS.get(word[:3], ())
        at = runs.find(_RUN, end)
    for pattern in dict.fromkeys(patterns):
        yield from _matches(pattern, line)


def find_user_info(line: str, lowered: str) -> Iterator[Found]:
    """The password in `scheme://user:password@host`, and a token alone in front of the `@`."""
    if "@" not in lowered:
        return
    for match in _USER_INFO.finditer(line):
        if match["lone"] is None:
            yield Found(match.start(), match.start("password"), match.end("password") - 1)
        elif sum(map(str.isdigit, match["lone"])) >= 2:
            yield Found(match.start(), match.start("lone"), match.end("lone"))


def find_shared_access(line: str, lowered: str) -> Iterator[Found]:
    """The signature of an Azure shared access URL."""
    for match in _SHARED_ACCESS.finditer(line):
        yield Found(match.start(), match.start(1), match.end(1))


def find_private_key(line: str, lowered: str) -> Iterator[Found]:
    """A private key whose lines are one here: joined by `\\n` in JSON, or by blanks."""
    for match in _PRIVATE_KEY.finditer(line):
        if _WALL.search(match[1]):
            yield Found(match.start(), match.start(1), match.end(1))


def _matches(pattern: str, line: str) -> Iterator[Found]:
    for match in _compiled(pattern)(line):
        group = 1 if match.re.groups else 0
        yield Found(match.start(), match.start(group), match.end(group))


@cache
def _compiled(pattern: str):  # type: ignore[no-untyped-def]
    """Compiled when its literal turns up for the first time: all of them would take 20 ms."""
    return re.compile(rf"(?<![A-Za-z0-9]){pattern}", re.ASCII).finditer
