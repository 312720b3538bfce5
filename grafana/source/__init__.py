"""The dashboards as Python: `python -m grafana.source` writes them as JSON to grafana/dashboards/.

Names of metrics and labels come from `chaos_otel.instruments` and `chaos_otel.semconv`, limits from
the alert rules in collector-config/rules/: none can be renamed or moved without the dashboards.
"""
