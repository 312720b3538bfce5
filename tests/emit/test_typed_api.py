"""The Python API's types, as a program's type checker sees them."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_a_type_checker_knows_the_api(tmp_path: Path) -> None:
    """What is right passes and what is wrong does not (`typed_api.py` marks it, and a mark that is
    not needed is an error), from the package as it is installed."""
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    checked = subprocess.run(
        [*command, str(ROOT / "tests" / "emit" / "typed_api.py")],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert checked.returncode == 0, checked.stdout


def test_a_type_checker_refuses_what_is_not_there(tmp_path: Path) -> None:
    """The lazy names of the package do not make every name one."""
    wrong = tmp_path / "wrong.py"
    wrong.write_text("import chaos_otel\nchaos_otel.operatoin('x')\nchaos_otel.metric('a', 'b')\n")
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(tmp_path / "cache")]
    checked = subprocess.run([*command, str(wrong)], cwd=ROOT, capture_output=True, text=True)
    assert checked.stdout.count("error:") == 2, checked.stdout
