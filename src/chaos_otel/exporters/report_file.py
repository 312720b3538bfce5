"""Puts a new file in an old one's place: at every moment there is the one or the other, whole."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable
from typing import Final, NamedTuple

from chaos_otel.errors import ReportError


class Kind(NamedTuple):
    """What a file is, and the option that names its place: for what people are told."""

    what: str
    option: str


REPORT: Final = Kind("report", "--report")
EVENTS: Final = Kind("event document", "--events")
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


def check_target(path: str, kind: Kind = REPORT) -> None:
    """Raise ReportError where `replace` could not put a file: a bad path is best known early."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        folder = os.path.dirname(os.path.abspath(path))
        if not os.path.isdir(folder):
            raise ReportError(
                f"cannot write the {kind.what} {path}: there is no folder {folder}",
                hint=f"make it, or name another place with {kind.option}",
            ) from None
        return
    except OSError as error:
        raise _refused(path, error, kind) from None
    if not stat.S_ISREG(mode):
        found = "a symbolic link" if stat.S_ISLNK(mode) else "not a regular file"
        raise ReportError(
            f"cannot write the {kind.what} {path}: it is {found}",
            hint=f"remove it, or name another place with {kind.option}",
        )


def replace(path: str, write: Callable[[int], None], *, unique: str, kind: Kind = REPORT) -> None:
    """Have `write` fill a new file (0600) beside `path`, make it durable and rename it to `path`.

    Raises ReportError; `path` is then as it was and nothing is left beside it. `unique` names the
    run in the new file's name, so that a repetition clears away what a killed one left.
    """
    check_target(path, kind)
    folder, name = os.path.split(os.path.abspath(path))
    try:
        folder_fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            _replace_in(folder_fd, name, write, new=f".chaos-otel-{unique}.tmp")
        finally:
            os.close(folder_fd)
    except OSError as error:
        raise _refused(path, error, kind) from None


def _replace_in(folder_fd: int, name: str, write: Callable[[int], None], *, new: str) -> None:
    fd = _create(folder_fd, new)
    try:
        try:
            os.fchmod(fd, 0o600)
            write(fd)
            os.fsync(fd)
        finally:
            os.close(fd)
        os.rename(new, name, src_dir_fd=folder_fd, dst_dir_fd=folder_fd)
    except BaseException:
        os.unlink(new, dir_fd=folder_fd)
        raise
    _sync_folder(folder_fd)


def _sync_folder(folder_fd: int) -> None:
    try:
        os.fsync(folder_fd)
    except OSError:  # the new file is in place; some file systems cannot sync a folder
        pass


def _create(folder_fd: int, new: str) -> int:
    try:
        return os.open(new, _FLAGS, 0o600, dir_fd=folder_fd)
    except FileExistsError:
        os.unlink(new, dir_fd=folder_fd)
        return os.open(new, _FLAGS, 0o600, dir_fd=folder_fd)


def _refused(path: str, error: OSError, kind: Kind) -> ReportError:
    return ReportError(
        f"cannot write the {kind.what} {path} ({(error.strerror or 'failed').lower()})",
        hint=f"what was there before is untouched; name another place with {kind.option}",
    )
