"""One operation as Ch-aOS tells it: in a progress line, in its report, in its logbook.

Knows the keys of all versions; nothing of records, redaction and order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from chaos_otel.sources.chaos_fields import Fields, Unfit

DURATION_S_MAX: Final = 10 * 366 * 86_400.0
_HASH = re.compile(r"(?:\A|=)([0-9a-f]{8,64})\b")


@dataclass(frozen=True, slots=True)
class Told:
    """Raw: nothing of it is redacted. `timestamp_s` is when it ended, None where that is not said.

    `hash` is pyinfra's name of the operation, `parent_hash` that of the one around it; "" where
    they are not said. `arguments` is any JSON value.
    """

    host: str
    name: str
    changed: bool = False
    success: bool = True
    duration_ns: int = 0
    stdout: str = ""
    stderr: str = ""
    retry_attempts: int = 0
    max_retries: int = 0
    timestamp_s: float | None = None
    hash: str = ""
    parent_hash: str = ""
    diff: str = ""
    arguments: Any = None


def told(fields: Fields, *, host: str, logs: Fields) -> Told:
    """The operation of an object; `logs` is the object that has its stdout and stderr.

    Raises Unfit.
    """
    name = fields.required("operation")
    if not isinstance(name, str):
        raise Unfit(fields.at("operation"), "is no text")
    fields.required("success")
    retries = fields.object("retry_statistics")
    arguments = fields.raw("operation_arguments")
    known = arguments if isinstance(arguments, dict) else {}
    return Told(
        host=host,
        name=name,
        changed=fields.truth("changed"),
        success=fields.truth("success"),
        duration_ns=_nanoseconds(fields),
        stdout=logs.printed("stdout"),
        stderr=logs.printed("stderr"),
        retry_attempts=retries.count("retry_attempts") or fields.count("retry_count"),
        max_retries=retries.count("max_retries"),
        timestamp_s=fields.number("timestamp"),
        hash=_hash(known.get("operation_meta")),
        parent_hash=_hash(known.get("parent_op_hash")),
        diff=fields.printed("diff"),
        arguments=arguments,
    )


def _nanoseconds(fields: Fields) -> int:
    duration_s = fields.number("duration") or 0.0
    if duration_s > DURATION_S_MAX:
        raise Unfit(fields.at("duration"), f"is {duration_s:g} seconds, more than ten years")
    return round(duration_s * 1e9)


def _hash(value: Any) -> str:
    """From `{"hash": "=33aee…"}`, from `OperationMeta(…, hash=33aee…)`, or as it is."""
    if isinstance(value, dict):
        value = value.get("hash")
    found = _HASH.search(value) if isinstance(value, str) else None
    return found[1] if found else ""
