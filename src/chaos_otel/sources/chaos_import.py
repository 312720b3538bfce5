"""A whole-run document of Ch-aOS, or a report of ours, as the records of a run.

What such a document does not say is made from it, always the same: ids from its content, and the
times of operations from their durations, one behind the other on each host.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from chaos_otel import ids, semconv
from chaos_otel.clock import Moment
from chaos_otel.records import Event, Flushed, RunEnded, RunStarted, Tag
from chaos_otel.sources import chaos_document
from chaos_otel.sources.chaos_fields import Fields
from chaos_otel.sources.chaos_records import Said, event, operation
from chaos_otel.sources.chaos_told import Told
from chaos_otel.sources.chaos_values import Redactor

LOGBOOK_NAME: Final = "chaos apply"
REPORT_NAME: Final = "chaos_report"
_S = 1_000_000_000
_FACTS = ("resource_history", "fact_history")


@dataclass(frozen=True, slots=True)
class Document:
    """One that has been checked. `began_ns` is 0 where it does not say when the run began.

    Not `complete`: it says that the run failed, and none of its operations did.
    """

    run_id: str
    fields: Fields
    name: str
    operations: tuple[Told, ...]
    began_ns: int
    complete: bool
    hostname: str
    user: str

    def derived(self, *parts: object) -> str:
        """A span id of this document and nothing else."""
        return _derived(self.run_id, *parts)


def read(value: Any) -> Document:
    """Check a document, all of it. Raises Unfit with the place of what is wrong."""
    fields = Fields(value)
    logbook = chaos_document.is_logbook(fields)
    status = chaos_document.status(fields)
    operations = tuple(one for _, one in chaos_document.operations(fields))
    failed = any(not one.success for one in operations)
    for key in _FACTS:
        for one in fields.objects(key):
            one.number("timestamp")
    hailer = fields.object("hailer")
    began_s = chaos_document.began_s(fields) or 0.0
    return Document(
        run_id=_run_id(value, began_s=began_s),
        fields=fields,
        name=LOGBOOK_NAME if logbook else REPORT_NAME,
        operations=operations,
        began_ns=round(began_s * _S),
        # a logbook of a run without failures says "in_progress": it is written before the end
        complete=status != "failure" or failed,
        hostname=hailer.text("hostname"),
        user=hailer.text("user"),
    )


def run_started(
    document: Document, *, began_ns: int, name: str, environment: str, attributes: dict[str, str]
) -> RunStarted:
    """The first record. `name` and `environment` are what somebody gave, "" for nobody did."""
    host = {semconv.HOST_NAME: document.hostname} if document.hostname else {}
    return RunStarted(
        wall_ns=began_ns,
        mono_ns=0,
        run_id=document.run_id,
        trace_id=hashlib.sha256(f"trace {document.run_id}".encode()).hexdigest()[:32],
        span_id=document.derived("run"),
        name=name or document.name,
        environment=environment,
        wrapped=False,
        named=bool(name),
        attributes=host | attributes,
    )


def said(document: Document, redactor: Redactor, *, began_ns: int) -> Iterator[Said]:
    """All that is between the run's start and its end, and that end."""
    last_ns = 0
    if run_id := document.fields.text("uggly_run_id"):
        yield Tag(wall_ns=began_ns, mono_ns=0, key="ch_aos.run_id", value=run_id)
    for found in _events(document, redactor, began_ns=began_ns):
        last_ns = max(last_ns, found.mono_ns)
        yield found
    hosts: dict[str, int] = {}
    for number, one in enumerate(document.operations):
        end_ns = hosts[one.host] = hosts.get(one.host, 0) + one.duration_ns
        last_ns = max(last_ns, end_ns)
        yield from operation(
            one, document.derived(number), Moment(began_ns + end_ns, end_ns), redactor
        )
    if document.complete:
        yield Flushed(wall_ns=began_ns + last_ns, mono_ns=last_ns)
    yield RunEnded(wall_ns=began_ns + last_ns, mono_ns=last_ns)


def _events(document: Document, redactor: Redactor, *, began_ns: int) -> Iterator[Event]:
    """Health checks and facts, as their lines would have been told."""
    for key in _FACTS:
        for fields in document.fields.objects(key):
            wall_ns = round((fields.number("timestamp") or began_ns / _S) * _S)
            at = Moment(wall_ns, max(0, wall_ns - began_ns))
            if key == "fact_history":
                message = fields.text("command") or "fact"
                yield event(fields, at, redactor, type="debug", message=message)
            else:
                message = f"health_check {fields.text('stage')}".rstrip()
                yield event(fields, at, redactor, type="info", message=message)


def _run_id(value: Any, *, began_s: float) -> str:
    """32 hex digits that sort by the run's start as far as that is known, and for the rest are the
    content's, whatever its spaces and the order of its keys (a UUIDv8 of RFC 9562)."""
    text = json.dumps(value, sort_keys=True, separators=(",", ":"))
    digest = hashlib.sha256(text.encode("ascii")).digest()
    number = (round(began_s * 1000) & ((1 << 48) - 1)) << 80 | int.from_bytes(digest[:10], "big")
    number = number & ~(0xF << 76) | (0x8 << 76)
    number = number & ~(0x3 << 62) | (0x2 << 62)
    return f"{number:032x}"


def _derived(*parts: object) -> str:
    text = "\0".join(map(str, parts))
    digest = hashlib.sha256(text.encode()).hexdigest()[:16]
    return digest if ids.is_span_id(digest) else _derived(*parts, "")
