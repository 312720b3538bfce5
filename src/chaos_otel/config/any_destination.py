"""Whether anybody has named a destination: most have not, and then nothing more is loaded."""

from __future__ import annotations

from chaos_otel.config.environment import Environment
from chaos_otel.config.settings import Loaded

_BY_SIGNAL = tuple(f"OTEL_EXPORTER_OTLP_{one}_ENDPOINT" for one in ("TRACES", "METRICS", "LOGS"))


def names_destination(loaded: Loaded, environment: Environment) -> bool:
    """Whether `destinations` could find one."""
    settings = loaded.settings
    if settings.otlp or settings.endpoint or settings.otlp_endpoint:
        return True
    if any("destinations" in file.values for file in loaded.files):
        return True
    return any(environment.get(name) for name in _BY_SIGNAL)
