"""Reads JSON of any size a value at a time, and says by line and column where it is none."""

from __future__ import annotations

import codecs
import json
import os
import re
from collections.abc import Iterator
from typing import Any, Final

from chaos_otel.errors import ReportError

VALUE_CHARACTERS_MAX: Final = 64 << 20
_READ_BYTES: Final = 1 << 20
_SPACE: Final = re.compile(r"[ \t\n\r]*")
_REST_OF_NUMBER: Final = re.compile(r"[0-9.eE+-]*\Z")


class RepeatedKeys(dict[str, Any]):
    """An object in which `key` stands more than once; the last value counts."""

    key = ""


class JsonText:
    """A cursor over a JSON file. `name` stands in messages. Does not close `fd`.

    Raises ReportError with the place for what is not JSON in UTF-8, and for a value of more than
    64 Mi characters; holds no more than one value in memory.
    """

    def __init__(self, fd: int, name: str) -> None:
        self._fd = fd
        self._name = name
        self._text = ""
        self._at = 0
        self._line = 1
        self._column = 1
        self._read_bytes = 0
        self._ended = False
        self._utf8 = codecs.getincrementaldecoder("utf-8")()
        self._json = json.JSONDecoder(object_pairs_hook=_object)
        if not self.peek():
            raise ReportError(f"{name} is empty", hint="a report is written when a run has ended")

    def peek(self) -> str:
        """The next character that is no white space; empty at the end."""
        while True:
            match = _SPACE.match(self._text, self._at)
            assert match is not None
            self._at = match.end()
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._fill():
                return ""

    def value(self) -> Any:
        """The value that begins here, whole."""
        self.peek()
        while True:
            try:
                value, end = self._json.raw_decode(self._text, self._at)
            except RecursionError:
                raise self._error("nested too deeply", self._at) from None
            except json.JSONDecodeError as error:
                self._more_or(error.msg, min(error.pos, len(self._text)))
            except ValueError as error:  # a number of more digits than Python reads
                self._more_or(str(error).partition(":")[0], self._at)
            else:
                if not _goes_on(self._text, end) or not self._fill():
                    self._at = end
                    return value

    def members(self) -> Iterator[str]:
        """The keys of the object that begins here; the caller reads the value of each."""
        self._take("{")
        if self.peek() == "}":
            self._take("}")
            return
        while True:
            if self.peek() != '"':
                raise self._error("expected a key in double quotes", self._at)
            key: str = self.value()
            self._take(":")
            yield key
            if self.peek() != ",":
                self._take("}")
                return
            self._take(",")

    def elements(self) -> Iterator[int]:
        """The numbers of the elements of the list that begins here; the caller reads each."""
        self._take("[")
        if self.peek() == "]":
            self._take("]")
            return
        number = 0
        while True:
            yield number
            number += 1
            if self.peek() != ",":
                self._take("]")
                return
            self._take(",")

    def end(self) -> None:
        """Nothing may follow."""
        if self.peek():
            raise self._error("the report ends here, but more follows", self._at)

    def _take(self, character: str) -> None:
        if self.peek() != character:
            raise self._error(f"expected {character}", self._at)
        self._at += 1

    def _more_or(self, problem: str, at: int) -> None:
        """Read on, for the value may not be all here; if it is, it is broken."""
        if len(self._text) - self._at > VALUE_CHARACTERS_MAX:
            raise self._error("a value that has no end", self._at)
        broken = self._error(problem[:1].lower() + problem[1:], at)
        if not self._fill():
            raise broken

    def _fill(self) -> bool:
        """Forget what has been read and read on, as much again as is held; False at the end."""
        if self._ended:
            return False
        self._line, self._column = self._place(self._at)
        self._text = self._text[self._at :]
        self._at = 0
        data = self._read(max(_READ_BYTES, len(self._text)))
        self._ended = not data
        begun = len(self._utf8.getstate()[0])
        try:
            self._text += self._utf8.decode(data, final=self._ended)
        except UnicodeDecodeError as error:
            offset = self._read_bytes - begun + error.start
            raise ReportError(f"{self._name} is no UTF-8 text (byte {offset})") from None
        self._read_bytes += len(data)
        return not self._ended

    def _read(self, size_bytes: int) -> bytes:
        try:
            return os.read(self._fd, size_bytes)
        except OSError as error:
            problem = (error.strerror or "it cannot be read").lower()
            raise ReportError(f"cannot read {self._name} ({problem})") from None

    def _place(self, at: int) -> tuple[int, int]:
        feeds = self._text.count("\n", 0, at)
        if not feeds:
            return self._line, self._column + at
        return self._line + feeds, at - self._text.rfind("\n", 0, at)

    def _error(self, problem: str, at: int) -> ReportError:
        line, column = self._place(at)
        return ReportError(f"{self._name} is no JSON (line {line}, column {column}: {problem})")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    known = dict(pairs)
    if len(known) == len(pairs):
        return known
    repeated = RepeatedKeys(known)
    keys = [key for key, _ in pairs]
    repeated.key = next(key for key in keys if keys.count(key) > 1)
    return repeated


def _goes_on(text: str, end: int) -> bool:
    """Whether the value that ends here may be a number whose rest has not been read yet."""
    return _REST_OF_NUMBER.match(text, end) is not None
