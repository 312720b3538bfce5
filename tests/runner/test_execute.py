"""The command is found and executed as `execvp` of the C library does it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

OURS = """
import os, sys
from chaos_otel.runner.execute import execute
block = [name + b"=" + value for name, value in os.environb.items()]
try:
    execute([os.fsencode(word) for word in sys.argv[1:]], block)
except OSError as error:
    print(error.errno)
"""
LIBC = """
import ctypes, os, sys
argv = (ctypes.c_char_p * len(sys.argv))(*map(os.fsencode, sys.argv[1:]), None)
libc = ctypes.CDLL(None, use_errno=True)
libc.execvp(os.fsencode(sys.argv[1]), argv)
print(ctypes.get_errno())
"""


@pytest.mark.parametrize(
    "path",
    [
        "first:second",
        "second:first",
        ":first",
        "first::",
        "nowhere",
        "first/file:second",
        "",
        "second",
    ],
)
@pytest.mark.parametrize(
    "name",
    ["tool", "only-here", "script", "refused", "", "./tool", "first", "missing", "first/file/x"],
)
def test_as_the_c_library(tmp_path: Path, path: str, name: str) -> None:
    """The same program with the same words, or the same error."""
    for folder in ("first", "second"):
        (tmp_path / folder).mkdir()
    files = {
        "first/refused": ("never", 0o644),
        "first/tool": ("never", 0o644),
        "second/tool": ("#!/bin/sh\necho second $0 $*", 0o755),
        "first/file": ("no folder", 0o644),
        "second/script": ("echo script $0 $*", 0o755),
        "only-here": ("#!/bin/sh\necho here $0 $*", 0o755),
        "tool": ("echo tool here $0", 0o755),
    }
    for where, (text, mode) in files.items():
        (tmp_path / where).write_text(text)
        (tmp_path / where).chmod(mode)
    env = {"PATH": path, "PYTHONPATH": os.pathsep.join(sys.path)}
    told = [
        subprocess.run(
            [sys.executable, "-c", script, name, "a", "b"],
            cwd=tmp_path,
            env=env,
            capture_output=True,
        )
        for script in (OURS, LIBC)
    ]
    assert (told[0].stdout, told[0].stderr) == (told[1].stdout, told[1].stderr)
    assert told[0].returncode == told[1].returncode
