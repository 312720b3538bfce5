"""The tables `[destinations.NAME]` of a user's or a host's settings file.

    [destinations.work]
    type = "otlp"
    url = "https://collector.example:4318"
    headers = {authorization = "env:COLLECTOR_TOKEN"}

What is wrong in a table costs that destination and gives a problem with file and line.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any, NamedTuple

from chaos_otel.config import kinds
from chaos_otel.config.address import Address, parse_address
from chaos_otel.config.files import SettingsFile
from chaos_otel.config.problem import Problem, what_and_remedy
from chaos_otel.config.secret_source import Header, header, parse_secret
from chaos_otel.config.wanted_destination import (
    OTLP_SIGNALS,
    PROTOCOLS,
    Option,
    OtlpSignal,
    Wanted,
    whole_address,
)

_TYPES = ("otlp", "endpoint")
_OWN = ("type", "url", "signals")


def wanted_in(file: SettingsFile) -> tuple[list[Wanted], list[Problem]]:
    """The destinations that a file defines, in its order, and what is wrong in it."""
    tables = file.values.get("destinations", {})
    if file.project or not tables:
        return [], []  # a project's table has had its warning already
    if not isinstance(tables, dict):
        return [], [_problem(file, "destinations", "is no table: write [destinations.NAME]")]
    found: list[Wanted] = []
    problems: list[Problem] = []
    for name, table in tables.items():
        try:
            found.append(_Table(file, name, table).wanted())
        except _Wrong as wrong:
            problems.append(wrong.problem)
    return found, problems


class _Wrong(Exception):
    def __init__(self, problem: Problem) -> None:
        super().__init__(str(problem))
        self.problem = problem


class _Table(NamedTuple):
    file: SettingsFile
    name: str
    table: Any

    def wanted(self) -> Wanted:
        if not isinstance(self.table, dict):
            raise self.wrong("", ValueError("is no table: write [destinations.NAME]"))
        self._refuse_unknown()
        kind = self.read("type", kinds.choice(*_TYPES).parse, "otlp")
        address: Address | None = self.read("url", _address, None)
        if address is None:
            raise self.wrong("", ValueError('has no url: write url = "https://…"'))
        options = dict(self._options())
        if address.userinfo:
            options["headers"] = self._with_userinfo(address, options.get("headers"))
            address = address._replace(userinfo="")
        origin = f"file {self._place('url')}"
        if kind == "endpoint":
            paths = {"events": address.path or "/"}
            return Wanted("endpoint", address, paths, options, origin, self.name)  # type: ignore[arg-type]
        signals = self.read("signals", _signals, OTLP_SIGNALS)
        return whole_address(address, signals, options, origin=origin, name=self.name)

    def read(self, key: str, parse: Callable[[Any], Any], default: Any) -> Any:
        if key not in self.table:
            return default
        try:
            return parse(self.table[key])
        except ValueError as error:
            raise self.wrong(key, error) from error

    def wrong(self, key: str, error: ValueError) -> _Wrong:
        path = f"destinations.{self.name}{f'.{key}' if key else ''}"
        # never the value: it may be a token
        return _Wrong(_problem(self.file, path, str(error)))

    def _place(self, key: str) -> str:
        return self.file.place(f"destinations.{self.name}.{key}")

    def _refuse_unknown(self) -> None:
        for key in self.table:
            if key not in _OWN and key not in self._readers():
                raise self.wrong(key, ValueError(f"is no option of a destination: {_nearest(key)}"))

    def _readers(self) -> dict[str, Callable[[Any], Any]]:
        return {
            "protocol": kinds.choice(*PROTOCOLS).parse,
            "compression": lambda value: kinds.choice("gzip", "none").parse(value) == "gzip",
            "timeout": _timeout_s,
            "headers": self._headers,
            "ca_file": _whole_path,
            "client_certificate": _whole_path,
            "client_key": _whole_path,
            "insecure": kinds.FLAG.parse,
            "proxy": _proxy,
        }

    def _options(self) -> list[tuple[str, Option]]:
        return [
            (key, Option(self.read(key, parse, None), f"file {self._place(key)}"))
            for key, parse in self._readers().items()
            if key in self.table
        ]

    def _headers(self, value: Any) -> tuple[Header, ...]:
        if not isinstance(value, dict) or not all(isinstance(one, str) for one in value.values()):
            raise ValueError('is no table of texts: write {authorization = "env:NAME"}')
        return tuple(
            header(name, parse_secret(text, private=self.file.private))
            for name, text in value.items()
        )

    def _with_userinfo(self, address: Address, headers: Option | None) -> Option:
        if not self.file.private:
            raise self.wrong(
                "url", ValueError('holds a password: write headers = {authorization = "env:NAME"}')
            )
        from chaos_otel.config.userinfo import basic_authorization

        return Option((basic_authorization(address), *(headers.value if headers else ())), "")


def _problem(file: SettingsFile, path: str, words: str) -> Problem:
    what, remedy = what_and_remedy(words)
    return Problem(file.place(path), f"{path} {what}", remedy, path)


def _nearest(key: str) -> str:
    import difflib

    known = [*_OWN, "protocol", "compression", "timeout", "headers", "ca_file", "insecure", "proxy"]
    close = difflib.get_close_matches(key, [*known, "client_certificate", "client_key"], n=1)
    return f"did you mean {close[0]}?" if close else "see docs/environment.md"


def _address(value: Any) -> Address:
    if not isinstance(value, str):
        raise ValueError('is no text: write "https://…"')
    return parse_address(value.strip())


def _signals(value: Any) -> tuple[OtlpSignal, ...]:
    named = value if isinstance(value, list) else []
    if not named or not all(one in OTLP_SIGNALS for one in named):
        raise ValueError(f"is no list of signals: write some of {list(OTLP_SIGNALS)}")
    return tuple(one for one in OTLP_SIGNALS if one in named)


def _timeout_s(value: Any) -> float:
    return kinds.parse_duration_s(value) or 10.0


def _whole_path(value: Any) -> str:
    if not isinstance(value, str) or not os.path.isabs(value):
        raise ValueError("is no whole path: begin it with /")
    return value


def _proxy(value: Any) -> str:
    address = _address(value)
    if address.userinfo:
        raise ValueError(
            'holds a password: write headers = {proxy-authorization = "env:NAME"} instead'
        )
    return address.base
