"""Where a run lies: a folder on disk for its journal, a file in memory for its inbox.

    STATE/runs/RUN_ID/journal.jsonl     what happened, redacted
    STATE/runs/RUN_ID/lock              held (flock) while capture or deliver live
    STATE/runs/RUN_ID/delivered         there once every local output was written
    STATE/runs/RUN_ID/uncounted         there while the store could not take it (counting.py)
    RUNTIME/RUN_ID.inbox, RUN_ID.plan   raw, in memory, gone when the run is closed

Quick to import: this runs before the command starts.
"""

from __future__ import annotations

import errno
import fcntl
import os
from dataclasses import dataclass

from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import (
    mended_folder,
    open_private,
    private_folder,
    runtime_folder,
    state_folder,
)
from chaos_otel.errors import StateError, in_words
from chaos_otel.pipeline.removal import remove_run

JOURNAL = "journal.jsonl"
LOCK = "lock"
DELIVERED = "delivered"
RUNS = "runs"
FREE_BYTES_MIN = 1 << 20


@dataclass(frozen=True, slots=True)
class RunFolder:
    """An open run. Owns `lock_fd` and `journal_fd`. `problem` says in words what went another
    way."""

    run_id: str
    path: str
    inbox: str
    lock_fd: int
    journal_fd: int
    problem: str = ""

    def remove(self) -> None:
        """There is no run after all: leave nothing of it, in us neither."""
        remove_run(self.path, self.inbox)
        os.close(self.journal_fd)
        os.close(self.lock_fd)


def open_journal(folder: str) -> int:
    """A descriptor to read the run's journal from, which the caller closes. OSError without one."""
    return os.open(f"{folder}/{JOURNAL}", os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)


def is_delivered(folder: str) -> bool:
    """Whether every local output of the run was written; also where that cannot be known, for then
    nobody shall touch it."""
    try:
        os.lstat(f"{folder}/{DELIVERED}")
    except FileNotFoundError:
        return False
    except OSError:
        return True
    return True


def create_run_folder(run_id: str, environment: Environment) -> RunFolder:
    """Make the folder, take its lock, make journal and inbox.

    Where the state folder cannot be used the run is kept in memory and `problem` says so; a state
    folder that is damaged (a file in its place) is moved aside. Raises StateError if neither works.
    """
    runtime = private_folder(runtime_folder(environment))
    inbox = _create_inbox(runtime, run_id)
    problem = ""
    try:
        path, problem = _usable_runs_folder(environment)
        return _open_new(run_id, path, inbox, problem=problem)
    except (StateError, OSError) as error:
        problem = f"{in_words(error)}; this run is kept in memory only"
    try:
        return _open_new(run_id, private_folder(f"{runtime}/{RUNS}"), inbox, problem=problem)
    except OSError as error:
        os.unlink(inbox)
        raise StateError(f"cannot record this run: {in_words(error)}") from error


def _create_inbox(runtime: str, run_id: str) -> str:
    path = f"{runtime}/{run_id}.inbox"
    try:
        os.close(open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL))
    except OSError as error:
        raise StateError(f"cannot make an inbox in {runtime}: {in_words(error)}") from error
    return path


def _usable_runs_folder(environment: Environment) -> tuple[str, str]:
    state, problem = mended_folder(state_folder(environment))
    _refuse_if_full(state)
    runs, another = mended_folder(f"{state}/{RUNS}")
    return runs, problem or another


def _refuse_if_full(folder: str) -> None:
    """A full disk still takes the name of a new file, and would refuse what is written to it."""
    status = os.statvfs(folder)
    free_bytes = (status.f_bfree if os.geteuid() == 0 else status.f_bavail) * status.f_frsize
    if status.f_blocks and free_bytes < FREE_BYTES_MIN:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), folder)


def _open_new(run_id: str, runs: str, inbox: str, *, problem: str) -> RunFolder:
    path = f"{runs}/{run_id}"
    os.mkdir(path, 0o700)
    lock_fd = journal_fd = -1
    try:
        lock_fd = open_private(f"{path}/{LOCK}", os.O_RDWR | os.O_CREAT | os.O_EXCL)
        fcntl.flock(lock_fd, fcntl.LOCK_EX)
        flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
        journal_fd = open_private(f"{path}/{JOURNAL}", flags)
    except (OSError, StateError):
        if lock_fd >= 0:
            os.close(lock_fd)
        raise
    return RunFolder(run_id, path, inbox, lock_fd, journal_fd, problem)
