"""A store of the test's own, and a clock that stands still."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chaos_otel.store.database import Database

NOW_NS = 1_800_000_000 * 10**9


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "state")


@pytest.fixture
def database(state: str) -> Iterator[Database]:
    with Database(state) as opened:
        yield opened
