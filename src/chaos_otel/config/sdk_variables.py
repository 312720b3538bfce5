"""What the libraries that we load take from the environment by themselves: taken away first.

OpenTelemetry's SDK reads OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT as it is imported, and raises for a value
that it cannot use: a variable that was set for some other program would cost every run its report.
Quick to import.
"""

from __future__ import annotations

import os

_UNHEARD = (
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS",
    "OTEL_PYTHON_CONTEXT",
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT",
    "PROMETHEUS_DISABLE_CREATED_SERIES",
    "PROMETHEUS_LEGACY_NAME_VALIDATION",
    "PROMETHEUS_MULTIPROC_DIR",
    "prometheus_multiproc_dir",
)


def hide_sdk_variables() -> None:
    """Forget them. For a process of ours that starts no command, before it loads OpenTelemetry and
    has threads."""
    for name in _UNHEARD:
        os.environ.pop(name, None)
