"""What others say, made fit to be shown."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chaos_otel.exporters.reason import LONGEST, quoted, without_secrets


@settings(deadline=None)
@given(st.text())
def test_words_of_others_are_one_short_line(text: str) -> None:
    """No control character reaches a terminal or a log."""
    shown = quoted(text)
    assert len(shown) <= LONGEST + 1
    assert not any(sign < " " or "\x7f" <= sign < "\xa0" for sign in shown)


def test_secrets_are_hidden_in_parts_too() -> None:
    """A server may repeat the token without its scheme."""
    headers = {"Authorization": "Bearer abcdefgh", "X-Scope": "eu"}
    text = "no abcdefgh, no Bearer abcdefgh; europe wants a Bearer"
    assert without_secrets(text, headers) == "no ***, no ***; europe wants a Bearer"
