"""Finds secrets by the grammar of commands: the words of `mysql`, `curl` and others.

Works on the words of a command line, be it an argv or a line of text. Options whose own name
promises a secret need no command: `assignments` finds them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chaos_otel.privacy.grammars import GRAMMARS, NAMES, Grammar
from chaos_otel.privacy.names import Suspicion, suspicion
from chaos_otel.privacy.patterns import Pattern
from chaos_otel.privacy.spans import Found
from chaos_otel.privacy.values import is_plain

_DEPTH = 2  # of command lines quoted inside command lines
_LITERAL_OPTION = "--from-literal"
_NAMES = Pattern(NAMES)
_CLUSTER = Pattern(r"-[A-Za-z]{2,6}")
_SWITCHES = Pattern(r"-[fsSLkvIiOgGN#]*")  # of curl, which take no value
_PORTS = Pattern(r"[0-9.\[\]-]*:?[0-9-]+:[0-9-]+(?:/[a-z]+)?")
_WORDS = Pattern(
    r"""(?: [^\s"'\\|;&] | \\. | "(?:[^"\\]|\\.)*+" | '[^']*+' | ["'\\] )++ | [|;&]+""",
    re.VERBOSE,
)
_PIPED = Pattern(
    r"\b(?:echo|printf)[ \t]+(?:-\w+[ \t]+)*([^|\s][^|]{0,512}?)[ \t]*\|[^|]{0,200}?"
    r"(?:-stdin\b|chpasswd\b|sudo[ \t]+-S\b)",
)


class _Secret(NamedTuple):
    """The end of a word from `start` on, secret since the word `since` says which command it is."""

    word: int
    start: int
    since: int


def find_in_line(line: str, lowered: str) -> Iterator[Found]:
    """Secrets in a command line within text, quotes and all."""
    if not _NAMES.search(lowered):
        return
    yield from _in_line(line, 0, len(line), _DEPTH)


def _in_line(line: str, begin: int, end: int, depth: int) -> Iterator[Found]:
    words = [(match.start(), match[0]) for match in _WORDS.finditer(line, begin, end)]
    for secret in _secrets([word.strip("\"'") for _, word in words]):
        at, word = words[secret.word]
        quotes = len(word) - len(word.lstrip("\"'")) if secret.start else 0
        yield Found(words[secret.since][0], at + quotes + secret.start, at + len(word))
    if depth:  # sh -c "…"
        for at, word in words:
            if word[0] in "\"'" and " " in word:
                yield from _in_line(line, at + 1, at + len(word) - 1, depth - 1)


def find_piped(line: str, lowered: str) -> Iterator[Found]:
    """`echo SECRET | … --password-stdin`, `echo user:SECRET | chpasswd`."""
    for match in _PIPED.finditer(line):
        yield Found(match.start(), match.start(1), match.end(1))


def find_in_argv(argv: Sequence[str]) -> dict[int, int]:
    """Which words of an argv are secrets (or end in one), and from which character on."""
    found: dict[int, int] = {}
    for secret in _secrets(argv):
        found[secret.word] = min(secret.start, found.get(secret.word, secret.start))
    return found


def _secrets(words: Sequence[str]) -> Iterator[_Secret]:
    active: dict[Grammar, None] = {}
    since = 0
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        if word and not word.strip("|;&"):
            active, since = {}, place
            continue
        for start in _settings(words, place):
            yield _Secret(place, start, max(0, place - 2))
        for grammar in active:
            for start in _by_grammar(grammar, word, before):
                yield _Secret(place, start, since)
        name = word.rpartition("/")[2].lower()
        if found := GRAMMARS.get(name) or GRAMMARS.get(f"{before} {name}"):
            active[found] = None
        elif name == "htpasswd":
            yield from _htpasswd(words, place)


def _settings(words: Sequence[str], place: int) -> Iterator[int]:
    """`--from-literal=key=value`, `set SECRET_KEY value`."""
    word, before = words[place], words[place - 1] if place else ""
    if before == _LITERAL_OPTION and "=" in word:
        yield word.index("=") + 1
    elif word.startswith(f"{_LITERAL_OPTION}=") and "=" in word[len(_LITERAL_OPTION) + 1 :]:
        yield word.index("=", len(_LITERAL_OPTION) + 1) + 1
    elif place > 1 and words[place - 2] == "set" and suspicion(before) is Suspicion.STRONG:
        yield from () if is_plain(word) else (0,)


def _by_grammar(grammar: Grammar, word: str, before: str) -> Iterator[int]:
    """From where on the word is a secret."""
    if _ends_in(before, grammar.following) and not _is_harmless(word):
        yield 0
    if _ends_in(before, grammar.pair) and grammar.mark in word:
        yield 0
    for option in grammar.glued:
        if word.startswith(option) and not _is_harmless(word[len(option) :]):
            yield len(option)
    for option in grammar.pair:
        at = _glued_at(word, option)
        if at and grammar.mark in word[at:]:
            yield at
    at = word.find(grammar.behind) if grammar.behind else -1
    if at > 0 or (at == 0 and len(grammar.behind) > 1):
        yield from () if word.startswith(("-", "@")) else (at + len(grammar.behind),)


def _ends_in(word: str, options: tuple[str, ...]) -> bool:
    """Whether a word is one of the options, or ends in one: `-fsSu` is `-f -s -S -u`."""
    if word in options:
        return True
    return _CLUSTER.fullmatch(word) is not None and f"-{word[-1]}" in options


def _glued_at(word: str, option: str) -> int:
    """Where the value that is glued to an option begins; 0 if there is none."""
    if option.startswith("--"):
        return len(option) + 1 if word.startswith(f"{option}=") else 0
    switches = _SWITCHES.match(word)
    at = switches.end() if switches else 0
    return at + 1 if at and word[at : at + 1] == option[1] else 0


def _htpasswd(words: Sequence[str], command: int) -> Iterator[_Secret]:
    """`htpasswd -b FILE USER PASSWORD`, `htpasswd -nb USER PASSWORD`; a `-C COST` shifts by one."""
    behind = range(command + 1, len(words))
    options = "".join(words[at] for at in behind if words[at].startswith("-"))
    others = [at for at in behind if not words[at].startswith("-")]
    if "b" in options:
        yield from (_Secret(at, 0, command) for at in others[1 if "n" in options else 2 :])


def _is_harmless(word: str) -> bool:
    """A port mapping, as in `docker run --name mysql -p 3306:3306`, or nothing at all."""
    return _PORTS.fullmatch(word) is not None or is_plain(word)
