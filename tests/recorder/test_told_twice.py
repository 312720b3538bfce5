"""Operations that two sources tell of are counted once, with the better one's values."""

from __future__ import annotations

from typing import Any

from opentelemetry.sdk.trace import ReadableSpan

from chaos_otel import semconv
from chaos_otel.recorder import Recorder
from chaos_otel.records import (
    OperationEnded,
    OperationStarted,
    Output,
    Record,
    RunEnded,
    RunStarted,
    Superseded,
)

SECOND = 1_000_000_000
HASH = "33aee1234567"
SAID = {semconv.CH_AOS_SOURCE: semconv.CH_AOS_OPERATION}


def times(second: float = 1.0) -> dict[str, Any]:
    return {"wall_ns": 10**18 + int(second * SECOND), "mono_ns": int(second * SECOND)}


def run() -> RunStarted:
    return RunStarted(**times(0), run_id="1" * 32, trace_id="2" * 32, span_id="3" * 16, name="r")


def hook(op: str, name: str, *, host: str = "@local", found: str = HASH) -> list[Record]:
    return [
        OperationStarted(
            **times(1), op=op, name=name, host=host, attributes={semconv.PYINFRA_HASH: found}
        ),
        Output(**times(2), op=op, stream=1, text="the truth"),
        OperationEnded(**times(3), op=op, name=name, changed=True),
    ]


def printed(op: str, name: str, *, host: str = "@local", found: str = HASH) -> list[Record]:
    attributes = SAID | ({semconv.PYINFRA_HASH: found} if found else {})
    return [
        OperationStarted(**times(1), op=op, name=name, host=host, attributes=attributes),
        Output(**times(2), op=op, stream=1, text="half of it"),
        OperationEnded(**times(2.5), op=op, name=name, success=False, attributes=attributes),
    ]


def provisional(op: str, name: str, *, host: str = "@local") -> OperationEnded:
    return OperationEnded(
        **times(2), op=op, name=name, host=host, attributes=SAID, provisional=True
    )


def spans(*records: Record) -> tuple[list[ReadableSpan], ReadableSpan]:
    recorder = Recorder()
    ended = RunEnded(**times(9), exit_code=0)
    done = [span for record in (run(), *records, ended) for span in recorder.fold(record)]
    done += recorder.finish()
    return done[:-1], done[-1]


def outputs(found: list[ReadableSpan]) -> list[object]:
    return [(span.attributes or {}).get(semconv.OPERATION_STDOUT, "") for span in found]


def test_the_hook_s_operation_wins_over_the_printed_one() -> None:
    """Same host and hash: one operation, the hook's output and result; the other is an event."""
    start, output, end = hook("a" * 16, "Install")
    operations, whole = spans(start, *printed("b" * 16, "install"), output, end)
    (operation,) = operations
    assert operation.context is not None and f"{operation.context.span_id:016x}" == "a" * 16
    assert outputs(operations) == ["the truth"]
    assert operation.status.is_ok or operation.status.is_unset
    assert [event.name for event in operation.events] == ["chaos.event.error"]
    assert not whole.events


def test_a_printed_operation_after_the_hook_s_end_is_an_event_of_the_run() -> None:
    """Nothing is counted twice whatever comes first."""
    operations, whole = spans(*hook("a" * 16, "Install"), *printed("b" * 16, "Install"))
    assert outputs(operations) == ["the truth"]
    assert [event.name for event in whole.events] == ["chaos.event.error"]


def test_another_host_or_another_hash_is_another_operation() -> None:
    """Only what is the same is the same."""
    operations, _ = spans(
        *hook("a" * 16, "Install"),
        *printed("b" * 16, "Install", host="web1"),
        *printed("c" * 16, "Install", found="ffffffffff"),
    )
    assert outputs(operations) == ["the truth", "half of it", "half of it"]


def test_without_a_hash_names_are_matched_in_order() -> None:
    """Two of a name told by the hook, three printed: the third is one of its own."""
    records: list[Record] = []
    for number in range(2):
        records += hook(f"a{number:015x}", "Flaky", found=f"{number:08x}")
    for number in range(3):
        records += printed(f"b{number:015x}", "Flaky", found="")
    operations, _ = spans(*records)
    assert outputs(operations) == ["the truth", "the truth", "half of it"]


def test_provisional_operations_count_when_nothing_better_comes() -> None:
    """A report that never came: they stand as they were told, without a duration."""
    operations, _ = spans(provisional("a" * 16, "one"), provisional("b" * 16, "two"))
    assert [span.name for span in operations] == ["one", "two"]
    assert all((span.attributes or {})[semconv.OPERATION_UNTIMED] for span in operations)


def test_provisional_operations_do_not_count_beside_what_supersedes_them() -> None:
    """The report's operations stand alone; what comes after it is provisional again."""
    operations, _ = spans(
        provisional("a" * 16, "one"),
        Superseded(**times(3)),
        *printed("b" * 16, "one", found=""),
        provisional("c" * 16, "later"),
    )
    assert [span.name for span in operations] == ["one", "later"]


def test_a_provisional_operation_that_the_hook_told_of_is_none() -> None:
    """The hook has it, whether the report comes or not."""
    operations, _ = spans(*hook("a" * 16, "one"), provisional("b" * 16, "one"))
    assert outputs(operations) == ["the truth"]
