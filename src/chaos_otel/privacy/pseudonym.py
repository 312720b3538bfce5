"""The pseudonym of a user: tells two users apart and names neither. Keeps no key."""

from __future__ import annotations

import hashlib

KEY_BYTES = 32


def user_hash(user: str, key: bytes) -> str:
    """16 hex digits, the same for the same user and key.

    `key` is random, made once for an installation and kept `0600` beside its state. Without it
    nobody can try a list of user names; with it anybody can, and a new key makes new pseudonyms.
    Raises ValueError where the key is too short to be one.
    """
    if len(key) < KEY_BYTES:
        raise ValueError(f"the pseudonym key has {len(key)} bytes, it needs {KEY_BYTES}")
    name = user.encode("utf-8", "surrogatepass")
    return hashlib.blake2b(name, key=key[:64], digest_size=8, person=b"chaos-otel user").hexdigest()
