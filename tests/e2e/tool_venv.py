"""Tools from PyPI, each version in a virtual environment of its own, made once and kept.

They lie in $CHAOS_OTEL_TEST_CACHE, else in the folder for temporary files.
"""

from __future__ import annotations

import fcntl
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

INSTALL_S = 600


def tool_venv(*requirements: str) -> Path:
    """The `bin` folder of an environment with these requirements.

    Several test processes may ask at once. Skips where they cannot be had, and fails there if CI is
    set.
    """
    name = "-".join(re.sub(r"[^\w.]+", "-", word) for word in requirements)
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    folder = _cache() / f"{name}-python-{python}"
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            _make(folder, requirements)
            (folder / "ready").touch()
    return folder / "bin"


def _cache() -> Path:
    default = f"{tempfile.gettempdir()}/chaos-otel-tests-{os.getuid()}"
    folder = Path(os.environ.get("CHAOS_OTEL_TEST_CACHE") or default)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        pytest.fail(f"{folder} belongs to somebody else")
    return folder


def _make(folder: Path, requirements: tuple[str, ...]) -> None:
    pip = [f"{folder}/bin/python", "-m", "pip", "--disable-pip-version-check", "install", "-q"]
    for command in ([sys.executable, "-m", "venv", str(folder)], [*pip, *requirements]):
        done = subprocess.run(command, capture_output=True, timeout=INSTALL_S)
        if done.returncode:
            _cannot(f"{' '.join(requirements)}: {done.stderr.decode()[-300:]}")


def _cannot(reason: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"cannot install {reason}")
    pytest.skip(f"cannot install {reason}")
