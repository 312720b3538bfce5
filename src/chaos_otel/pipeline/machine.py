"""Counters of the whole machine that a run is seen against. Quick to import and to call."""

from __future__ import annotations

import os


def disk_used_bytes(folder: str) -> int | None:
    """Bytes in use on the file system of `folder`."""
    try:
        status = os.statvfs(folder)
    except OSError:
        return None
    return (status.f_blocks - status.f_bfree) * status.f_frsize


def network_bytes() -> int | None:
    """Bytes this machine has received and sent so far, the loopback left out (/proc/net/dev)."""
    try:
        with open("/proc/net/dev", encoding="ascii", errors="replace") as lines:
            return sum(_interface_bytes(line) for line in lines)
    except OSError:
        return None


def _interface_bytes(line: str) -> int:
    name, colon, counters = line.partition(":")
    figures = counters.split()
    if not colon or name.strip() == "lo" or len(figures) < 9 or not figures[8].isdigit():
        return 0
    return int(figures[0]) + int(figures[8])
