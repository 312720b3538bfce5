"""Ways on from a panel: to a script's traces and logs, and to the other dashboards.

No metric of ours carries an exemplar, so a failed run is searched for by its script and the time
shown, with attributes that its root span and its log records really have.
"""

from __future__ import annotations

import json
import re
from typing import Final
from urllib.parse import quote

from grafana.source.metrics import SCRIPT, label
from grafana_foundation_sdk.builders import dashboard as build
from grafana_foundation_sdk.models import dashboard as model

from chaos_otel.semconv import PIPELINE_RESULT, RESULT_SUCCESS, SERVICE_NAME

TAG: Final = "chaos-otel"
# what Grafana puts in: the script of the row or the line that was clicked
IN_ROW: Final = f"${{__data.fields.{SCRIPT}}}"
ON_LINE: Final = f"${{__field.labels.{SCRIPT}}}"
_VARIABLE: Final = re.compile(r"(\$\{[^}]*\})")


def to_traces_and_logs(script: str) -> list[build.DashboardLink]:
    """Explore, three times: failed runs in Tempo and in Jaeger, log records in Loki."""
    failed = f'resource.{SERVICE_NAME} = "{script}" && span.{PIPELINE_RESULT} != "{RESULT_SUCCESS}"'
    tempo = {"queryType": "traceql", "query": f"{{ {failed} }}"}
    jaeger = {"queryType": "search", "service": script, "tags": "error=true"}
    loki = {"queryType": "range", "expr": f'{{{label(SERVICE_NAME)}="{script}"}}'}
    return [
        _link("Failed runs in Tempo", _explore("tempo", tempo)),
        _link("Failed runs in Jaeger", _explore("jaeger", jaeger)),
        _link("Logs in Loki", _explore("loki", loki)),
    ]


def to_errors(script: str) -> build.DashboardLink:
    """The dashboard of errors, for this script only."""
    return _link(
        "Errors of this script",
        f"/d/{TAG}-errors?var-script={script}&${{__url_time_range}}&${{prometheus_datasource:queryparam}}",
    )


def to_dashboards() -> build.DashboardLink:
    """All of ours, with the time and the variables kept."""
    return (
        build.DashboardLink("chaos-otel")
        .type(model.DashboardLinkType.DASHBOARDS)
        .tags([TAG])
        .as_dropdown(True)
        .include_vars(True)
        .keep_time(True)
    )


def _link(title: str, url: str) -> build.DashboardLink:
    return build.DashboardLink(title).type(model.DashboardLinkType.LINK).url(url).target_blank(True)


def _explore(kind: str, query: dict[str, str]) -> str:
    """An address that every Grafana since 7 understands."""
    uid = f"${{{kind}_datasource}}"
    source = {"type": kind, "uid": uid}
    left = {
        "datasource": uid,
        "queries": [{"refId": "A", "datasource": source, **query}],
        "range": {"from": "${__from}", "to": "${__to}"},
    }
    text = json.dumps(left, separators=(",", ":"))
    parts = (part if _VARIABLE.fullmatch(part) else quote(part) for part in _VARIABLE.split(text))
    return f"/explore?left={''.join(parts)}"
