"""The file about an unexpected error keeps what people typed to themselves."""

from __future__ import annotations

import pytest

from chaos_otel.pipeline.bug_report import our_words


@pytest.mark.parametrize(
    ("argv", "kept"),
    [
        ("config show --json", "chaos-otel config show --json"),
        ("run --name=secret -- cmd secret", "chaos-otel run --name -- (2 more)"),
        ("run --name secret --tag a=secret", "chaos-otel run --name --tag (2 more)"),
        ("run -qsecret secret", "chaos-otel run -q (1 more)"),
        ("secret/path", "chaos-otel (1 more)"),
        ("", "chaos-otel"),
    ],
)
def test_values_are_left_out(argv: str, kept: str) -> None:
    """Commands and option names stay, and how much was left out."""
    assert our_words(argv.split()) == kept
