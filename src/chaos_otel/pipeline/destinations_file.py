"""The file in a run's folder that says where the run is still to be forwarded to.

    STATE/runs/RUN_ID/forward.json      {"destinations": [Destination.to_json(), …]}

It is there from before the command starts until every destination has the whole run, so whoever
finds it knows that the run waits, whatever became of the store. No secret is in it. Quick to
import.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from typing import Any

from chaos_otel.config.destination import Destination
from chaos_otel.config.folders import open_private
from chaos_otel.errors import StateError

FORWARD = "forward.json"


def write_destinations(folder: str, destinations: Iterable[Mapping[str, Any]]) -> None:
    """Say where the run is to go, the old file or the new one being there at any moment; without
    any destination it waits no more. Raises OSError or StateError."""
    import json  # costs only the run that has a destination

    path = f"{folder}/{FORWARD}"
    chosen = list(destinations)
    if not chosen:
        _unlink(path)
        return
    new = f"{path}.{os.getpid()}"
    fd = open_private(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    try:
        data = json.dumps({"destinations": chosen}).encode("ascii")
        if os.write(fd, data) != len(data):
            raise OSError(f"the disk is full: {path}")
    finally:
        os.close(fd)
    os.replace(new, path)


def read_destinations(folder: str) -> tuple[Destination, ...]:
    """Where the run is still to go; nowhere if there is no such file, or none that can be read."""
    import json

    try:
        fd = open_private(f"{folder}/{FORWARD}", os.O_RDONLY)
        with open(fd, "rb") as file:
            values = json.loads(file.read())
        return tuple(Destination.from_json(one) for one in values["destinations"])
    except (OSError, StateError, ValueError, KeyError, TypeError, AttributeError):
        return ()


def waits(folder: str) -> bool:
    """Whether some destination has not got the whole run."""
    return os.path.lexists(f"{folder}/{FORWARD}")


def _unlink(path: str) -> None:
    try:
        os.unlink(path)
    except FileNotFoundError:
        pass
