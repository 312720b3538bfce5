"""The settings of forwarding: where to, how much at once, how long to wait.

No project's file may say where to: whoever wrote a project would decide for whoever runs it.
"""

from __future__ import annotations

from chaos_otel.config import kinds
from chaos_otel.config.setting import Setting

PROTOCOLS = ("http/protobuf", "http/json", "grpc")

FORWARDING: tuple[Setting, ...] = (
    Setting(
        "otlp",
        kinds.ADDRESSES,
        (),
        "Send this run to this OpenTelemetry collector; consent for this run.",
        flag="--otlp",
    ),
    Setting(
        "endpoint",
        kinds.ADDRESS,
        "",
        "Address for event documents. As a flag it is consent for this run; else see consent.",
        flag="--endpoint",
        env=("CHAOS_OTEL_ENDPOINT", "TELEMETRY_ENDPOINT"),
        key="endpoint",
        project=False,
    ),
    Setting(
        "api_key",
        kinds.TEXT,
        "",
        "Key for that address, sent as a bearer token.",
        env=("CHAOS_OTEL_API_KEY", "TELEMETRY_API_KEY"),
        key="api_key",
        project=False,
        secret=True,
    ),
    Setting(
        "otlp_endpoint",
        kinds.ADDRESS,
        "",
        "Address of an OpenTelemetry collector. Nothing is sent there without consent.",
        env=("CHAOS_OTEL_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT"),
        key="otlp_endpoint",
        project=False,
    ),
    Setting(
        "otlp_protocol",
        kinds.choice(*PROTOCOLS),
        "http/protobuf",
        "What is spoken to a collector.",
        flag="--otlp-protocol",
        env=("CHAOS_OTEL_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL"),
        key="otlp_protocol",
        project=False,
    ),
    Setting(
        "insecure",
        kinds.FLAG,
        False,
        "Allow plain text (http://) to other machines.",
        flag="--insecure",
        env=("CHAOS_OTEL_INSECURE",),
        key="insecure",
        project=False,
    ),
    Setting(
        "export_wait_s",
        kinds.DURATION,
        2.0,
        "How long a run may wait for all its destinations together; the rest follows later.",
        flag="--export-wait",
        env=("CHAOS_OTEL_EXPORT_WAIT",),
        key="export_wait",
    ),
    Setting(
        "batch_size",
        kinds.POSITIVE,
        512,
        "Records in one request at most.",
        env=("CHAOS_OTEL_BATCH_SIZE", "TELEMETRY_BATCH_SIZE"),
        key="batch_size",
    ),
    Setting(
        "flush_interval_s",
        kinds.DURATION,
        30.0,
        "While a run is under way: longest wait for a batch to fill.",
        env=("CHAOS_OTEL_FLUSH_INTERVAL", "TELEMETRY_FLUSH_INTERVAL"),
        key="flush_interval",
    ),
    Setting(
        "retry_attempts",
        kinds.COUNT,
        3,
        "Tries for one request before its destination rests; nothing is given up by it.",
        env=("CHAOS_OTEL_RETRY_ATTEMPTS", "TELEMETRY_RETRY_ATTEMPTS"),
        key="retry_attempts",
    ),
    Setting(
        "rate_limit_requests",
        kinds.COUNT,
        0,
        "Requests a second to one destination; 0 is no limit.",
        env=("CHAOS_OTEL_RATE_LIMIT_REQUESTS",),
        key="rate_limit.requests",
    ),
    Setting(
        "rate_limit_bytes",
        kinds.SIZE,
        0,
        "Bytes a second to one destination; 0 is no limit.",
        env=("CHAOS_OTEL_RATE_LIMIT_BYTES",),
        key="rate_limit.bytes",
    ),
    Setting(
        "outbox_bytes",
        kinds.SIZE,
        512 * 10**6,
        "How much may wait for one destination; the oldest run falls out first, counted.",
        env=("CHAOS_OTEL_OUTBOX_SIZE",),
        key="outbox.size",
        project=False,
    ),
    Setting(
        "outbox_age_s",
        kinds.DURATION,
        14 * 86400.0,
        "How long a run waits for a destination before it falls out, counted.",
        env=("CHAOS_OTEL_OUTBOX_AGE",),
        key="outbox.age",
        project=False,
    ),
)
