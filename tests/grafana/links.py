"""The links to Explore that dashboards have, and what Tempo, Jaeger and Loki would find by them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import unquote

from tests.exporters.servers import Received
from tests.grafana.dashboard_files import documents

_EXPLORE = "/explore?left="
_ERROR = 2
# the whole language that our links use
_TRACEQL = re.compile(r'\{ resource\.(\S+) = "([^"]*)" && span\.(\S+) != "([^"]*)" \}')
_LOGQL = re.compile(r'\{(\w+)="([^"]*)"\}')


def _found(node: Any) -> Iterator[str]:
    """All addresses in a document, wherever they stand."""
    if isinstance(node, Mapping):
        if isinstance(node.get("url"), str):
            yield node["url"]
        for inner in node.values():
            yield from _found(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from _found(inner)


LINKS = sorted({url for url in _found(list(documents().values())) if url.startswith(_EXPLORE)})


def asked_by(link: str, *, script: str) -> dict[str, Any]:
    """The query of a link, when it is clicked for this script."""
    text = unquote(re.sub(r"\$\{__(data\.fields|field\.labels)\.script_name\}", script, link))
    left = json.loads(text.removeprefix(_EXPLORE))
    (query,) = left["queries"]
    assert left["range"] == {"from": "${__from}", "to": "${__to}"}
    assert (
        query["datasource"]["uid"]
        == left["datasource"]
        == f"${{{query['datasource']['type']}_datasource}}"
    )
    asked: dict[str, Any] = query
    return asked


def matching(received: Received, asked: Mapping[str, Any]) -> list[Any]:
    """Spans and log records of a request that the query of a link finds."""
    kind = asked["datasource"]["type"]
    if kind == "loki":
        return _logs(received, asked["expr"])
    if kind == "jaeger":
        assert asked["tags"] == "error=true"
        wanted = ("service.name", asked["service"])
        return [span for resource, span in _spans(received) if wanted in resource and _bad(span)]
    found = _TRACEQL.fullmatch(asked["query"])
    assert found, asked["query"]
    name, value, attribute, other = found.groups()
    return [
        span
        for resource, span in _spans(received)
        if (name, value) in resource and _of(span.attributes).get(attribute, other) != other
    ]


def _logs(received: Received, query: str) -> list[Any]:
    found = _LOGQL.fullmatch(query)
    assert found, query
    if received.signal != "logs":
        return []
    return [
        record
        for group in received.message.resource_logs
        if (found[1].replace("service_name", "service.name"), found[2])
        in _of(group.resource.attributes).items()
        for scope in group.scope_logs
        for record in scope.log_records
    ]


def _spans(received: Received) -> Iterator[tuple[set[tuple[str, str]], Any]]:
    if received.signal != "traces":
        return
    for group in received.message.resource_spans:
        resource = set(_of(group.resource.attributes).items())
        for scope in group.scope_spans:
            for span in scope.spans:
                yield resource, span


def _bad(span: Any) -> bool:
    return int(span.status.code) == _ERROR


def _of(attributes: Any) -> dict[str, str]:
    """Texts only: links ask for nothing else."""
    return {one.key: one.value.string_value for one in attributes}
