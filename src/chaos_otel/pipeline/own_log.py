"""Our own log: what went wrong where nobody was there to be told. One file, turned over when it is
full.

    STATE/log/chaos-otel.log     2026-01-02T03:04:05Z deliver[4711] what happened
    STATE/log/chaos-otel.log.1   the one before; two are kept

Holds words about us, never what a command printed, and no address with a password or a query.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Callable, Iterator

from chaos_otel.config.folders import open_private, private_folder
from chaos_otel.errors import StateError

LARGEST_BYTES = 1 << 20
KEPT = 2
_LONGEST = 2000
_LOOK_AGAIN_S = 0.2


def log_path(state: str) -> str:
    """Where the log of this state folder is."""
    return f"{state}/log/chaos-otel.log"


def note(state: str, part: str, text: str) -> None:
    """Write one line. What fails here is lost without a word: there is nobody left to tell."""
    stamp = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    line = f"{stamp} {part}[{os.getpid()}] {_on_one_line(text)}\n"
    try:
        private_folder(os.path.dirname(log_path(state)))
        _append(log_path(state), line.encode("utf-8", "backslashreplace"))
    except (OSError, StateError):
        pass


def last_lines(state: str, count: int, *, until_byte: int = -1) -> list[str]:
    """The last lines, the oldest first, across files; with `until_byte` none of the current file
    from there on. StateError where they are not ours."""
    lines: list[str] = []
    for number in range(KEPT + 1):
        lines = _lines(_name(log_path(state), number), -1 if number else until_byte) + lines
        if len(lines) >= count:
            break
    return lines[len(lines) - count :] if len(lines) > count else lines


def following(
    state: str, count: int = 0, *, wait: Callable[[float], object] = time.sleep
) -> Iterator[str]:
    """The last `count` lines, then others as they come, for ever and into the next file; each
    once."""
    path = log_path(state)
    fd, rest = _opened(path, at_end=True), b""
    yield from last_lines(state, count, until_byte=os.lseek(fd, 0, os.SEEK_CUR) if fd >= 0 else 0)
    while True:
        # asked before we read: then an old file is read to its end
        current = fd >= 0 and _is_still(fd, path)
        data = os.read(fd, 65536) if fd >= 0 else b""
        *whole, rest = (rest + data).split(b"\n")
        yield from (line.decode("utf-8", "replace") for line in whole)
        if data:
            continue
        if not current:
            fd, rest = _reopened(fd, path), b""
        if current or fd < 0:
            wait(_LOOK_AGAIN_S)


def _append(path: str, line: bytes) -> None:
    """Under a lock, and into the file that is the log once we have it."""
    while True:
        fd = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX)
            if not _is_still(fd, path):
                continue
            if os.fstat(fd).st_size + len(line) > LARGEST_BYTES:
                _turn_over(path)
                continue
            os.write(fd, line)
            return
        finally:
            os.close(fd)


def _turn_over(path: str) -> None:
    for number in range(KEPT, 0, -1):
        try:
            os.rename(_name(path, number - 1), _name(path, number))
        except FileNotFoundError:
            continue


def _name(path: str, number: int) -> str:
    return f"{path}.{number}" if number else path


def _is_still(fd: int, path: str) -> bool:
    try:
        return os.path.samestat(os.fstat(fd), os.lstat(path))
    except FileNotFoundError:
        return False


def _opened(path: str, *, at_end: bool) -> int:
    try:
        fd = open_private(path, os.O_RDONLY)
    except FileNotFoundError:
        return -1
    if at_end:
        os.lseek(fd, 0, os.SEEK_END)
    return fd


def _reopened(fd: int, path: str) -> int:
    if fd >= 0:
        os.close(fd)
    return _opened(path, at_end=False)


def _lines(path: str, size_bytes: int) -> list[str]:
    fd = _opened(path, at_end=False)
    if fd < 0:
        return []
    with open(fd, "rb") as file:
        return file.read(size_bytes).decode("utf-8", "replace").splitlines()


def _on_one_line(text: str) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= _LONGEST else f"{plain[:_LONGEST]}…"
