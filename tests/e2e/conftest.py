"""What the tests on the installed command share."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.installed import Installed
from tests.e2e.pyinfra_runs import NEWEST, VERSIONS, Pyinfra
from tests.e2e.tool_venv import tool_venv


@pytest.fixture
def chaos(tmp_path: Path) -> Installed:
    """The installed command in a world of its own, and the bare command beside it."""
    return Installed(tmp_path)


@pytest.fixture(params=VERSIONS)
def pyinfra(request: pytest.FixtureRequest, chaos: Installed) -> Pyinfra:
    """Each version in turn."""
    return Pyinfra(tool_venv(f"pyinfra=={request.param}", "setuptools<80"), chaos)


@pytest.fixture
def newest(chaos: Installed) -> Pyinfra:
    """The newest version: several simulated hosts are built in, and retries."""
    return Pyinfra(tool_venv(f"pyinfra=={NEWEST}", "setuptools<80"), chaos)
