"""The bench measures and prints; what it finds depends on the machine and is not judged here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from bench.row import Row
from bench.table import lines

ROOT = Path(__file__).parents[2]


def test_limits_say_which_way_they_go() -> None:
    """A ratio may not be above its limit, a rate not below; without a limit there is no verdict."""
    assert Row("ratio", "x", 2.1, "×", 2.0).is_over
    assert not Row("ratio", "x", 1.9, "×", 2.0).is_over
    assert Row("rate", "x", 9.0, "/s", 10.0, at_least=True).is_over
    assert not Row("rate", "x", 11.0, "/s", 10.0, at_least=True).is_over
    assert not Row("free", "x", 1e9, "µs").is_over


def test_table_has_a_line_for_each_row() -> None:
    """Values stand with their unit, beside the limit and what came of it."""
    head, one, other = lines(
        [Row("start", "click", 2.1, "×", 2.0), Row("steps", "-", 25_000, "/s", 15_000, True)]
    )
    assert head.split() == ["what", "against", "measured", "limit"]
    assert one.split() == ["start", "click", "2.10", "×", "≤", "2.00", "OVER"]
    assert other.split() == ["steps", "-", "25,000", "/s", "≥", "15,000", "ok"]


def test_what_is_asked_for_is_measured() -> None:
    """`python -m bench NAME` prints the rows of that measurement alone."""
    command = [sys.executable, "-m", "bench", "--quick", "start"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    rows = done.stdout.splitlines()[1:]
    assert [row.split("  ")[0] for row in rows] == [
        "run: exec until the command's first instruction"
    ]


def test_an_unknown_name_is_wrong_usage() -> None:
    """It is named, and nothing is measured."""
    command = [sys.executable, "-m", "bench", "nonsense"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert "nonsense" in done.stderr
    assert not done.stdout
