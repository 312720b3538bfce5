"""What every fault of the machine is held against: the bare command in the same trouble."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn

import pytest
from tests.e2e.installed import Installed

DEADLINE_S = 60
OURS = b"chaos-otel: "

# prints on both outputs, apart in time, and has a status of its own
COMMAND = ("sh", "-c", "echo out; echo err >&2; echo more; exit 7")


def as_user(uid: int) -> tuple[str, ...]:
    """Start a command as another user, who may read all that root may and write only his own.

    Skips where that cannot be had.
    """
    if os.geteuid() or not shutil.which("setpriv"):
        need("root and setpriv: another user")
    read_all = ("--inh-caps=+dac_read_search", "--ambient-caps=+dac_read_search")
    return ("setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups", *read_all)


def give_to(uid: int, *paths: Path) -> None:
    """Make them the user's own, with what is in them."""
    for path in paths:
        for one in (path, *path.rglob("*")):
            os.lchown(one, uid, uid)


def need(what: str) -> NoReturn:
    """Skip for want of something, but not where all has to be there."""
    if os.environ.get("CI"):
        pytest.fail(f"needs {what}")
    pytest.skip(f"needs {what}")


def run_unnoticed(
    installed: Installed,
    *,
    around: Sequence[str] = (),
    options: Sequence[str] = (),
    command: Sequence[str | bytes] = COMMAND,
    **popen: Any,
) -> str:
    """Run `command` bare and wrapped, both started by `around`; they must not differ.

    Status and stdout are the same; stderr is the bare one's and at most one line of ours, which is
    returned without our name ("" for none).
    """
    bare = installed.bare(*around, *command, timeout=DEADLINE_S, **popen)
    ours = installed.bare(
        *around,
        *(installed.command, "run", "-q", *options, "--"),
        *command,
        timeout=DEADLINE_S,
        **popen,
    )
    assert (ours.returncode, ours.stdout) == (bare.returncode, bare.stdout), ours.stderr
    return line_of_ours(ours, bare.stderr)


def line_of_ours(done: subprocess.CompletedProcess[bytes], bare_stderr: bytes) -> str:
    """The one line that is in stderr beside the command's own."""
    lines = done.stderr.splitlines(keepends=True)
    ours = [line for line in lines if line.startswith(OURS)]
    rest = b"".join(line for line in lines if not line.startswith(OURS))
    assert rest == bare_stderr
    assert len(ours) <= 1, ours
    return ours[0].removeprefix(OURS).decode().rstrip("\n") if ours else ""
