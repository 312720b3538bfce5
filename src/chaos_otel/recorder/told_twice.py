"""Operations that two sources tell of, and those that one source tells of twice.

Ch-aOS prints what pyinfra does, and the hook in pyinfra tells the same, completely: the hook's
values win. The first version of Ch-aOS prints each operation at once, in part, and all of them at
the end. Knows records and ids; nothing of spans.
"""

from __future__ import annotations

from collections import Counter, OrderedDict
from typing import Final

from chaos_otel import semconv
from chaos_otel.records import OperationEnded, OperationStarted

OPERATIONS_KEPT: Final = 65_536
PROVISIONAL_MAX: Final = 50_000


class ToldTwice:
    """Remembers what the hook told, by host and hash, and by host and name in order.

    Every answer counts: ask once for each operation.
    """

    def __init__(self) -> None:
        self._by_hash: OrderedDict[tuple[str, str], str] = OrderedDict()
        self._by_name: Counter[tuple[str, str]] = Counter()
        self._doubles: dict[str, str] = {}
        self._provisional: list[OperationEnded] = []

    def started(self, record: OperationStarted) -> bool:
        """Whether it is one that the hook has told of already; the hook's own are noted."""
        attributes = record.attributes
        if not attributes:
            return False
        found = attributes.get(semconv.PYINFRA_HASH, "")
        if semconv.CH_AOS_SOURCE in attributes:
            double, hooked = self._known(record, found)
            if double:
                self._doubles[record.op] = hooked
            return double
        if found:
            self._note(record, found)
        return False

    def is_double(self, op: str) -> bool:
        """Whether this operation is one that does not count."""
        return op in self._doubles

    def better(self, op: str) -> str:
        """The id under which the hook told of a double; empty for none, and where only its name
        was known."""
        return self._doubles.get(op, "")

    def ended(self, op: str) -> str | None:
        """The id under which the hook told of it ("" where only its name was known); None where
        it is no double. Asked once, at its end."""
        return self._doubles.pop(op, None)

    def hold(self, record: OperationEnded) -> bool:
        """Hold one that is provisional; False if there is no room."""
        if len(self._provisional) >= PROVISIONAL_MAX:
            return False
        self._provisional.append(record)
        return True

    def superseded(self) -> None:
        """All that was provisional is told again."""
        self._provisional.clear()

    def take_provisional(self) -> list[OperationEnded]:
        """Those that were never told again, and that the hook did not tell of."""
        held, self._provisional = self._provisional, []
        return [one for one in held if not self._known(one, "")[0]]

    def _note(self, record: OperationStarted, found: str) -> None:
        self._by_hash[record.host, found] = record.op
        if len(self._by_hash) > OPERATIONS_KEPT:
            self._by_hash.popitem(last=False)
        if len(self._by_name) < OPERATIONS_KEPT:
            self._by_name[record.host, record.name] += 1

    def _known(self, record: OperationStarted | OperationEnded, found: str) -> tuple[bool, str]:
        if found:
            hooked = self._by_hash.get((record.host, found))
            return hooked is not None, hooked or ""
        key = (record.host, record.name)
        if not self._by_name[key]:
            del self._by_name[key]
            return False, ""
        self._by_name[key] -= 1
        return True, ""
