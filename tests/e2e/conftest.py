"""What the tests on the installed command share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.collector_chain import SCRIPT, Sink
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


@pytest.fixture
def steps(chaos: Installed) -> str:
    """A script of twenty steps, each with a line of output."""
    chaos.env["CHAOS_OTEL_SCRAPE_INTERVAL"] = "1s"
    return chaos.script(SCRIPT)


@pytest.fixture
def sink(tmp_path: Path) -> Iterator[Sink]:
    """A running Collector at the end of the line."""
    with Sink(tmp_path / "sink") as sink:
        yield sink
