"""What a host's own file (`/etc/chaos-otel/config.toml`, root's) consents to for all its users.

[consent]
grant = ["otlp https://collector.example:4318"]
"""

from __future__ import annotations

from collections.abc import Iterable

from chaos_otel.config.address import parse_address
from chaos_otel.config.destination import DestinationKind
from chaos_otel.config.files import SettingsFile
from chaos_otel.config.problem import Problem, what_and_remedy
from chaos_otel.config.wanted_destination import destination_key

KINDS: tuple[DestinationKind, ...] = ("otlp", "endpoint", "pushgateway")


def host_grants(files: Iterable[SettingsFile]) -> tuple[frozenset[str], list[Problem]]:
    """The addresses that the host's file grants, and what is wrong in it."""
    granted: set[str] = set()
    problems: list[Problem] = []
    for file in files:
        if not file.system or "consent" not in file.values:
            continue
        table = file.values["consent"]
        entries = table.get("grant") if isinstance(table, dict) else None
        if not isinstance(entries, list):
            problems.append(_problem(file, 'is no list: write grant = ["otlp https://…"]'))
            continue
        for entry in entries:
            try:
                granted.add(parse_key(str(entry)))
            except ValueError as error:
                problems.append(_problem(file, f"{error}"))
    return frozenset(granted), problems


def parse_key(text: str) -> str:
    """A destination as people write it, `otlp URL`, `endpoint URL` or `pushgateway URL`, in the one
    way that it is kept; ValueError with advice."""
    kind, _, url = text.strip().partition(" ")
    if kind not in KINDS:
        raise ValueError("is no destination: write otlp URL, endpoint URL or pushgateway URL")
    address = parse_address(url.strip())
    return destination_key(kind, address._replace(userinfo=""))


def _problem(file: SettingsFile, words: str) -> Problem:
    what, remedy = what_and_remedy(words)
    return Problem(file.place("consent.grant"), f"consent.grant {what}", remedy, "consent.grant")
