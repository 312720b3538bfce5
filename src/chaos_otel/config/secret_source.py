"""Where a token is: in a variable, in a private file, or at hand. It is looked up when it is sent.

Says only how to find one; nothing here puts a token into an error's words.
"""

from __future__ import annotations

import os
import re
import stat
from typing import Literal, NamedTuple

from chaos_otel.config.environment import Environment
from chaos_otel.errors import ConfigError, in_words

_LARGEST_BYTES = 65536
# what a header's name and value may be made of (RFC 9110)
_NAME = r"(?a)[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_VALUE = r"[\t\x20-\x7e\x80-\xff]*"


class Secret(NamedTuple):
    """A token, or the name of the variable or file that holds it; `prefix` stands before it."""

    kind: Literal["literal", "env", "file"]
    text: str
    prefix: str = ""

    def __repr__(self) -> str:
        """Without the token: this may end in a log."""
        return f"Secret({self.kind}{'' if self.kind == 'literal' else f':{self.text}'})"


class Header(NamedTuple):
    """A header by its name in lower case."""

    name: str
    secret: Secret


def header(name: str, secret: Secret) -> Header:
    """A header that can be sent; ValueError, without the value, for what is none."""
    if not re.fullmatch(_NAME, name):
        raise ValueError("has what is no header: write it like name=value,name=value")
    if secret.kind == "literal":
        _refuse_unsendable(name, secret.text)
    return Header(name.lower(), secret)


def parse_secret(text: str, *, private: bool) -> Secret:
    """`env:NAME` or `file:/PATH` as a file of settings holds it. A token itself may stand there
    only if the file is `private`; ValueError with advice otherwise."""
    kind, colon, rest = text.partition(":")
    if colon and kind == "env" and re.fullmatch(r"(?a)[A-Za-z_]\w*", rest):
        return Secret("env", rest)
    if colon and kind == "file" and os.path.isabs(rest):
        return Secret("file", rest)
    if colon and kind in ("env", "file"):
        raise ValueError('is no place of a token: write "env:NAME" or "file:/whole/path"')
    if not private:
        raise ValueError(
            "is a token in a file that others can read or own: "
            'write "env:NAME" or "file:/whole/path", or chmod 600 the file'
        )
    return Secret("literal", text)


def reveal(name: str, secret: Secret, environment: Environment) -> str:
    """The value of the header `name`; ConfigError where it is not there or is not private."""
    if secret.kind == "literal":
        return secret.prefix + secret.text
    value = environment.get(secret.text, "") if secret.kind == "env" else _read(secret.text)
    if not value:
        where = f"the variable {secret.text}" if secret.kind == "env" else secret.text
        raise ConfigError(f"the token for {name} is not there ({where} is empty)", hint="set it")
    try:
        _refuse_unsendable(name, value)
    except ValueError as error:
        raise ConfigError(f"{secret.kind}:{secret.text} {error}") from error
    return secret.prefix + value


def _refuse_unsendable(name: str, value: str) -> None:
    if not re.fullmatch(_VALUE, value):
        raise ValueError(f"has a value for {name} that cannot be sent: is there a line end in it?")


def _read(path: str) -> str:
    """A private file's first line, without what surrounds it."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(fd)
            if not stat.S_ISREG(status.st_mode):
                raise ConfigError(f"{path} is not a file", hint="it should hold a token")
            if status.st_uid not in (os.geteuid(), 0) or status.st_mode & 0o077:
                raise ConfigError(
                    f"{path} holds a token and others can read it",
                    hint=f"chmod 600 {path}, and be its owner",
                )
            data = os.read(fd, _LARGEST_BYTES)
        finally:
            os.close(fd)
    except OSError as error:
        raise ConfigError(f"cannot read a token: {in_words(error)}") from error
    return data.decode("latin-1").strip()
