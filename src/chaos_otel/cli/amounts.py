"""Numbers as people say them: how many, how large, how long, when. Quick to import: it stands in a
run's summary. Knows nothing of what is counted."""

from __future__ import annotations


def counted(count: int, what: str) -> str:
    """A number and what it is of: `1 run`, `2,000 runs`."""
    return f"{count:,} {what}{'' if count == 1 else 's'}"


def size(size_bytes: float) -> str:
    """A size: 12 B, 3.4 kB, 1.2 MB, 5.0 GB."""
    if size_bytes < 1000:
        return f"{size_bytes:.0f} B"
    for unit in ("kB", "MB"):
        size_bytes /= 1000
        if size_bytes < 1000:
            return f"{size_bytes:.1f} {unit}"
    return f"{size_bytes / 1000:.1f} GB"


def duration(seconds: float) -> str:
    """A duration: 42 ms, 3.1 s, 12 min 05 s, 2 h 03 min."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def moment(wall_ns: int) -> str:
    """A time in UTC, to the second."""
    import time

    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(wall_ns / 1e9))
