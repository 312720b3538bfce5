"""Which revision of what repository a folder holds, read from git's files without running git.

Never raises: what cannot be read is left out. Knows nothing of the state of the work tree.
"""

from __future__ import annotations

import os
from typing import NamedTuple

from chaos_otel import semconv
from chaos_otel.config.repository_url import repository_url

_MOST_PARENTS = 64
_LARGEST_FILE_BYTES = 4 << 20
_HEX = frozenset("0123456789abcdef")
_BRANCH = "refs/heads/"


class _Repository(NamedTuple):
    """`folder` has HEAD; `common` the refs, where several work trees share them."""

    folder: str
    common: str


def revision(cwd: str) -> dict[str, str]:
    """Attributes `vcs.*` of the repository around `cwd`; empty where there is none, or no `cwd`."""
    repository = _find(cwd) if cwd else None
    if repository is None:
        return {}
    head = _read(repository.folder, "HEAD").strip()
    found: dict[str, str] = {}
    if head.startswith("ref: "):
        ref = head.removeprefix("ref: ").strip()
        if ref.startswith(_BRANCH):
            found[semconv.VCS_REF_HEAD_NAME] = ref.removeprefix(_BRANCH)
            found[semconv.VCS_REF_HEAD_TYPE] = "branch"
        head = _resolve(repository, ref)
    if _is_hash(head):
        found[semconv.VCS_REF_HEAD_REVISION] = head
    if url := repository_url(_remote(_read(repository.common, "config"))):
        found[semconv.VCS_REPOSITORY_URL] = url
    return found


def _find(cwd: str) -> _Repository | None:
    folder = os.path.abspath(cwd)
    for _ in range(_MOST_PARENTS):
        dot_git = os.path.join(folder, ".git")
        if os.path.isdir(dot_git):
            return _Repository(dot_git, dot_git)
        link = _read(folder, ".git").strip()  # a file in work trees and submodules
        if link.startswith("gitdir: "):
            target = os.path.join(folder, link.removeprefix("gitdir: "))
            common = _read(target, "commondir").strip()
            return _Repository(target, os.path.join(target, common) if common else target)
        parent = os.path.dirname(folder)
        if parent == folder:
            return None
        folder = parent
    return None


def _resolve(repository: _Repository, ref: str) -> str:
    """The hash that a ref names, from its own file or the packed ones; empty if unborn."""
    if not ref.startswith("refs/") or ".." in ref:
        return ""
    for folder in repository:
        loose = _read(folder, ref).strip()
        if _is_hash(loose):
            return loose
    for line in _read(repository.common, "packed-refs").splitlines():
        packed, _, name = line.partition(" ")
        if name == ref and _is_hash(packed):
            return packed
    return ""


def _remote(config: str) -> str:
    """The address of `origin`, else of the remote that stands first."""
    remotes: dict[str, str] = {}
    section = ""
    for line in config.splitlines():
        text = line.strip()
        if text.startswith("["):
            section = text
        elif section.startswith('[remote "'):
            key, equals, value = text.partition("=")
            if equals and key.strip().lower() == "url":
                name = section.removeprefix('[remote "').partition('"')[0]
                remotes.setdefault(name, value.strip().strip('"'))
    return remotes.get("origin") or next(iter(remotes.values()), "")


def _is_hash(text: str) -> bool:
    return len(text) in (40, 64) and set(text) <= _HEX


def _read(folder: str, name: str) -> str:
    """A small file's text; empty for anything that is not there, not a file, or too large."""
    try:
        # non-blocking: a FIFO of that name would hold us for ever
        fd = os.open(os.path.join(folder, name), os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    except (OSError, ValueError):
        return ""
    try:
        data = b""
        while piece := os.read(fd, _LARGEST_FILE_BYTES):
            data += piece
            if len(data) > _LARGEST_FILE_BYTES:
                return ""
    except OSError:
        return ""
    finally:
        os.close(fd)
    return os.fsdecode(data)
