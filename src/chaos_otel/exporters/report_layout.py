"""The text of `chaos_report.json`, byte for byte what `json.dumps(document, indent=4)` gives.

Templates instead of `json.dumps`, because an entry costs a twentieth so, and a report may have a
million. `docs/report-format.md` describes the values. Knows nothing of spans and files.
"""

from __future__ import annotations

from dataclasses import dataclass
from json.encoder import encode_basestring_ascii as quoted
from typing import Final

ENTRY_BREAK: Final = b",\n"
HOST_BREAK: Final = b",\n"
END: Final = b"\n    }\n}"
NO_HOSTS_END: Final = b"}\n}"
HOST_END: Final = b"\n            ]\n        }"

_ENTRY: Final = """\
                {
                    "operation": %s,
                    "changed": %s,
                    "success": %s,
                    "duration": %s,
                    "stdout": %s,
                    "stderr": %s,
                    "retry_statistics": {
                        "stdout": %s,
                        "stderr": %s,
                        "retry_attempts": %d,
                        "max_retries": %d,
                        "retry_succeeded": %s,
                        "retry_info": {
                            "retry_attempts": %d,
                            "max_retries": %d,
                            "was_retried": %s,
                            "retry_succeeded": %s
                        }
                    }
                }"""
_HEAD: Final = """\
{
    "summary": {
        %s"status": %s,
        "total_duration": %r
    },
    "hosts": {"""
_HOST_HEAD: Final = """\
        %s: {
            %s"duration": %r,
            "history": [
"""
_COUNTS: Final = """\
"total_operations": %d,
%s"changed_operations": %d,
%s"successful_operations": %d,
%s"failed_operations": %d,
%s"""
_TRUTH: Final = {True: "true", False: "false", None: "null"}


@dataclass(frozen=True, slots=True)
class Counts:
    """Operations by outcome."""

    total: int = 0
    changed: int = 0
    failed: int = 0

    @property
    def successful(self) -> int:
        """Those that did not fail."""
        return self.total - self.failed


def seconds(nanoseconds: int) -> float:
    """Seconds as the report has them: four decimals."""
    return round(nanoseconds / 1e9, 4)


def entry(
    operation: str,
    *,
    changed: bool,
    success: bool,
    duration_ns: int,
    stdout: str,
    stderr: str,
    retry_attempts: int,
    max_retries: int,
) -> bytes:
    """One element of a host's history, without what separates it from the next."""
    out = quoted(stdout) if stdout else '""'
    err = quoted(stderr) if stderr else '""'
    retried = "true" if retry_attempts else "false"
    succeeded = _TRUTH[success] if retry_attempts else "null"
    text = _ENTRY % (
        quoted(operation),
        _TRUTH[changed],
        _TRUTH[success],
        repr(round(duration_ns / 1e9, 4)),
        out,
        err,
        out,
        err,
        retry_attempts,
        max_retries,
        succeeded,
        retry_attempts,
        max_retries,
        retried,
        succeeded,
    )
    return text.encode("ascii")


def head(counts: Counts, *, status: str, total_duration_s: float) -> bytes:
    """All from the beginning to the brace that opens `hosts`."""
    text = _HEAD % (_counts(counts, 8), quoted(status), total_duration_s)
    return text.encode("ascii")


def host_head(name: str, counts: Counts, *, duration_s: float) -> bytes:
    """All of a host up to the bracket that opens its history, the line break behind it included."""
    text = _HOST_HEAD % (quoted(name), _counts(counts, 12), duration_s)
    return text.encode("ascii")


def _counts(counts: Counts, indent: int) -> str:
    space = " " * indent
    values = (counts.total, counts.changed, counts.successful, counts.failed)
    return _COUNTS % (values[0], space, values[1], space, values[2], space, values[3], space)
