"""Takes a record's text through the redactor, whatever the kind of record, and makes it encodable.

Knows which fields hold words of others and which hold ids, numbers and words of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, TypeVar, cast

import msgspec

from chaos_otel.records import (
    Damage,
    Event,
    ForeignSpan,
    Hooked,
    Interrupted,
    Metric,
    OperationChanged,
    OperationEnded,
    OperationStarted,
    ProcessStarted,
    Record,
    RunNamed,
    RunStarted,
    SpanEvent,
    Tag,
    Value,
)

T = TypeVar("T")


class Redactor(Protocol):
    """What this part needs of `privacy.redact`: text comes back as it was unless it is secret."""

    def text(self, text: str) -> str:
        """Text without its secrets."""

    def keyed(self, key: str, value: str) -> str:
        """A value without its secrets, its key known."""

    def argv(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """Arguments of a command without their secrets."""


# Free text of each kind. Not here: ids; Output (its producer has redacted it, across its pieces);
# `report_path`, `events_path` (words of ours that must stay usable).
_TEXTS: Final[Mapping[type, tuple[str, ...]]] = {
    RunStarted: ("name", "version", "tracestate", "environment", "cwd"),
    ProcessStarted: ("executable",),
    RunNamed: ("name", "version"),
    OperationStarted: ("name", "host"),
    OperationEnded: ("name", "message", "host"),
    OperationChanged: ("name",),
    Event: ("message", "name"),
    Metric: ("name",),
    ForeignSpan: ("name", "message", "scope", "scope_version"),
    Hooked: ("tool",),
    Interrupted: ("reason",),
    Damage: ("reason",),
}
_PAIRS: Final[Mapping[type, tuple[str, ...]]] = {
    RunStarted: ("tags", "attributes"),
    OperationStarted: ("attributes",),
    OperationEnded: ("attributes",),
    Event: ("attributes",),
    Metric: ("attributes",),
    ForeignSpan: ("attributes", "resource"),
}


def redact(record: Record, redactor: Redactor) -> Record:
    """The record with every free text redacted; the same object where nothing was secret."""
    kind = type(record)
    changes: dict[str, Any] = {}
    for field in _TEXTS.get(kind, ()):
        _note(changes, record, field, redactor.text)
    for field in _PAIRS.get(kind, ()):
        _note(changes, record, field, lambda pairs: _pairs(pairs, redactor))
    if isinstance(record, RunStarted):
        _note(changes, record, "argv", redactor.argv)
    elif isinstance(record, ForeignSpan):
        _note(changes, record, "events", lambda events: _events(events, redactor))
    elif isinstance(record, Tag):
        changes = {
            "key": redactor.text(record.key),
            "value": redactor.keyed(record.key, record.value),
        }
    return msgspec.structs.replace(record, **changes) if changes else record


def _note(
    changes: dict[str, Any], record: Record, field: str, redacted: Callable[[Any], Any]
) -> None:
    value = getattr(record, field)
    if value and (new := redacted(value)) is not value and new != value:
        changes[field] = new


def _pairs(pairs: dict[str, Value], redactor: Redactor) -> dict[str, Value]:
    return {redactor.text(key): _value(key, value, redactor) for key, value in pairs.items()}


def _value(key: str, value: Value, redactor: Redactor) -> Value:
    """A value that is no text stays as it is, unless its text is secret."""
    if isinstance(value, str):
        return redactor.keyed(key, value)
    if isinstance(value, list):
        return [cast(str, _value(key, item, redactor)) for item in value]
    text = str(value)
    redacted = redactor.keyed(key, text)
    return value if redacted == text else redacted


def _events(events: tuple[SpanEvent, ...], redactor: Redactor) -> tuple[SpanEvent, ...]:
    return tuple(
        msgspec.structs.replace(
            event,
            name=redactor.text(event.name),
            attributes=_pairs(event.attributes, redactor),
        )
        for event in events
    )


def without_surrogates(record: Record) -> Record:
    """The record with lone surrogates written out: a byte that was not UTF-8 as `\\xNN`."""
    fields = msgspec.structs.asdict(record)
    return type(record)(**{name: _plain(value) for name, value in fields.items()})


def _plain(value: T) -> T:
    if isinstance(value, str):
        return _text(value)  # type: ignore[return-value]
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value)  # type: ignore[return-value]
    if isinstance(value, dict):
        return {_plain(key): _plain(item) for key, item in value.items()}  # type: ignore[return-value]
    return value


def _text(text: str) -> str:
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # a surrogate that stands for no byte
        return text.encode("utf-8", "backslashreplace").decode("utf-8")
