"""Metrics, as queries select them: by the dashboard's variables and by what a panel asks for.

Knows no panel. Every name is taken from the program, none is written here a second time.
"""

from __future__ import annotations

from typing import Final

from chaos_otel.instruments import Instrument
from chaos_otel.semconv import LABEL_ENVIRONMENT, LABEL_SCRIPT

INSTANCE: Final = "instance"
WEEK_BEFORE: Final = " offset 1w"
# what the time picker shows, and the shortest window in which a rate has two samples
SHOWN: Final = "$__range"
STEP: Final = "$__rate_interval"


def label(name: str) -> str:
    """An OpenTelemetry attribute's name as Prometheus spells it."""
    return name.replace(".", "_")


SCRIPT: Final = label(LABEL_SCRIPT)
ENVIRONMENT: Final = label(LABEL_ENVIRONMENT)


def value_of(*names: str) -> str:
    """Labels' values in the name of a line."""
    return " ".join(f"{{{{{label(name)}}}}}" for name in names)


# what a script is told apart by: the same name in two environments is two
ONE_SCRIPT: Final = f"{SCRIPT}, {ENVIRONMENT}"
ONE_PLACE: Final = f"{ONE_SCRIPT}, {INSTANCE}"
SCRIPT_NAMED: Final = value_of(SCRIPT, ENVIRONMENT)
PLACE_NAMED: Final = value_of(SCRIPT, ENVIRONMENT, INSTANCE)
_EVERYWHERE: Final = ('job=~"$job"', f'{INSTANCE}=~"$host"')
_OF_SCRIPTS: Final = (f'{ENVIRONMENT}=~"$environment"', f'{SCRIPT}=~"$script"')


def is_(name: str, value: str) -> str:
    """A matcher: this label has this value."""
    return f'{label(name)}="{value}"'


def of(instrument: Instrument, *matchers: str) -> str:
    """The series of a metric that the variables let through."""
    return _select(instrument.prometheus_name, instrument, matchers)


def increase(instrument: Instrument, *matchers: str, over: str = SHOWN, shift: str = "") -> str:
    """How much a counter grew."""
    return f"increase({of(instrument, *matchers)}[{over}]{shift})"


def last(instrument: Instrument, *matchers: str, over: str = SHOWN) -> str:
    """A gauge as it was last seen: one that is pushed is gone five minutes after its run."""
    return f"last_over_time({of(instrument, *matchers)}[{over}])"


def rate(instrument: Instrument, *matchers: str) -> str:
    """How much a counter grows each second."""
    return f"rate({of(instrument, *matchers)}[{STEP}])"


def quantile(
    share: float, instrument: Instrument, by: str = "", *, over: str = SHOWN, shift: str = ""
) -> str:
    """Below this value lies this share of what a histogram saw."""
    name = f"{instrument.prometheus_name}_bucket"
    labels = f"le, {by}" if by else "le"
    grown = f"increase({_select(name, instrument, ())}[{over}]{shift})"
    return f"histogram_quantile({share}, sum by ({labels}) ({grown}))"


def mean(instrument: Instrument, by: str, *, over: str = SHOWN) -> str:
    """The mean of what a histogram saw."""
    name = instrument.prometheus_name
    total, number = (
        f"sum by ({by}) (increase({_select(f'{name}_{part}', instrument, ())}[{over}]))"
        for part in ("sum", "count")
    )
    return f"{total} / ({number} > 0)"


def ratio(part: str, whole: str, by: str = "") -> str:
    """A share of what grew, 0 where only the whole did; `part` and `whole` are vectors."""
    grouped = f"sum by ({by})" if by else "sum"
    none = f"{grouped} ({whole}) * 0"
    return f"({grouped} ({part}) or {none}) / ({grouped} ({whole}) > 0)"


def _select(name: str, instrument: Instrument, matchers: tuple[str, ...]) -> str:
    scripts = _OF_SCRIPTS if instrument.name.startswith("script.") else ()
    return f"{name}{{{', '.join((*_EVERYWHERE, *scripts, *matchers))}}}"
