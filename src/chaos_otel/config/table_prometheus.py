"""The settings of metrics that Prometheus reads: where they are written or served.

None of them is for a project's file: they name places of the host that a run is made on.
"""

from __future__ import annotations

from chaos_otel.config import kinds
from chaos_otel.config.setting import Setting

PROMETHEUS: tuple[Setting, ...] = (
    Setting(
        "textfile",
        kinds.PATH,
        "",
        "Folder of node_exporter's textfiles: each run writes chaos_otel.prom there.",
        flag="--textfile",
        env=("CHAOS_OTEL_TEXTFILE",),
        key="prometheus.textfile",
        project=False,
    ),
    Setting(
        "prometheus_port",
        kinds.PORT,
        0,
        "Serve /metrics on this port of loopback while a run is under way; 0 does not.",
        flag="--prometheus-port",
        env=("CHAOS_OTEL_PROMETHEUS_PORT",),
        key="prometheus.port",
        project=False,
    ),
    Setting(
        "scrape_interval_s",
        kinds.DURATION,
        30.0,
        "How often Prometheus looks. A new series shows 0 for two of these, or rate() misses it.",
        env=("CHAOS_OTEL_SCRAPE_INTERVAL",),
        key="prometheus.scrape_interval",
        project=False,
    ),
    Setting(
        "listen",
        kinds.TEXT,
        "127.0.0.1:9464",
        "Where chaos-otel serve listens.",
        env=("CHAOS_OTEL_LISTEN",),
        key="prometheus.listen",
        project=False,
    ),
    Setting(
        "pushgateway",
        kinds.ADDRESS,
        "",
        "Pushgateway for chaos-otel push. Nothing is sent there without consent.",
        env=("CHAOS_OTEL_PUSHGATEWAY",),
        key="prometheus.pushgateway",
        project=False,
    ),
)
