"""The forwarding process, started as `deliver` does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_one_that_starts_after_the_run_is_over_leaves_without_a_word(tmp_path: Path) -> None:
    """On a machine that was too slow its plan is gone by then: no error of ours, the run waits."""
    words = [sys.executable, "-m", "chaos_otel.pipeline.forward", f"{tmp_path}/gone.plan", "0", "1"]
    variables = {"CHAOS_OTEL_STATE_DIR": str(tmp_path / "state"), "HOME": str(tmp_path)}
    done = subprocess.run(
        words,
        env=os.environ | variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert not (tmp_path / "state").exists()
