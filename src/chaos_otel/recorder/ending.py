"""What an operation's span says once the operation has ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from opentelemetry.util.types import AttributeValue

from chaos_otel import semconv
from chaos_otel.recorder.operations import Operation
from chaos_otel.records import OperationEnded

UNNAMED: Final = "(unnamed)"
UNFINISHED: Final = "unfinished: the run ended before this operation did ({})"
_ANNOUNCED: Final = "max_retries"  # comes with a start, but belongs to the end
_COUNT_MAX: Final = (1 << 31) - 1
_OURS: Final = ("chaos.", "cicd.", semconv.ERROR_TYPE)


def ended_attributes(operation: Operation, end: OperationEnded) -> dict[str, AttributeValue]:
    """All attributes of its span; a script's own come first and cannot take one of our names."""
    host = end.host or operation.host
    known: dict[str, AttributeValue] = {
        **_own(operation.attributes),
        **_own(end.attributes),
        semconv.TASK_NAME: operation.name or UNNAMED,
        semconv.TASK_RUN_ID: operation.id,
        semconv.TASK_RUN_RESULT: (
            semconv.RESULT_SUCCESS if end.success else semconv.RESULT_FAILURE
        ),
        semconv.OPERATION_HOST: host or semconv.LOCAL_HOST,
        semconv.OPERATION_DEPTH: operation.depth,
        semconv.OPERATION_CHANGED: end.changed or operation.changed,
        semconv.OPERATION_RETRY_ATTEMPTS: min(max(0, end.attempts - 1), _COUNT_MAX),
        semconv.OPERATION_MAX_RETRIES: _max_retries(operation, end),
    }
    if host:
        known[semconv.SERVER_ADDRESS] = host
    if operation.stdout is not None:
        known[semconv.OPERATION_STDOUT] = operation.stdout.text()
    if stderr := _stderr(operation, end):
        known[semconv.OPERATION_STDERR] = stderr
    if not end.counted:
        known[semconv.OPERATION_COUNTED] = False
    if not end.success:
        known[semconv.ERROR_TYPE] = _error_type(end)
    return known


def _max_retries(operation: Operation, end: OperationEnded) -> int:
    """What its end says, else what its start announced."""
    said = str(end.max_retries or operation.attributes.get(_ANNOUNCED, 0))
    return min(int(said), _COUNT_MAX) if said.isascii() and said.isdecimal() else 0


def _own(attributes: Mapping[str, str]) -> Mapping[str, str]:
    if not attributes:
        return attributes
    return {
        key: value
        for key, value in attributes.items()
        if not key.startswith(_OURS) and key != _ANNOUNCED
    }


def _stderr(operation: Operation, end: OperationEnded) -> str:
    """What it printed there, else its error's message."""
    printed = operation.stderr.text() if operation.stderr is not None else ""
    return printed or ("" if end.success else end.message) or operation.message


def _error_type(end: OperationEnded) -> str:
    return f"exit_{end.exit_code}" if end.exit_code else semconv.ERROR_TYPE_OTHER
