"""From what Ch-aOS tells to records: operations, and what else it says as events.

Knows nothing of lines and files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final, Literal, NamedTuple, TypeAlias

from chaos_otel import semconv
from chaos_otel.clock import Moment
from chaos_otel.records import Event, OperationEnded, OperationStarted, Record
from chaos_otel.sources.chaos_fields import Fields
from chaos_otel.sources.chaos_told import Told
from chaos_otel.sources.chaos_values import Redactor, as_text, cut

DIFF_CHARACTERS_MAX: Final = 4_096
ARGUMENTS_CHARACTERS_MAX: Final = 8_192
EVENT_CHARACTERS_MAX: Final = 2_048
_MESSAGE_CHARACTERS = 500
_NAME_CHARACTERS = 1_024
_KEY_CHARACTERS = 100
_ATTRIBUTES_MAX = 32


class Printed(NamedTuple):
    """What an operation printed on one stream, raw: to be redacted and cut as any output is."""

    op: str
    stream: Literal[1, 2]
    data: bytes


Said: TypeAlias = Record | Printed


def operation(
    told: Told,
    op: str,
    end: Moment,
    redactor: Redactor,
    *,
    parent: str = "",
    inner: Iterable[Said] = (),
) -> Iterator[Said]:
    """A whole operation that ended at `end`; `inner` is what came between its ends."""
    yield _started(told, op, end, parent=parent)
    yield from inner
    if told.stdout:
        yield Printed(op, 1, _bytes(told.stdout))
    if told.stderr:
        yield Printed(op, 2, _bytes(told.stderr))
    yield ended(told, op, end, redactor)


def ended(
    told: Told,
    op: str,
    at: Moment,
    redactor: Redactor,
    *,
    parent: str = "",
    provisional: bool = False,
) -> OperationEnded:
    """How it went. `provisional`: a report may say more later, and then that counts."""
    diff = as_text(told.diff, redactor, limit=DIFF_CHARACTERS_MAX)
    arguments = as_text(told.arguments, redactor, limit=ARGUMENTS_CHARACTERS_MAX)
    attributes = {semconv.CH_AOS_DIFF: diff, semconv.CH_AOS_ARGUMENTS: arguments}
    return OperationEnded(
        wall_ns=at.wall_ns,
        mono_ns=at.mono_ns,
        op=op,
        name=cut(told.name, _NAME_CHARACTERS),
        parent=parent,
        success=told.success,
        message="" if told.success else _message(told, redactor),
        changed=told.changed,
        attempts=told.retry_attempts + 1,
        max_retries=told.max_retries,
        host=cut(told.host, _NAME_CHARACTERS),
        attributes=_source(told) | {key: text for key, text in attributes.items() if text},
        provisional=provisional,
    )


def event(
    fields: Fields, at: Moment, redactor: Redactor, *, type: Literal["info", "debug"], message: str
) -> Event:
    """Anything else that it says, its values as attributes; nested ones as JSON."""
    return Event(
        wall_ns=at.wall_ns,
        mono_ns=at.mono_ns,
        type=type,
        message=cut(redactor.text(message[: 2 * EVENT_CHARACTERS_MAX]), EVENT_CHARACTERS_MAX),
        attributes=dict(_attributes(fields, redactor)),
    )


def _started(told: Told, op: str, end: Moment, *, parent: str) -> OperationStarted:
    return OperationStarted(
        wall_ns=end.wall_ns - told.duration_ns,
        mono_ns=end.mono_ns - told.duration_ns,
        op=op,
        name=cut(told.name, _NAME_CHARACTERS),
        parent=parent,
        host=cut(told.host, _NAME_CHARACTERS),
        attributes=_source(told),
    )


def _source(told: Told) -> dict[str, str]:
    known = {semconv.CH_AOS_SOURCE: semconv.CH_AOS_OPERATION}
    if told.hash:
        known[semconv.PYINFRA_HASH] = told.hash
    return known


def _message(told: Told, redactor: Redactor) -> str:
    lines = told.stderr[-4 * _MESSAGE_CHARACTERS :].split("\n")
    last = next((line for line in reversed(lines) if line.strip()), "")
    return cut(redactor.text(last), _MESSAGE_CHARACTERS)


def _attributes(fields: Fields, redactor: Redactor) -> Iterator[tuple[str, str]]:
    yield semconv.CH_AOS_SOURCE, "event"
    for number, (key, value) in enumerate(fields.items()):
        if number == _ATTRIBUTES_MAX:
            break
        if text := as_text(value, redactor, limit=EVENT_CHARACTERS_MAX, key=key):
            yield f"ch_aos.{cut(key, _KEY_CHARACTERS)}", text


def _bytes(text: str) -> bytes:
    """UTF-8; lone surrogates, which JSON can write, become visible."""
    return text.encode("utf-8", "backslashreplace")
