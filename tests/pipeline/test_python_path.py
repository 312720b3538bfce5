"""PYTHONPATH leads to us first and to what it led to before afterwards."""

from __future__ import annotations

import pytest

from chaos_otel.config.environment import Environment
from chaos_otel.pipeline.python_path import FOLDER, python_variables


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        ((), (FOLDER, None)),
        ((b"PYTHONPATH=/lib:/other",), (f"{FOLDER}:/lib:/other", "/lib:/other")),
        ((b"PYTHONPATH=/lib:",), (f"{FOLDER}:/lib:", "/lib:")),
        ((b"PYTHONPATH=/\xff",), (f"{FOLDER}:/\udcff", "/\udcff")),
        # an empty entry would mean the working folder
        ((b"PYTHONPATH=",), (FOLDER, "")),
    ],
)
def test_our_folder_comes_first(
    entries: tuple[bytes, ...], expected: tuple[str, str | None]
) -> None:
    """What it was is kept beside it; None: the variable is taken out."""
    variables = python_variables(Environment(entries))
    assert variables == dict(zip(("PYTHONPATH", "CHAOS_OTEL_PYTHONPATH"), expected, strict=True))


def test_a_path_that_leads_to_us_is_left_alone() -> None:
    """In a run whose outer run has gone."""
    entries = (f"PYTHONPATH=/mine:{FOLDER}".encode(), b"CHAOS_OTEL_PYTHONPATH=/mine")
    assert python_variables(Environment(entries)) == {}
