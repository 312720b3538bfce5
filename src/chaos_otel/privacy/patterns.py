"""Regular expressions that cost nothing until they are used: compiling them all takes 20 ms."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Generic, TypeAlias, TypeVar

Text = TypeVar("Text", str, bytes)
Match: TypeAlias = re.Match[Text]


class Pattern(Generic[Text]):
    """An expression with ASCII classes, compiled when it is first asked for something."""

    __slots__ = ("_flags", "_source", "finditer", "fullmatch", "match", "search")

    match: Callable[..., re.Match[Text] | None]
    search: Callable[..., re.Match[Text] | None]
    fullmatch: Callable[..., re.Match[Text] | None]
    finditer: Callable[..., Iterator[re.Match[Text]]]

    def __init__(self, source: Text, flags: re.RegexFlag = re.NOFLAG) -> None:
        self._source: Text = source
        self._flags = flags if isinstance(source, bytes) else flags | re.ASCII

    def __getattr__(self, name: str) -> object:
        """Called for a slot that is still empty, so once."""
        compiled = re.compile(self._source, self._flags)
        self.match, self.search = compiled.match, compiled.search
        self.fullmatch, self.finditer = compiled.fullmatch, compiled.finditer
        return object.__getattribute__(self, name)


def words(text: str) -> frozenset[str]:
    """The words of a text, for lists that are read and changed by people."""
    return frozenset(text.split())
