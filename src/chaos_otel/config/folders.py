"""Folders and files that only we may use: where they are, made safely, refused when not ours.

Knows nothing of what is kept in them.
"""

from __future__ import annotations

import errno
import os
import stat
from itertools import count

from chaos_otel import clock
from chaos_otel.config.environment import Environment
from chaos_otel.errors import StateError

STATE_VARIABLE = "CHAOS_OTEL_STATE_DIR"
_NAME = "chaos-otel"
_ELSEWHERE = f"set {STATE_VARIABLE} to a folder of your own"
_KINDS = {
    stat.S_IFLNK: "a symbolic link",
    stat.S_IFDIR: "a folder",
    stat.S_IFREG: "a file",
    stat.S_IFIFO: "a FIFO",
    stat.S_IFSOCK: "a socket",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
}


def state_folder(env: Environment) -> str:
    """Where runs are kept; an absolute path, not made here. StateError where there is no home."""
    explicit = env.get(STATE_VARIABLE)
    if explicit:
        return os.path.abspath(explicit)
    return os.path.join(xdg_folder(env, "XDG_STATE_HOME", default=".local/state"), _NAME)


def config_folder(env: Environment) -> str:
    """Where the user's settings are; an absolute path. StateError where there is no home."""
    return os.path.join(xdg_folder(env, "XDG_CONFIG_HOME", default=".config"), _NAME)


def xdg_folder(env: Environment, variable: str, *, default: str) -> str:
    """A base folder of the XDG specification, which says to ignore a value that is not absolute."""
    value = env.get(variable, "")
    if value and os.path.isabs(value):
        return value
    home = env.get("HOME", "")
    if not home or not os.path.isabs(home):
        raise StateError(f"HOME is not set, nor is {variable}", hint=_ELSEWHERE)
    return os.path.join(home, default)


def runtime_folder(env: Environment) -> str:
    """Where what must stay in memory lies (the inbox); an absolute path, not made here."""
    value = env.get("XDG_RUNTIME_DIR", "")
    if value and os.path.isabs(value) and _is_our_folder(value):
        return os.path.join(value, _NAME)
    if os.path.isdir("/dev/shm"):
        return f"/dev/shm/{_NAME}-{os.geteuid()}"
    raise StateError(
        "there is no folder in memory (/dev/shm is missing)",
        hint="set XDG_RUNTIME_DIR to a folder of your own on a tmpfs",
    )


def working_folder() -> str:
    """Where we are; where our folder was deleted under us, a path at which nothing is."""
    try:
        return os.getcwd()
    except OSError:
        return os.path.realpath("/proc/self/cwd")  # "PATH (deleted)"


def private_folder(path: str) -> str:
    """Make `path` and what is missing above it, 0700; returns `path`.

    Afterwards it is a real folder (no link to one) that belongs to us, and nobody else may enter.
    StateError where it cannot be made so; nothing that is not ours is changed.
    """
    try:
        _make(path)
        # lstat first: the answer of open() to a link or a file differs between kernels
        _refuse_unless(os.lstat(path), stat.S_IFDIR, path)
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            status = os.fstat(fd)
            _refuse_unless(status, stat.S_IFDIR, path)
            if stat.S_IMODE(status.st_mode) != 0o700:
                os.fchmod(fd, 0o700)
        finally:
            os.close(fd)
    except OSError as error:
        raise StateError(
            f"cannot use the folder {path} ({_words(error)})", hint=_ELSEWHERE
        ) from error
    return path


def mended_folder(path: str) -> tuple[str, str]:
    """`private_folder`, except that a file of ours in its place is moved away (`quarantine`).

    Returns the path and, where something was moved, a sentence about it.
    """
    try:
        return private_folder(path), ""
    except StateError:
        aside = _move_file_away(path)
        return private_folder(path), f"{path} was damaged and lies at {aside} now" if aside else ""


def _move_file_away(path: str) -> str:
    """Where it lies now; "" where there is no file of ours any more. Alone: another process that
    found the same would move away the folder that we make."""
    import fcntl

    try:
        parent_fd = os.open(os.path.dirname(path), os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        fcntl.flock(parent_fd, fcntl.LOCK_EX)
        status = os.lstat(path)
        ours = stat.S_ISREG(status.st_mode) and status.st_uid == os.geteuid()
        return quarantine(path) if ours else ""
    except OSError:
        return ""
    finally:
        os.close(parent_fd)


def open_private(path: str, flags: int, mode: int = 0o600) -> int:
    """Open a regular file of ours and return its descriptor, which the caller closes.

    Follows no link in the last component, is closed on exec, takes all access from others, and
    truncates (O_TRUNC) only what it has found to be ours. StateError for what is not ours or cannot
    be opened, except FileNotFoundError and, with O_EXCL, FileExistsError, which are answers.
    """
    try:
        # non-blocking: a FIFO in the file's place would hold us for ever
        safe = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
        fd = os.open(path, (flags & ~os.O_TRUNC) | safe, mode)
    except (FileNotFoundError, FileExistsError):
        raise
    except OSError as error:
        raise _cannot_open(path, error) from error
    try:
        status = os.fstat(fd)
        _refuse_unless(status, stat.S_IFREG, path)
        os.set_blocking(fd, True)
        if stat.S_IMODE(status.st_mode) & 0o077 & ~mode:
            os.fchmod(fd, mode)
        if flags & os.O_TRUNC:
            os.ftruncate(fd, 0)
    except OSError as error:
        os.close(fd)
        raise _cannot_open(path, error) from error
    except StateError:
        os.close(fd)
        raise
    return fd


def stamp(wall_ns: int) -> str:
    """A moment as it stands in a file's name: 20260102T030405, in UTC."""
    import time

    return time.strftime("%Y%m%dT%H%M%S", time.gmtime(wall_ns / 1e9))


def quarantine(path: str, *, wall_ns: int | None = None) -> str:
    """Move a damaged folder out of the way, to PATH.corrupt-TIME (UTC), and return where it is now.

    One rename: it stands in one place or the other, whole. StateError if it cannot be moved.
    """
    base = f"{path}.corrupt-{stamp(clock.now().wall_ns if wall_ns is None else wall_ns)}"
    for number in count(1):
        target = base if number == 1 else f"{base}-{number}"
        if os.path.lexists(target):
            continue
        try:
            os.rename(path, target)
        except OSError as error:
            if error.errno in (errno.EEXIST, errno.ENOTEMPTY):  # another process was faster
                continue
            raise StateError(
                f"cannot move the damaged folder {path} away ({_words(error)})", hint=_ELSEWHERE
            ) from error
        return target
    raise AssertionError("unreachable")


def _make(path: str) -> None:
    try:
        os.mkdir(path, 0o700)
    except FileExistsError:
        return
    except FileNotFoundError:
        parent = os.path.dirname(path)
        if not parent or os.path.lexists(parent):  # a dangling link stands above
            raise
        _make(parent)
        try:
            os.mkdir(path, 0o700)
        except FileExistsError:
            return
    os.chmod(path, 0o700)  # the umask may have taken our own bits away


def _is_our_folder(path: str) -> bool:
    try:
        status = os.stat(path)
    except OSError:
        return False
    return stat.S_ISDIR(status.st_mode) and status.st_uid == os.geteuid()


def _refuse_unless(status: os.stat_result, wanted: int, path: str) -> None:
    kind = stat.S_IFMT(status.st_mode)
    if kind != wanted:
        found = _KINDS.get(kind, "something else")
        raise StateError(
            f"{path} is {found}, not {_KINDS[wanted]}", hint=f"move it away, or {_ELSEWHERE}"
        )
    if status.st_uid != os.geteuid():
        raise StateError(
            f"{path} belongs to user {status.st_uid}, not to {os.geteuid()}",
            hint=f"run as its owner, or {_ELSEWHERE}",
        )


def _cannot_open(path: str, error: OSError) -> StateError:
    if error.errno == errno.ELOOP:
        return StateError(f"{path} is a symbolic link", hint=f"move it away, or {_ELSEWHERE}")
    return StateError(f"cannot open {path} ({_words(error)})", hint=_ELSEWHERE)


def _words(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
