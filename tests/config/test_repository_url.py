"""Where a repository is, without who reads it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.config.repository_url import repository_url


@pytest.mark.parametrize(
    ("remote", "url"),
    [
        ("https://github.com/o/r.git", "https://github.com/o/r"),
        ("https://user:token@host:8443/o/r/", "https://host:8443/o/r"),
        ("https://token@host/r?private_token=x#y", ""),
        ("git@github.com:o/r.git", "https://github.com/o/r"),
        ("host:o/r", "https://host/o/r"),
        ("ssh://git@host:2222/o/r.git", "https://host/o/r"),
        ("http://host", "https://host"),
        ("/home/somebody/r.git", ""),
        ("../r", ""),
        ("file:///home/somebody/r", ""),
        ("", ""),
        ("https://host/a b", ""),
    ],
)
def test_every_way_to_write_a_remote(remote: str, url: str) -> None:
    """Addresses on a network become https ones; a folder is nobody's business."""
    assert repository_url(remote) == url


@given(st.text("abc:@/.-", max_size=12), st.sampled_from(["https", "ssh", "git"]))
def test_user_and_password_never_stay(path: str, scheme: str) -> None:
    """Whatever follows the host."""
    assert "hunter2" not in repository_url(f"{scheme}://me:hunter2@host/{path}")
