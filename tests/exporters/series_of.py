"""Series as the store would give them: one of each instrument, or as many as wanted."""

from __future__ import annotations

from chaos_otel.instruments import DURATION_BOUNDS_S, INSTRUMENTS, Instrument
from chaos_otel.measures import Distribution, Labels, Series

BORN_NS = 1_700_000_000_000_000_000
NOW_NS = BORN_NS + 60_000_000_000
_BOUNDS_S = tuple(float(bound) for bound in DURATION_BOUNDS_S)


def labels_of(instrument: Instrument, *, number: int = 0) -> Labels:
    """All labels that this instrument has, sorted."""
    names = list(instrument.labels)
    if instrument.name.startswith("script."):
        names += ["script.name", "deployment.environment.name"]
    return tuple(sorted((name, f"{name}-{number}") for name in names))


def series_of(instrument: Instrument, *, number: int = 0) -> Series:
    """One series of it."""
    counts = tuple(range(len(_BOUNDS_S) + 1))
    value = (
        Distribution(_BOUNDS_S, counts, sum(counts), 321.5)
        if instrument.kind == "histogram"
        else 3.5
    )
    return Series(instrument.name, labels_of(instrument, number=number), value, BORN_NS, NOW_NS)


def one_of_each() -> list[Series]:
    """One series of every metric there is."""
    return [series_of(instrument) for instrument in INSTRUMENTS]
