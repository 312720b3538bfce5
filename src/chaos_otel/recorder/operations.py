"""Operations that are open, and as many that have ended as it takes to know them again.

Knows names, ids and nesting; nothing of spans.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

from opentelemetry.sdk.trace import Event

from chaos_otel import semconv
from chaos_otel.recorder.transcript import Transcript

T = TypeVar("T")
ENDED_KEPT: Final = 10_000
_NO_LEVELS: Final[Mapping[str, int]] = {}


class Operation:
    """An operation that has begun. `levels` says for each host how many operations, this one
    included, are around what it opens; `depth` how many on its own host are around itself."""

    __slots__ = (
        "attributes",
        "changed",
        "child_failed",
        "depth",
        "events",
        "host",
        "id",
        "levels",
        "message",
        "name",
        "parent",
        "start_mono_ns",
        "start_wall_ns",
        "stderr",
        "stdout",
    )

    def __init__(
        self,
        op: str,
        name: str,
        parent: str,
        *,
        host: str,
        wall_ns: int,
        mono_ns: int,
        attributes: Mapping[str, str],
    ) -> None:
        self.id = op
        self.name = name
        self.parent = parent
        self.host = host
        self.start_wall_ns = wall_ns
        self.start_mono_ns = mono_ns
        self.attributes = attributes
        self.changed = False
        self.child_failed = False
        self.depth = 0
        self.events: tuple[Event, ...] = ()
        self.levels = _NO_LEVELS
        self.message = ""
        self.stdout: Transcript | None = None
        self.stderr: Transcript | None = None


class Operations:
    """Finds operations by id, or by name: the innermost open one of a name is the last opened."""

    def __init__(self, ended_kept: int = ENDED_KEPT) -> None:
        self._ended_kept = ended_kept
        self._open: dict[str, Operation] = {}
        self._open_names: dict[str, dict[str, Operation]] = {}
        self._ended: OrderedDict[str, Mapping[str, int]] = OrderedDict()
        self._ended_names: OrderedDict[str, str] = OrderedDict()

    def __contains__(self, op: str) -> bool:
        """Whether it is open, or has ended not too long ago."""
        return op in self._open or op in self._ended

    def begin(self, operation: Operation) -> None:
        """Open an operation below its parent, if that is known."""
        levels = self.levels(operation.parent)
        host = operation.host or semconv.LOCAL_HOST
        operation.depth = levels.get(host, 0)
        operation.levels = {**levels, host: operation.depth + 1}
        self._open[operation.id] = operation
        self._open_names.setdefault(operation.name, {})[operation.id] = operation

    def levels(self, op: str) -> Mapping[str, int]:
        """How many operations are around what `op` opens, by host."""
        operation = self._open.get(op)
        return self._ended.get(op, _NO_LEVELS) if operation is None else operation.levels

    def get(self, op: str) -> Operation | None:
        """The open operation of that id."""
        return self._open.get(op)

    def find(self, op: str, name: str) -> Operation | None:
        """The open operation of that id or, without an id, the innermost of that name."""
        if op:
            return self._open.get(op)
        of_name = self._open_names.get(name)
        return next(reversed(of_name.values())) if of_name else None

    def ended(self, op: str, name: str) -> str:
        """The id of the ended operation of that id or, without an id, the last of that name."""
        if op:
            return op if op in self._ended else ""
        return self._ended_names.get(name, "")

    def end(self, operation: Operation) -> None:
        """Close an operation, or note one that was never open."""
        if self._open.pop(operation.id, None) is not None:
            of_name = self._open_names[operation.name]
            del of_name[operation.id]
            if not of_name:
                del self._open_names[operation.name]
        _keep(self._ended, operation.id, operation.levels, self._ended_kept)
        _keep(self._ended_names, operation.name, operation.id, self._ended_kept)

    def innermost_first(self) -> Iterator[Operation]:
        """Those that are open, the last opened first; they may be ended meanwhile."""
        return reversed(list(self._open.values()))


def _keep(kept: OrderedDict[str, T], key: str, value: T, most: int) -> None:
    kept[key] = value
    kept.move_to_end(key)
    if len(kept) > most:
        kept.popitem(last=False)
