"""What somebody asked `run` for. Quick to import."""

from __future__ import annotations

from typing import Any, NamedTuple

from chaos_otel.pipeline.pace import Pace


class Request(NamedTuple):
    """One command to run. `report` and `events` are absolute paths, empty for none; `argv` is as
    it was typed. `destinations` are the consented ones, as `Destination.to_json` gives them."""

    argv: tuple[bytes, ...]
    tags: dict[str, str]
    attributes: dict[str, str]
    report: str = ""
    events: str = ""
    name: str = ""
    version: str = ""
    environment: str = ""
    capture: str = "auto"
    split: bool = False
    output_limit_bytes: int = 65536
    timeout_s: float | None = None
    kill_after_s: float = 10.0
    inject: bool = True
    otlp_receiver: bool = False
    wait: bool = True
    redact_value_from: tuple[str, ...] = ()
    retention_age_s: float = 14 * 86400.0
    retention_bytes: int = 1_000_000_000
    textfile: str = ""
    prometheus_port: int = 0
    destinations: tuple[dict[str, Any], ...] = ()
    pace: Pace = Pace()
