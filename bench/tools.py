"""Tools from PyPI that are measured with us and without, in environments of their own."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path


def tool(name: str, version: str) -> str:
    """The folder of the programs of a tool; installed where it is not there yet.

    Raises CalledProcessError where it cannot be had.
    """
    kept = Path(os.environ.get("CHAOS_OTEL_TEST_CACHE") or tempfile.gettempdir())
    folder = kept / f"chaos-otel-bench-{os.getuid()}" / f"{name}-{version}"
    if not (folder / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip = [str(folder / "bin" / "python"), "-m", "pip", "install", "-q"]
        subprocess.run([*pip, f"{name}=={version}", "setuptools<80"], check=True)
        (folder / "ready").touch()
    return str(folder / "bin")
