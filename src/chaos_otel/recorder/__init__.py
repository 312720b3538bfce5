"""From records to OpenTelemetry."""

from chaos_otel.recorder.recorder import Recorder

__all__ = ["Recorder"]
