"""What the tests on the installed command share."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.installed import Installed


@pytest.fixture
def chaos(tmp_path: Path) -> Installed:
    """The installed command in a world of its own, and the bare command beside it."""
    return Installed(tmp_path)
