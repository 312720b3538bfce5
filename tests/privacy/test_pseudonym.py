"""The pseudonym of a user."""

from __future__ import annotations

import pytest

from chaos_otel.privacy.pseudonym import user_hash

KEY, OTHER_KEY = bytes(range(32)), bytes(32)


def test_a_user_has_one_pseudonym_per_key() -> None:
    """The same user and key give the same 16 hex digits; another user or key gives others."""
    assert user_hash("alice", KEY) == user_hash("alice", KEY)
    assert len({user_hash("alice", KEY), user_hash("bob", KEY), user_hash("alice", OTHER_KEY)}) == 3
    assert len(user_hash("alice", KEY)) == 16
    assert int(user_hash("alice", KEY), 16) >= 0


@pytest.mark.parametrize("user", ["", "é", "\udcff", "\ud800", "x" * 10_000])
def test_any_name_has_one(user: str) -> None:
    """Names that are no UTF-8 are taken too."""
    assert len(user_hash(user, KEY)) == 16


def test_a_short_key_is_refused() -> None:
    """A key that could be guessed is no key."""
    with pytest.raises(ValueError, match="31 bytes"):
        user_hash("alice", bytes(31))
