"""Tools from PyPI, each version in a virtual environment of its own, made once and kept."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

from tests.e2e.kept import cannot, kept

INSTALL_S = 600


def tool_venv(*requirements: str) -> Path:
    """The `bin` folder of an environment with these requirements.

    Skips where they cannot be had, and fails there if CI is set.
    """
    name = "-".join(re.sub(r"[^\w.]+", "-", word) for word in requirements)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return kept(f"{name}-python-{python}", lambda folder: _make(folder, requirements)) / "bin"


def _make(folder: Path, requirements: tuple[str, ...]) -> None:
    pip = [f"{folder}/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    for command in ([sys.executable, "-m", "venv", str(folder)], [*pip, *requirements]):
        done = subprocess.run(command, capture_output=True, timeout=INSTALL_S)
        if done.returncode:
            cannot(f"cannot install {' '.join(requirements)}: {done.stderr.decode()[-300:]}")
