"""The installation's name: made once, and nobody's."""

from __future__ import annotations

from uuid import UUID

from chaos_otel.store.database import Database
from chaos_otel.store.instance import instance_id


def test_an_installation_keeps_its_name_as_long_as_its_counters(
    state: str, tmp_path: object
) -> None:
    """Every process says the same; another store has another; it is a random UUID."""
    with Database(state) as first, Database(state) as second:
        name = instance_id(first)
        assert instance_id(second) == name
    with Database(f"{tmp_path}/another") as other:
        assert instance_id(other) != name
    assert UUID(name).version == 4
