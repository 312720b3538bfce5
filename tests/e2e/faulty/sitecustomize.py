"""Lets the Nth call of ours fail, in capture or in `deliver`: CHAOS_TEST_FAIL is `ROLE:N:ERRNO`.

Counts what goes through Python's `os`, `fcntl` and `select.poll` once the command line is being
read; the command itself, another program, is never hurt. In CHAOS_TEST_FAILED it leaves a note of
what it has let fail.
"""

import builtins
import fcntl
import importlib
import itertools
import os
import stat
import sys

_CALLS = (
    *("open", "read", "write", "pread", "pwrite", "fsync", "fstat", "lstat", "stat", "statvfs"),
    *("mkdir", "rename", "replace", "unlink", "rmdir", "listdir", "ftruncate", "fchmod", "chmod"),
    *("pipe", "pipe2", "splice", "posix_spawn", "pidfd_open", "readlink"),
)


def _role() -> str:
    words = sys.orig_argv
    if any("chaos_otel.pipeline.deliver" in word for word in words):
        return "deliver"
    return "capture" if "run" in words and "chaos-otel" in " ".join(words) else ""


class _Failing:
    def __init__(self, at, code, note):  # type: ignore[no-untyped-def]
        self._count = itertools.count(1)
        self._at, self._code, self._note = at, code, note
        self._real_open, self._real_write, self._real_fstat = os.open, os.write, os.fstat

    def wrap(self, owner, name):  # type: ignore[no-untyped-def]
        call = getattr(owner, name)

        def failing(*args, **named):  # type: ignore[no-untyped-def]
            # not meant: what an import reads of the program's own files, and a pipe's memory,
            # which cannot fail to be read
            if "importlib" in sys._getframe(1).f_code.co_filename:
                return call(*args, **named)
            if name == "read" and stat.S_ISFIFO(self._real_fstat(args[0]).st_mode):
                return call(*args, **named)
            if next(self._count) == self._at:
                self._tell(f"{name}{args!r}\n")  # type: ignore[no-untyped-call]
                raise OSError(self._code, os.strerror(self._code))
            return call(*args, **named)

        setattr(owner, name, failing)

    def _tell(self, text):  # type: ignore[no-untyped-def]
        fd = self._real_open(self._note, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        self._real_write(fd, text.encode(errors="replace"))
        os.close(fd)


_wanted = os.environ.get("CHAOS_TEST_FAIL", "").split(":")
if len(_wanted) == 3 and _wanted[0] == _role():
    importlib.import_module("tempfile")  # keeps names of its own
    _failing = _Failing(int(_wanted[1]), int(_wanted[2]), os.environ["CHAOS_TEST_FAILED"])  # type: ignore[no-untyped-call]
    for _name in _CALLS:
        _failing.wrap(os, _name)  # type: ignore[no-untyped-call]
    _failing.wrap(fcntl, "flock")  # type: ignore[no-untyped-call]
    _failing.wrap(fcntl, "fcntl")  # type: ignore[no-untyped-call]
    _failing.wrap(builtins, "open")  # type: ignore[no-untyped-call]
