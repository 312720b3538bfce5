"""Ch-aOS's whole-run documents: its report (and ours, which has the same layout) and its logbook.

Knows their keys; nothing of records and files.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from chaos_otel.sources.chaos_fields import Fields, Unfit
from chaos_otel.sources.chaos_told import Told, told

API_VERSIONS: Final = ("v1",)
_UGLY_ID = re.compile(r"chaos-([0-9]{9,11})-[0-9]+")
_HUMAN_ID = re.compile(r"chaos-([0-9]{4}/[0-9]{2}/[0-9]{2}-[0-9]{2}:[0-9]{2}:[0-9]{2})")


def is_logbook(document: Fields) -> bool:
    """Whether it says which version of a logbook it is. Raises Unfit for one we do not know."""
    if "api_version" not in document:
        return False
    version = document.raw("api_version")
    if version not in API_VERSIONS:
        raise Unfit("api_version", f"is {version!r}; known is v1")
    return True


def operations(document: Fields) -> Iterator[tuple[str, Told]]:
    """Each operation with its place, host by host, in the order of the histories.

    Entries that are no operations (an early version put its setup phase there) are left out.
    Raises Unfit.
    """
    for name, host in document.members("hosts"):
        for entry in host.objects("history"):
            if "operation" in entry or "type" not in entry:
                yield entry.place, told(entry, host=name, logs=entry)


def status(document: Fields) -> str:
    """`success`, `failure` or `in_progress`. Raises Unfit."""
    summary = Fields(document.required("summary"), "summary")
    value = summary.required("status")
    if value not in ("success", "failure", "in_progress"):
        raise Unfit("summary.status", f"is {value!r}, not success, failure or in_progress")
    return str(value)


def began_s(document: Fields) -> float | None:
    """When the run began, in seconds since the epoch, as far as the document says so."""
    ugly = _UGLY_ID.fullmatch(document.text("uggly_run_id"))
    if ugly:
        return float(ugly[1])
    human = _HUMAN_ID.fullmatch(document.text("run_id"))
    if human:
        try:
            parsed = datetime.strptime(human[1], "%Y/%m/%d-%H:%M:%S")
        except ValueError:
            return None
        return parsed.replace(tzinfo=UTC).timestamp()
    seen = (one.number("timestamp") for one in document.objects("resource_history"))
    return min((moment for moment in seen if moment), default=None)
