"""What somebody asked `run` for. Quick to import."""

from __future__ import annotations

from typing import NamedTuple


class Request(NamedTuple):
    """One command to run. `report` is an absolute path, empty for none; `argv` is as it was
    typed."""

    argv: tuple[bytes, ...]
    tags: dict[str, str]
    attributes: dict[str, str]
    report: str = ""
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
