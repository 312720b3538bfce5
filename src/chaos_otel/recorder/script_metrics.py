"""The names of a script's own metrics: a gauge each, `script.NAME`, and never one of ours.

Knows names only; nothing of values.
"""

from __future__ import annotations

import re
from typing import Final

from chaos_otel.instruments import INSTRUMENTS, SCRIPT_METRIC_PREFIX, Instrument

NAME_CHARACTERS: Final = 100
RENAMED: Final = "_recorded"
_FOREIGN: Final = re.compile(r"[^0-9A-Za-z]+")
_SUFFIXES: Final = {
    "counter": ("", "_total", "_created"),
    "gauge": ("",),
    "histogram": ("", "_bucket", "_count", "_sum", "_created"),
}


def metric_name(said: str) -> str:
    """The name of the metric that a script calls so.

    Letters, digits and single underscores, so that OpenTelemetry and Prometheus call it the same;
    one that is ours in either's spelling has RENAMED at its end.
    """
    name = _FOREIGN.sub("_", said).strip("_")[:NAME_CHARACTERS].rstrip("_") or "metric"
    return SCRIPT_METRIC_PREFIX + (name + RENAMED if is_taken(name) else name)


def is_taken(name: str) -> bool:
    """Whether a metric of ours is called so, by any of the names under which it is exposed."""
    return (SCRIPT_METRIC_PREFIX + name).replace(".", "_") in _TAKEN


def _exposed(instrument: Instrument) -> set[str]:
    """With and without its unit, as exporters differ in that."""
    plain = instrument.name.replace(".", "_")
    with_unit = instrument.prometheus_name.removesuffix("_total")
    return {base + end for base in (plain, with_unit) for end in _SUFFIXES[instrument.kind]}


_TAKEN: Final = frozenset(name for one in INSTRUMENTS for name in _exposed(one))
