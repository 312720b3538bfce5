"""What is costly to make: made once, kept for later sessions, never in the checkout.

It lies in $CHAOS_OTEL_TEST_CACHE, else in the folder for temporary files.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import pytest

# read before the first test: within one, no variable of ours is set
CHOSEN = os.environ.get("CHAOS_OTEL_TEST_CACHE", "")


def kept(name: str, make: Callable[[Path], None]) -> Path:
    """The folder of this name; `make` fills it if it is not there yet.

    Several test processes may ask at once: one makes it, the others wait.
    """
    folder = cache() / name
    with open(f"{folder}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "ready").exists():
            shutil.rmtree(folder, ignore_errors=True)
            make(folder)
            (folder / "ready").touch()
    return folder


def cannot(reason: str) -> NoReturn:
    """Skip the test, or, where CI is set, fail it."""
    if os.environ.get("CI"):
        pytest.fail(reason)
    pytest.skip(reason)


def cache() -> Path:
    """The folder of it all, which must be ours."""
    folder = Path(CHOSEN or f"{tempfile.gettempdir()}/chaos-otel-tests-{os.getuid()}")
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if folder.stat().st_uid != os.getuid():
        pytest.fail(f"{folder} belongs to somebody else")
    return folder
