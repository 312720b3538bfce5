"""What may stand in a label of a metric, and what stands there instead.

A label's value becomes a series that is kept for good: no path, no id and no line of text belongs
in one, and no metric may have more than semconv.MAX_SERIES of them.
"""

from __future__ import annotations

import math
import re
from typing import Final

from chaos_otel import semconv
from chaos_otel.measures import Labels

VALUE_CHARACTERS: Final = 100
UNKNOWN: Final = "unknown"
# labels whose few values are ours, and how many those are: they stay where others become the rest
_BOUNDED: Final = {
    semconv.LABEL_RESULT: 4,
    semconv.LABEL_RECORDED_REVISION: 2,
    semconv.LABEL_RECORDED_USER: 2,
    semconv.LABEL_WORKING_HOURS: 2,
    semconv.LABEL_CHANGED: 2,
    semconv.LABEL_DIRECTION: 2,
    semconv.LABEL_CHANGE: 2,
}
# an absolute path, or one below a home or the working folder; no URL's
_PATH: Final = re.compile(r"(?<![\w.:/~])(?:~[\w.-]*|\.{1,2})?/[^\s'\":;,]*")
_ID: Final = re.compile(
    r"\b(?:[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}|(?=[a-f]*[0-9])[0-9a-f]{16,})\b"
)


def clean(value: str) -> str:
    """The value as a label: one printable line of at most VALUE_CHARACTERS, of a path its last
    name, of an id (a UUID, a hash) a `*`; UNKNOWN where nothing is left."""
    if not value.isprintable():
        value = " ".join("".join(one if one.isprintable() else " " for one in value).split())
    if "/" in value:
        value = _PATH.sub(lambda path: path[0].rstrip("/").rpartition("/")[2], value)
    if len(value) >= 16:
        value = _ID.sub("*", value)
    return value.strip()[:VALUE_CHARACTERS].rstrip() or UNKNOWN


def of_script(script: str, environment: str) -> Labels:
    """What every `script.` series has, cleaned."""
    return (
        (semconv.LABEL_ENVIRONMENT, clean(environment)),
        (semconv.LABEL_SCRIPT, clean(script)),
    )


def joined(first: Labels, *more: tuple[str, str]) -> Labels:
    """Labels and some more, sorted by name."""
    return tuple(sorted((*first, *more)))


def series_limit(of: Labels) -> int:
    """How many series a metric with these labels may have of its own; the others are the rest's."""
    return semconv.MAX_SERIES - math.prod(_BOUNDED.get(name, 1) for name, _ in of)


def rest(of: Labels) -> Labels:
    """The labels of the series in which all are counted that have none of their own."""
    return tuple((name, value if name in _BOUNDED else semconv.LABEL_REST) for name, value in of)
