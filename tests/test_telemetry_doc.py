"""docs/telemetry.md names what the code sends, all of it and nothing else."""

from __future__ import annotations

import re
from pathlib import Path

from chaos_otel import semconv
from chaos_otel.exporters import otlp_clean
from chaos_otel.instruments import DURATION_BOUNDS_S, INSTRUMENTS
from chaos_otel.recorder.lines import LINE_BYTES_MAX
from chaos_otel.recorder.logs import SEVERITIES

from .telemetry_reference import rows

TEXT = (Path(__file__).parent.parent / "docs" / "telemetry.md").read_text()
NAMES = {
    key: value
    for key, value in vars(semconv).items()
    if key.isupper() and isinstance(value, str) and key not in ("SCHEMA_URL", "CH_AOS_OPERATION")
}
_WORD = re.compile(r"`((?:chaos|cicd|script|process|vcs|service|host|user|ch_aos)\.[\w.]+)")


def test_every_metric_stands_in_the_table() -> None:
    """With its kind, unit, labels and its name in Prometheus; no other is in it."""
    table = TEXT[TEXT.index("| metric |") :].partition("\n\n")[0]
    assert table.splitlines() == list(rows())


def test_every_name_stands_on_the_page() -> None:
    """Attributes, labels, results and prefixes."""
    for key, name in NAMES.items():
        assert f"`{name}" in TEXT, key


def test_every_name_on_the_page_is_one() -> None:
    """A name that the code does not know is a mistake of the page."""
    prefixes = tuple(name for name in NAMES.values() if name.endswith("."))
    metrics = {one.name for one in INSTRUMENTS}
    for name in _WORD.findall(TEXT):
        known = name in NAMES.values() or name in metrics or name.startswith(prefixes)
        assert known or name in ("script.", "script.NAME", "chaos.", "chaos.otel."), name


def test_limits_and_bounds_are_the_codes() -> None:
    """The numbers that the page gives."""
    *bounds, last = [f"{bound:g}" for bound in DURATION_BOUNDS_S]
    flat = " ".join(TEXT.split())
    assert f"{', '.join(bounds)} and {last} seconds" in flat
    assert f"at most {semconv.MAX_SERIES} series" in flat
    assert f"{otlp_clean.VALUE_CHARACTERS_MAX:,} characters" in flat
    assert f"the last {otlp_clean.VALUE_CHARACTERS_MAX // 2:,} are sent" in flat
    assert f"{otlp_clean.RECORD_CHARACTERS_MAX // 1024} Ki characters" in flat
    assert f"{otlp_clean.ATTRIBUTES_MAX:,} attributes" in flat
    assert f"of more than {LINE_BYTES_MAX // 1024} KiB comes in parts" in flat
    assert f"conventions {semconv.SCHEMA_URL.rpartition('/')[2]}" in flat


def test_severities_are_the_codes() -> None:
    """Of each type of event."""
    for kind, severity in SEVERITIES.items():
        lines = [line for line in TEXT.splitlines() if f"`chaos.event.{kind}`" in line]
        assert any(f"| {severity.name} |" in line for line in lines), kind
