"""`chaos-otel shell-lib`: where the library is, and copies of it."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from chaos_otel import emit

from .conftest import Caller

LIBRARY = Path(emit.__file__).with_name("utils.sh")


def test_it_prints_the_path_of_the_library(call: Caller) -> None:
    """A script may source what it says."""
    done = call("shell-lib")
    assert (done.returncode, done.stderr) == (0, "")
    assert Path(done.stdout.rstrip("\n")).samefile(LIBRARY)


def test_it_installs_a_copy(call: Caller) -> None:
    """Into a folder that is made, again over an older copy, readable for all; nothing else."""
    folder = call.project / "deep/telemetry"
    for _ in range(2):
        done = call("shell-lib", "--install", str(folder))
        assert (done.returncode, done.stdout) == (0, f"{folder}/utils.sh\n")
        (copy,) = folder.iterdir()
        assert copy.read_bytes() == LIBRARY.read_bytes()
        assert copy.stat().st_mode & 0o777 == 0o644
        copy.write_text("an older one")


def test_a_folder_that_cannot_be_is_told_with_advice(call: Caller) -> None:
    """Status 1, the folder, the reason, what to do."""
    (call.project / "file").touch()
    done = call("shell-lib", "--install", "file/telemetry")
    assert done.returncode == 1
    assert "cannot install the shell library in file/telemetry (" in done.stderr
    assert "choose a folder that you may write to" in done.stderr


@pytest.mark.parametrize("shell", ["bash", "dash"])
def test_the_copy_works_beside_a_script(call: Caller, shell: str) -> None:
    """As existing scripts source it, from any folder."""
    call("shell-lib", "--install", "telemetry")
    script = call.project / "deploy.sh"
    script.write_text('. "$(dirname "$0")/telemetry/utils.sh"\ntelemetry_step x -- echo said\n')
    done = subprocess.run(
        [shell, str(script)], cwd="/", env=os.environ, capture_output=True, text=True, check=True
    )
    assert (done.stdout, done.stderr) == ("said\n", "")
