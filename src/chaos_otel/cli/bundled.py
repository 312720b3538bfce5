"""Files that install with the program for other programs: dashboards, rules, configurations.

In a wheel they lie below `_bundled`, in a checkout beside `src`. Knows nothing of what is in them.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Final

from chaos_otel.errors import StateError, in_words

_PACKAGE: Final = Path(__file__).parents[1]
_PLACES: Final = (_PACKAGE / "_bundled", _PACKAGE.parents[1])


def files(part: str, *, kinds: Iterable[str]) -> dict[str, bytes]:
    """The files of a part (`grafana`, `collector-config`) whose names end so, by their paths in it.

    Raises `StateError` where the installation has none.
    """
    ends = tuple(kinds)
    for place in _PLACES:
        folder = place / part
        found = {
            name: (folder / name).read_bytes() for name in _names(folder) if name.endswith(ends)
        }
        if found:
            return found
    hint = "install chaos-otel again, from a wheel"
    raise StateError(f"this installation has no {part} files", hint=hint)


def export(contents: Mapping[str, bytes], folder: str) -> list[str]:
    """Write the files below a folder, which is made: each is the old or the new one, never half.

    Returns their paths. Raises `StateError` where one cannot be written.
    """
    return [_write(os.path.join(folder, name), content) for name, content in contents.items()]


def _names(folder: Path) -> Iterator[str]:
    """Paths below a folder, sorted; what Python or an editor left there is not ours."""
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if path.is_file() and not any(part.startswith((".", "__")) for part in name.parts):
            yield name.as_posix()


def _write(path: str, content: bytes) -> str:
    draft = f"{path}.{os.getpid()}.tmp"
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        try:
            with open(draft, "wb") as file:
                file.write(content)
            os.chmod(draft, 0o644)
            os.replace(draft, path)
        except OSError:
            if os.path.lexists(draft):
                os.unlink(draft)
            raise
    except OSError as error:
        hint = "choose a folder that you may write to"
        raise StateError(f"cannot write {path} ({in_words(error)})", hint=hint) from error
    return path
