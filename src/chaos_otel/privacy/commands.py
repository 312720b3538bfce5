"""Finds secrets by the grammar of commands: which words of `mysql`, `curl` and others are passwords.

Works on the words of a command line, be it an argv or a line of text. Options whose own name promises a
secret need no command and are found by `assignments`. To add a command: one line in `_GRAMMARS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from chaos_otel.privacy.names import Suspicion, suspicion
from chaos_otel.privacy.spans import Found
from chaos_otel.privacy.values import is_plain

_FLAGS = re.ASCII


class Grammar(NamedTuple):
    """What the words after a command's name mean.

    `following`: the word after one of these options is a secret. `glued`: what is glued to one of
    these is. `pair`: either way, if `mark` is in it (`user:password`). `behind`: what comes behind
    this inside any word that is no option.
    """

    following: tuple[str, ...] = ()
    glued: tuple[str, ...] = ()
    pair: tuple[str, ...] = ()
    mark: str = ":"
    behind: str = ""


_MYSQL = Grammar(glued=("-p",))
_MONGO = Grammar(("-p",), glued=("-p",))
_LDAP = Grammar(("-w",), glued=("-w",))
_SMB = Grammar(pair=("-U", "--user"), mark="%")
_SNMP = Grammar(("-A", "-X", "-c"))
_CAPITAL_P = Grammar(("-P",), glued=("-P",))
_REDIS = Grammar(("-a", "--pass"), glued=("-a",))
_SETTINGS = Grammar(behind="=")

# A command, by the last part of its path, or its last two words.
_GRAMMARS = {
    **dict.fromkeys(
        "mysql mysqldump mysqladmin mysqlimport mysqlcheck mysqlshow mysqlsh mariadb mariadb-dump"
        " mariadb-admin mycli 7z".split(),
        _MYSQL,
    ),
    **dict.fromkeys(
        "mongo mongosh mongodump mongorestore mongoexport mongoimport sshpass login".split(), _MONGO
    ),
    **dict.fromkeys("ldapsearch ldapadd ldapmodify ldapdelete ldapwhoami".split(), _LDAP),
    **dict.fromkeys("smbclient rpcclient smbget".split(), _SMB),
    **dict.fromkeys("snmpget snmpset snmpwalk".split(), _SNMP),
    **dict.fromkeys("sqlcmd bcp zip unzip ipmitool".split(), _CAPITAL_P),
    **dict.fromkeys("redis-cli keydb-cli valkey-cli".split(), _REDIS),
    **dict.fromkeys(["secrets set", "secret set", "config:set"], _SETTINGS),
    **dict.fromkeys(["http", "https"], Grammar(pair=("-a", "--auth"))),
    "curl": Grammar(
        ("--oauth2-bearer", "--pass", "--proxy-pass", "--tlspassword", "-b", "--cookie"),
        pair=("-u", "--user", "-U", "--proxy-user", "-E", "--cert"),
    ),
    "ldappasswd": Grammar(("-w", "-s", "-a"), glued=("-w",)),
    "lftp": Grammar(pair=("-u",), mark=","),
    "keytool": Grammar(("-storepass", "-keypass")),
    "openssl": Grammar(("-K", "-k"), behind="pass:"),
    "sqlplus": Grammar(behind="/"),
    "doctl": Grammar(("-t",)),
}
_LITERAL_OPTION = "--from-literal"

# A line of text is split into words only if one of these is in it (in lower case).
TRIGGERS = (
    "mysql mariadb mycli mongo curl sshpass redis-cli keydb-cli valkey-cli htpasswd openssl keytool"
    " ldap smbclient rpcclient smbget sqlcmd sqlplus snmp ipmitool doctl lftp from-literal config:set"
).split() + [" login ", "http -", "https -", "zip -", "7z ", "bcp ", " set "]

_PORTS = re.compile(r"[0-9.\[\]-]*:?[0-9-]+:[0-9-]+(?:/[a-z]+)?", _FLAGS)
_words = re.compile(
    r"""(?: [^\s"'\\|;&] | \\. | "(?:[^"\\]|\\.)*+" | '[^']*+' | ["'\\] )++ | [|;&]+""",
    _FLAGS | re.VERBOSE,
).finditer
_piped = re.compile(
    r"\b(?:echo|printf)[ \t]+(?:-\w+[ \t]+)*([^|\s][^|]{0,512}?)[ \t]*\|[^|]{0,200}?"
    r"(?:-stdin\b|chpasswd\b|sudo[ \t]+-S\b)",
    _FLAGS,
).finditer


class _Secret(NamedTuple):
    word: int
    start: int


def find_in_line(line: str, lowered: str) -> Iterator[Found]:
    """Secrets in a command line within text, quotes and all."""
    words = [(match.start(), match[0]) for match in _words(line)]
    bare = [word.strip("\"'") for _, word in words]
    for secret in _secrets(bare):
        at, word = words[secret.word]
        quotes = len(word) - len(word.lstrip("\"'")) if secret.start else 0
        yield Found(words[max(0, secret.word - 1)][0], at + quotes + secret.start, at + len(word))


def find_piped(line: str, lowered: str) -> Iterator[Found]:
    """`echo SECRET | … --password-stdin`, `echo user:SECRET | chpasswd`."""
    for match in _piped(line):
        yield Found(match.start(), match.start(1), match.end(1))


def find_in_argv(argv: Sequence[str]) -> dict[int, int]:
    """Which words of an argv are secrets (or end in one), and from which character on."""
    found: dict[int, int] = {}
    for secret in _secrets(argv):
        found[secret.word] = min(secret.start, found.get(secret.word, secret.start))
    return found


def _secrets(words: Sequence[str]) -> Iterator[_Secret]:
    active: list[Grammar] = []
    for place, word in enumerate(words):
        before = words[place - 1] if place else ""
        if word and not word.strip("|;&"):
            active = []
            continue
        yield from _settings(words, place)
        for grammar in active:
            yield from (_Secret(place, start) for start in _by_grammar(grammar, word, before))
        name = word.rpartition("/")[2].lower()
        if grammar_found := _GRAMMARS.get(name) or _GRAMMARS.get(f"{before} {name}"):
            active.append(grammar_found)
        elif name == "htpasswd":
            yield from _htpasswd(words, place + 1)


def _settings(words: Sequence[str], place: int) -> Iterator[_Secret]:
    """`--from-literal=key=value`, `set SECRET_KEY value`."""
    word, before = words[place], words[place - 1] if place else ""
    if before == _LITERAL_OPTION and "=" in word:
        yield _Secret(place, word.index("=") + 1)
    elif word.startswith(f"{_LITERAL_OPTION}=") and "=" in word[len(_LITERAL_OPTION) + 1 :]:
        yield _Secret(place, word.index("=", len(_LITERAL_OPTION) + 1) + 1)
    elif place > 1 and words[place - 2] == "set" and suspicion(before) is Suspicion.STRONG:
        yield from () if is_plain(word) else (_Secret(place, 0),)


def _by_grammar(grammar: Grammar, word: str, before: str) -> Iterator[int]:
    """From where on the word is a secret."""
    if before in grammar.following and not _is_harmless(word):
        yield 0
    if before in grammar.pair and grammar.mark in word:
        yield 0
    for option in grammar.glued:
        if word.startswith(option) and not _is_harmless(word[len(option) :]):
            yield len(option)
    for option in grammar.pair:
        glue = "=" if option.startswith("--") else ""
        if word.startswith(option + glue) and grammar.mark in word[len(option) :]:
            yield len(option + glue)
    at = word.find(grammar.behind) if grammar.behind else -1
    if at > 0 or (at == 0 and len(grammar.behind) > 1):
        yield from () if word.startswith(("-", "@")) else (at + len(grammar.behind),)


def _htpasswd(words: Sequence[str], begin: int) -> Iterator[_Secret]:
    """`htpasswd -b FILE USER PASSWORD`, `htpasswd -nb USER PASSWORD`; a `-C COST` shifts by one."""
    options = "".join(word for word in words[begin:] if word.startswith("-"))
    others = [at for at in range(begin, len(words)) if not words[at].startswith("-")]
    if "b" in options:
        yield from (_Secret(at, 0) for at in others[1 if "n" in options else 2 :])


def _is_harmless(word: str) -> bool:
    """A port mapping, as in `docker run --name mysql -p 3306:3306`, or nothing at all."""
    return _PORTS.fullmatch(word) is not None or is_plain(word)
