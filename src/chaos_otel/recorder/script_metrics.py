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
    name = _plain(said)
    return SCRIPT_METRIC_PREFIX + (name + RENAMED if _is_taken(name) else name)


def is_renamed(said: str) -> bool:
    """Whether a script's metric has another name because this one is ours."""
    return _is_taken(_plain(said))


def _plain(said: str) -> str:
    return _FOREIGN.sub("_", said).strip("_")[:NAME_CHARACTERS].rstrip("_") or "metric"


def _is_taken(name: str) -> bool:
    return (SCRIPT_METRIC_PREFIX + name).replace(".", "_") in _TAKEN


def _exposed(instrument: Instrument) -> set[str]:
    """With and without its unit, as exporters differ in that."""
    plain = instrument.name.replace(".", "_")
    with_unit = instrument.prometheus_name.removesuffix("_total")
    return {base + end for base in (plain, with_unit) for end in _SUFFIXES[instrument.kind]}


_TAKEN: Final = frozenset(name for one in INSTRUMENTS for name in _exposed(one))
