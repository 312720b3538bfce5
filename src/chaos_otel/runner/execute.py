"""Turn this process into the command: the search of PATH, scripts without `#!`, any environment.

What `execvp` of the C library does, with the environment given as raw bytes: entries twice, without
a name or without `=` reach the command as they are.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import NoReturn

_SHELL = b"/bin/sh"
_DEFAULT_PATH = b"/bin:/usr/bin"
_NOT_HERE = frozenset((errno.ENOENT, errno.ENOTDIR, errno.ESTALE, errno.ENODEV, errno.ETIMEDOUT))


def execute(argv: Sequence[bytes], environment: Sequence[bytes]) -> NoReturn:
    """Become the command; returns never. Raises OSError with the reason that `execvp` would
    give.
    """
    name = argv[0]
    if not name:
        raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))
    if b"/" in name:
        _execute_file(name, argv, environment)
    refused: OSError | None = None
    for folder in _path_of(environment).split(b":"):
        try:
            _execute_file(folder + b"/" + name if folder else name, argv, environment)
        except PermissionError as error:
            refused = error
        except OSError as error:
            if error.errno not in _NOT_HERE:
                raise
    raise refused or FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT))


def _execute_file(path: bytes, argv: Sequence[bytes], environment: Sequence[bytes]) -> NoReturn:
    try:
        _execve(path, argv, environment)
    except OSError as error:
        if error.errno != errno.ENOEXEC:
            raise
    _execve(_SHELL, [_SHELL, path, *argv[1:]], environment)


def _execve(path: bytes, argv: Sequence[bytes], environment: Sequence[bytes]) -> NoReturn:
    block = _Block(environment)
    if block.is_plain:
        os.execve(path, list(argv), block)
    _execve_raw(path, argv, environment)


def _execve_raw(path: bytes, argv: Sequence[bytes], environment: Sequence[bytes]) -> NoReturn:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)
    words = (ctypes.c_char_p * (len(argv) + 1))(*argv, None)
    entries = (ctypes.c_char_p * (len(environment) + 1))(*environment, None)
    libc.execve(path, words, entries)
    code = ctypes.get_errno()
    raise OSError(code, os.strerror(code))


def _path_of(environment: Sequence[bytes]) -> bytes:
    for entry in environment:
        if entry.startswith(b"PATH="):
            return entry[5:]
    return _DEFAULT_PATH


class _Block(Mapping[bytes, bytes]):
    """The block as `os.execve` takes it, which asks for `keys()` and `values()`: no dict is made of
    them, so that what stands twice stays twice."""

    def __init__(self, entries: Sequence[bytes]) -> None:
        split = [entry.partition(b"=") for entry in entries]
        self._names = [name for name, _, _ in split]
        self._values = [value for _, _, value in split]
        self.is_plain = all(name and equals for name, equals, _ in split)

    def __len__(self) -> int:
        return len(self._names)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._names)

    def __getitem__(self, name: bytes) -> bytes:
        return self._values[self._names.index(name)]

    def keys(self) -> list[bytes]:  # type: ignore[override]
        return self._names

    def values(self) -> list[bytes]:  # type: ignore[override]
        return self._values
