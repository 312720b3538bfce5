"""OTLP/HTTP: telemetry that the command's own programs send becomes what the inbox takes."""
