"""Settings files: the project's `./chaos-otel.toml`, the user's own and the host's, with the lines
of keys.

Knows TOML and who may be believed, not what the settings mean. Loads the TOML parser only where
there is a file.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Iterator
from typing import Any, NamedTuple

from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import config_folder
from chaos_otel.config.problem import Problem
from chaos_otel.config.table import BY_KEY, TABLES
from chaos_otel.errors import StateError

PROJECT_FILE = "chaos-otel.toml"
USER_FILE = "config.toml"
SYSTEM_FILE = "/etc/chaos-otel/config.toml"  # no variable names another one: it may give consent
_LARGEST_BYTES = 1 << 20
_TABLE = r"\s*\[\s*([^\[\]]+?)\s*\]\s*(?:#.*)?"
_KEY = r"""\s*((?:[\w-]+|"[^"]*"|'[^']*')(?:\s*\.\s*(?:[\w-]+|"[^"]*"|'[^']*'))*)\s*="""
_AT_LINE = r"at line (\d+)"


class SettingsFile(NamedTuple):
    """One file that was read. `values` by key, dotted below tables; `name` as messages show it.

    `system`: root wrote it and nobody else can. `private`: it is ours and nobody else can read it.
    """

    name: str
    project: bool
    values: dict[str, Any]
    lines: dict[str, int]
    system: bool = False
    private: bool = False

    def place(self, key: str) -> str:
        """`FILE:LINE` of a key, `FILE` alone where the line is not known."""
        line = self.lines.get(key)
        return f"{self.name}:{line}" if line else self.name


def read_files(env: Environment, cwd: str) -> tuple[list[SettingsFile], list[Problem]]:
    """The files that are there, the project's first, and what was wrong with them as a whole."""
    files: list[SettingsFile] = []
    problems: list[Problem] = []
    for one in _candidates(env, cwd):
        try:
            found = _read(one, trusted=_trusted_owners(env))
            if found is not None:
                text, status = found
                files.append(_parse(text, one, private=_is_private(status)))
        except _Unusable as error:
            problems.append(Problem(error.place or one.name, str(error), error.remedy))
    return files, problems


class _Candidate(NamedTuple):
    path: str
    name: str
    project: bool = False
    system: bool = False


class _Unusable(Exception):
    def __init__(self, message: str, *, remedy: str = "", place: str = "") -> None:
        super().__init__(message)
        self.remedy = remedy
        self.place = place


def _candidates(env: Environment, cwd: str) -> Iterator[_Candidate]:
    yield _Candidate(os.path.join(cwd, PROJECT_FILE), PROJECT_FILE, project=True)
    try:
        path = os.path.join(config_folder(env), USER_FILE)
        yield _Candidate(path, path)
    except StateError:  # no home, so no file of the user
        pass
    yield _Candidate(SYSTEM_FILE, SYSTEM_FILE, system=True)


def _trusted_owners(env: Environment) -> frozenset[int]:
    """Us, root, and under sudo who called it: in /tmp a file may be anybody's."""
    owners = {os.geteuid(), 0}
    sudo = env.get("SUDO_UID", "")
    if os.geteuid() == 0 and sudo and sudo.isdecimal():
        owners.add(int(sudo))
    return frozenset(owners)


def _read(one: _Candidate, *, trusted: frozenset[int]) -> tuple[str, os.stat_result] | None:
    try:
        fd = os.open(one.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
        try:
            status = os.fstat(fd)
            _refuse(status, trusted=frozenset((0,)) if one.system else trusted)
            if one.system:
                _refuse_writable(status, os.stat(os.path.dirname(one.path)))
            data = _read_all(fd)
        finally:
            os.close(fd)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        if one.system and error.errno == errno.EACCES:  # the host's, but not meant for us
            return None
        raise _Unusable(f"cannot be read ({(error.strerror or '').lower()})") from error
    try:
        return data.decode("utf-8-sig"), status
    except UnicodeDecodeError as error:
        raise _Unusable(f"is not UTF-8 (byte {error.start})", remedy="save it as UTF-8") from error


def _refuse(status: os.stat_result, *, trusted: frozenset[int]) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise _Unusable("is not a file", remedy="move it away")
    if status.st_uid not in trusted:
        raise _Unusable(
            f"belongs to user {status.st_uid} and is ignored",
            remedy="take it over with chown, or copy it",
        )


def _refuse_writable(status: os.stat_result, folder: os.stat_result) -> None:
    """The host's file speaks for root: nobody else may be able to write it, or put one there."""
    if folder.st_uid != 0 or (status.st_mode | folder.st_mode) & 0o022:
        raise _Unusable(
            "can be written by others than root and is ignored",
            remedy="chown root and chmod go-w the file and its folder",
        )


def _is_private(status: os.stat_result) -> bool:
    return status.st_uid == os.geteuid() and not status.st_mode & 0o077


def _read_all(fd: int) -> bytes:
    data = b""
    while len(data) <= _LARGEST_BYTES:
        piece = os.read(fd, _LARGEST_BYTES)
        if not piece:
            return data
        data += piece
    raise _Unusable("is larger than 1 MiB and is ignored", remedy="settings are a few lines")


def _parse(text: str, one: _Candidate, *, private: bool) -> SettingsFile:
    import tomllib

    try:
        content = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        line = re.search(_AT_LINE, str(error))
        raise _Unusable(
            f"is not TOML ({str(error).lower()})",
            remedy='write KEY = VALUE lines, text in "quotes"',
            place=f"{one.name}:{line[1]}" if line else "",
        ) from error
    return SettingsFile(
        one.name,
        one.project,
        dict(_flatten(content)),
        dict(_lines(text)),
        system=one.system,
        private=private,
    )


def _flatten(table: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in table.items():
        path = prefix + key
        if isinstance(value, dict) and path not in BY_KEY and path not in TABLES:
            yield from _flatten(value, f"{path}.")
        else:
            yield path, value


def _lines(text: str) -> Iterator[tuple[str, int]]:
    """The line of each key and table; the parser tells none. Good enough: messages only."""
    table = ""
    for number, line in enumerate(text.splitlines(), 1):
        if header := re.fullmatch(_TABLE, line):
            table = _dotted(header[1])
            yield table, number
        elif key := re.match(_KEY, line):
            yield _dotted(f"{table}.{key[1]}" if table else key[1]), number


def _dotted(path: str) -> str:
    return ".".join(part.strip().strip("\"'") for part in path.split("."))
