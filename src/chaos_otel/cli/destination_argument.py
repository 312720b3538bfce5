"""DESTINATION as commands take it, and its completion: what is configured, without looking any of
it up."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from chaos_otel.config.destination import address_of
from chaos_otel.errors import ChaosOtelError


def complete_destinations(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Names and URLs of what is configured."""
    from chaos_otel.config.destinations import destinations
    from chaos_otel.config.environment import Environment
    from chaos_otel.config.folders import working_folder
    from chaos_otel.config.settings import load

    environment = Environment.of_process()
    try:
        loaded = load(environment, {}, working_folder())
        found = destinations(loaded, environment, secrets=False).destinations
    except ChaosOtelError:
        return []
    words = [one.name or address_of(one.key).partition(" ")[2] for one in found]
    return [CompletionItem(word) for word in dict.fromkeys(words) if word.startswith(incomplete)]


# several words, because `otlp URL` is two
WORDS: dict[str, Any] = {
    "nargs": -1,
    "metavar": "[DESTINATION]",
    "shell_complete": complete_destinations,
}
