"""The layout of an event document, and whether a document has it.

The same as `event_document.schema.json`, which is for others to read (a test holds both together):
this costs a fiftieth of a JSON Schema library's import. Knows nothing of spans.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec
from msgspec import Meta, Struct

from chaos_otel.errors import ReportError

# what `otlp_clean.text` puts into a text that it cuts is shorter than this
_MARK: Final = 64
MESSAGE_CHARACTERS_MAX: Final = 1_000
NAME_CHARACTERS_MAX: Final = 200
TAGS_MAX: Final = 200
METRICS_MAX: Final = 1_000
EVENTS_MAX: Final = 1_000
ERRORS_MAX: Final = 250
EXECUTION_TIME: Final = "execution_time"

Name: TypeAlias = Annotated[str, Meta(max_length=NAME_CHARACTERS_MAX + _MARK)]
Text: TypeAlias = Annotated[str, Meta(max_length=MESSAGE_CHARACTERS_MAX + _MARK)]
Time: TypeAlias = Annotated[
    str, Meta(pattern=r"^\d{4}-[01]\d-[0-3]\dT[0-2]\d:[0-5]\d:[0-5]\dZ$", max_length=20)
]
Uuid: TypeAlias = Annotated[
    str, Meta(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$", max_length=36)
]
Number: TypeAlias = Annotated[float, Meta(ge=-sys.float_info.max, le=sys.float_info.max)]
EventType: TypeAlias = Literal["success", "error", "warning", "info"]


class Event(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """Something that happened, to an operation (on a host, if not this one) or to the run."""

    type: EventType
    message: Text
    timestamp: Time
    operation: Name = ""
    host: Name = ""


class Error(Struct, forbid_unknown_fields=True, omit_defaults=True, kw_only=True):
    """An operation that failed, or the run: `type` is a word such as exit_1, signal_KILL,
    timeout."""

    type: Name
    message: Text
    timestamp: Time
    operation: Name = ""
    host: Name = ""


class EventDocument(Struct, forbid_unknown_fields=True, kw_only=True):
    """What one run was. `timestamp` is its start; metrics are seconds, MB, percent, MB, and those
    of the script."""

    timestamp: Time
    script_name: Name
    script_version: Name
    execution_id: Uuid
    user_id: Name
    environment: Name
    metrics: Annotated[dict[Name, Number], Meta(max_length=METRICS_MAX)]
    events: Annotated[list[Event], Meta(max_length=EVENTS_MAX)]
    errors: Annotated[list[Error], Meta(max_length=ERRORS_MAX)]
    tags: Annotated[dict[Name, Text], Meta(max_length=TAGS_MAX)]


def validate(document: object) -> None:
    """Raise ReportError if it is not an event document, with the place of what is wrong."""
    try:
        known = msgspec.convert(document, EventDocument)
        if EXECUTION_TIME not in known.metrics:
            raise msgspec.ValidationError(f"Object missing required field `{EXECUTION_TIME}`")
    except (msgspec.ValidationError, RecursionError) as error:
        raise ReportError(f"not an event document: {error}") from None


def document_json(document: Mapping[str, Any]) -> bytes:
    """One document as JSON, for people, UTF-8."""
    return json.dumps(document, ensure_ascii=False, indent=2, allow_nan=False).encode() + b"\n"


def batch_json(documents: Sequence[Mapping[str, Any]]) -> bytes:
    """Documents as one JSON array, compact, UTF-8: the body of a request."""
    text = json.dumps(documents, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode()
