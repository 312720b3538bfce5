"""The loop: whoever listens may fail or lag, the command's output goes on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

DRIVER = str(Path(__file__).with_name("driver.py"))


def _drive(*words: str, **popen: Any) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, DRIVER, *words], capture_output=True, timeout=60, **popen
    )


def _log(path: Path) -> list[list[Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_a_listener_that_raises_is_left_out(tmp_path: Path) -> None:
    """Once; the output is whole, the status the command's, and the fault is told."""
    log = tmp_path / "log"
    script = "for n in 1 2 3; do echo $n; sleep 0.1; done; exit 5"
    done = _drive("--tap-fails", "--log", str(log), "--", "sh", "-c", script)
    assert (done.returncode, done.stdout) == (5, b"1\n2\n3\n")
    assert _log(log) == [["ended", False, "RuntimeError: told to fail"]]


def test_a_listener_hears_all_in_order(tmp_path: Path) -> None:
    """Output, marks and the end, each behind what came before it."""
    log = tmp_path / "log"
    mark = r"\033_chaos:0123456789abcdef:00000000000000a1\033\\"
    done = _drive("--log", str(log), "--", "sh", "-c", f"printf 'a{mark}b'; exec 2>&-")
    assert done.stdout == b"ab"
    heard = [entry for entry in _log(log) if entry[1] == 1]
    assert heard == [
        ["output", 1, "", "YQ=="],
        ["marked", 1, "00000000000000a1"],
        ["output", 1, "00000000000000a1", "Yg=="],
        ["closed", 1],
    ]


def test_a_descendant_that_keeps_an_output_is_told(tmp_path: Path) -> None:
    """We return, and say that somebody is left."""
    log = tmp_path / "log"
    done = _drive(
        "--log", str(log), "--", "sh", "-c", "sleep 3 & echo $!", stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0
    assert _log(log)[-1] == ["ended", True, ""]


def test_nothing_heavy_is_loaded_before_the_command_starts() -> None:
    """What the runner needs up to there comes with the interpreter or costs next to nothing."""
    parts = ("channels", "command", "leave", "signals", "spawn", "start", "supervise")
    imports = "; ".join(f"import chaos_otel.runner.{part}" for part in parts)
    heavy = ("subprocess", "socket", "ctypes", "json", "asyncio", "click", "threading", "msgspec")
    show = f"{imports}; import sys; print([name for name in {heavy} if name in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-S", "-c", show],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": str(Path(__file__).parents[2] / "src")},
    )
    assert done.stdout == "[]\n", done.stderr
