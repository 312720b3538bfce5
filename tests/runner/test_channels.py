"""What is captured of which outputs; every case is a real redirection by a shell."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

SHOW = """
import os, sys
from chaos_otel.runner.channels import open_channels
channels = open_channels(sys.argv[1], split=sys.argv[2] == "split")
words = [channels.mode]
for channel in channels.channels:
    targets = "".join(map(str, channel.child_targets))
    words.append(f"{channel.stream}:{channel.kind}:{targets}")
    ours = (channel.source_fd, channel.sink_fd, channel.child_fd)
    assert min(ours) > 2 and not any(os.get_inheritable(fd) for fd in ours)
    assert channel.mark_path == "" or os.path.samestat(
        os.stat(channel.mark_path), os.fstat(channel.child_fd))
with open("/dev/fd/9", "w") as out:
    out.write(" ".join(words))
"""


def _shown(redirection: str, cwd: Path, *, capture: str = "auto", split: str = "") -> str:
    show = f'exec 9>shown; exec "$0" -c "$1" {capture} "{split}" {redirection}'
    done = subprocess.run(
        ["bash", "-c", show, sys.executable, SHOW],
        cwd=cwd,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
    )
    shown = (cwd / "shown").read_text()
    assert shown, done.stderr
    return shown


@pytest.mark.parametrize(
    ("redirection", "shown"),
    [
        ("", "pipe 1:pipe:1 2:pipe:2"),
        ("2>&1", "pipe 1:pipe:12"),
        (">f 2>&1", "pipe 1:pipe:12"),
        (">>f 2>&1", "pipe 1:pipe:12"),
        (">>f 2>>f", "pipe 1:pipe:12"),
        (">f 2>f", "pipe 1:pipe:1 2:pipe:2"),
        (">f 2>>f", "pipe 1:pipe:1 2:pipe:2"),
        (">f 2>g", "pipe 1:pipe:1 2:pipe:2"),
        (">/dev/null", "pipe 2:pipe:2"),
        (">/dev/full 2>/dev/null", "inherit"),
        (">&-", "pipe 2:pipe:2"),
        ("2>&-", "pipe 1:pipe:1"),
        (">&- 2>&-", "inherit"),
        ("1</dev/null", "pipe 2:pipe:2"),
    ],
)
def test_auto_without_a_terminal(tmp_path: Path, redirection: str, shown: str) -> None:
    """A pipe for each open file; devices, closed and read-only streams as they are."""
    assert _shown(redirection, tmp_path) == shown


def test_split_and_the_forced_kinds(tmp_path: Path) -> None:
    """`--split` takes one open file apart; pipe and pty capture everything."""
    assert _shown("2>&1", tmp_path, split="split") == "pipe 1:pipe:1 2:pipe:2"
    assert _shown("2>&1", tmp_path, capture="pty") == "pipe 1:pty:12"
    assert _shown(">/dev/null", tmp_path, capture="pipe") == "pipe 1:pipe:1 2:pipe:2"
    assert _shown("", tmp_path, capture="none") == "inherit"


@pytest.mark.parametrize("limit", range(8, 24, 3))
def test_no_descriptors_left(tmp_path: Path, limit: int) -> None:
    """All or nothing, and nothing of what was opened on the way is left open."""
    script = f"""
import os, resource, sys
from chaos_otel.runner import channels
resource.setrlimit(resource.RLIMIT_NOFILE, ({limit}, {limit}))
before = os.listdir("/proc/self/fd")
found = channels.open_channels("auto", split=False)
if found.mode == "inherit":
    assert found.reason and os.listdir("/proc/self/fd") == before
print(found.mode)
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stderr == "" and done.stdout in ("pipe\n", "inherit\n")
