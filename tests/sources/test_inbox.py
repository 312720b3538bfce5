"""The inbox decoder: what it makes of each kind of line, and of everything that is none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.clock import Moment, now
from chaos_otel.emit.lines import encode
from chaos_otel.records import (
    Damage,
    Event,
    Flushed,
    Metric,
    OperationChanged,
    OperationEnded,
    OperationStarted,
    Record,
    RunNamed,
    Sample,
    Tag,
)
from chaos_otel.sources.inbox import InboxDecoder, Parsed

OP, OTHER = "00f067aa0ba902b7", "b7ad6b7169203331"
NOW = Moment(wall_ns=1_795_291_972_000_000_000, mono_ns=51_234_000_000_000)
AT: dict[str, Any] = {"wall_ns": NOW.wall_ns, "mono_ns": NOW.mono_ns}


def _decoder() -> InboxDecoder:
    return InboxDecoder(lambda: NOW, since_mono_ns=0)


def _records(data: bytes) -> list[Record]:
    decoder = _decoder()
    return [one.record for one in decoder.feed(data) + decoder.finish()]


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (
            encode("I", OP, "", "deploy", "v1", OTHER),
            RunNamed(**AT, op=OP, name="deploy", version="v1", parent=OTHER),
        ),
        (encode("I", OP, "", "deploy"), RunNamed(**AT, op=OP, name="deploy")),
        (
            encode("S", OP, "", OTHER, "build", host="web", max_retries=2),
            OperationStarted(
                **AT, op=OP, parent=OTHER, name="build", host="web", attributes={"max_retries": "2"}
            ),
        ),
        (
            encode("E", OP, "", "build", "fail", "no", exit=3, attempts=2, max_retries=4, why="x"),
            OperationEnded(
                **AT,
                op=OP,
                name="build",
                success=False,
                message="no",
                exit_code=3,
                attempts=2,
                max_retries=4,
                attributes={"why": "x"},
            ),
        ),
        (
            encode("E", "", "", "build", "ok", "", parent=OTHER, changed=1),
            OperationEnded(**AT, op="", name="build", parent=OTHER, changed=True),
        ),
        (
            encode("E", OP, "", "build", "ok", "", counted=0),
            OperationEnded(**AT, op=OP, name="build", counted=False),
        ),
        (encode("C", OP, "", "build"), OperationChanged(**AT, op=OP, name="build")),
        (
            encode("V", OP, "", "warning", "build", "slow", attempt=1),
            Event(
                **AT,
                op=OP,
                type="warning",
                name="build",
                message="slow",
                attributes={"attempt": "1"},
            ),
        ),
        (encode("M", "", "latency", "1.5e3"), Metric(**AT, name="latency", value=1500.0)),
        (encode("M", "", "latency", "0,25"), Metric(**AT, name="latency", value=0.25)),
        (encode("T", "", "region", "eu"), Tag(**AT, key="region", value="eu")),
        (
            encode("R", "", cpu_s="1.5", memory_bytes=4096, processes=2),
            Sample(**AT, cpu_s=1.5, memory_bytes=4096, processes=2),
        ),
        (encode("F", OP, ""), Flushed(**AT, op=OP)),
        (encode("F", ""), Flushed(**AT)),
    ],
)
def test_each_kind_becomes_its_record(line: bytes, record: Record) -> None:
    """The table of kinds in docs/journal-format.md."""
    assert _records(line) == [record]


@pytest.mark.parametrize(("word", "streams"), [("1", (1,)), ("2", (2,)), ("12", (1, 2))])
def test_marks_are_handed_on_beside_the_record(word: str, streams: tuple[int, ...]) -> None:
    """`marks` is for the reader of outputs, and no attribute of the operation."""
    (parsed,) = _decoder().feed(encode("E", OP, "", "build", "ok", "", marks=word))
    assert parsed.marks == streams
    assert parsed.record == OperationEnded(**AT, op=OP, name="build")


@pytest.mark.parametrize(
    "line",
    [
        encode("X", OP, "", "unknown kind"),
        encode("S", "not an id", "", "", "build"),
        encode("S", OP.upper(), "", "", "build"),
        encode("S", "", "", "", "an operation needs an id"),
        encode("E", OP, "", "build", "perhaps", ""),
        encode("E", "", "", "", "ok", ""),
        encode("V", OP, "", "panic", "build", "message"),
        encode("M", "", "latency", "fast"),
        encode("M", "", "latency", "nan"),
        encode("M", "", "latency", "inf"),
        encode("T", "", "key only"),
        encode("P", "piece", "0", "1", encode("P", "x", 0, 1, "").partition(b" ")[2]),
        encode("P", "piece", "-1", "1", "text"),
        encode("P", "not a token!", "0", "1", "text"),
        b"5 T\tx\n",
        b"0 \n",
        b"\n",
        b"  9 T\ta\tb\tc\n",
        "٩ T\ta\tb\tcc\n".encode(),
    ],
)
def test_what_is_no_record_is_damage(line: bytes) -> None:
    """It is counted once, and costs its whole neighbours nothing."""
    tag = encode("T", "", "region", "eu")
    records = _records(tag + line + tag)
    assert records[:2] == [Tag(**AT, key="region", value="eu")] * 2
    (damage,) = records[2:]
    assert isinstance(damage, Damage)
    assert (damage.where, damage.count) == ("inbox", 1)


def test_a_bad_pair_costs_only_itself() -> None:
    """An exit code that is no number stays readable; the operation has ended all the same."""
    (record,) = _records(encode("E", OP, "", "build", "ok", "", exit="none", parent="odd"))
    assert record == OperationEnded(**AT, op=OP, name="build", attributes={"exit": "none"})


WHOLE = encode("T", "", "region", "eu")
CUT = encode("S", OP, "1795291972.159313", OTHER, "build 12")


@pytest.mark.parametrize("length", range(1, len(CUT)))
def test_a_torn_line_costs_only_itself(length: int) -> None:
    """Cut anywhere, it runs into the next line, which is read none the less."""
    records = _records(CUT[:length] + WHOLE + WHOLE)
    assert [type(one) for one in records] == [Tag, Tag, Damage]


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_garbage_never_raises_and_costs_no_neighbour(before: bytes, behind: bytes) -> None:
    """Between whole lines there may be anything that ends with a line feed."""
    records = _records(WHOLE + before + b"\n" + WHOLE + behind + b"\n" + WHOLE)
    assert sum(record == Tag(**AT, key="region", value="eu") for record in records) >= 3


@given(st.lists(st.sampled_from([WHOLE, CUT, b"\0", b"12 ", b"P\t", b"\n", b"\xff", b"E\t\t"])))
def test_nothing_like_lines_raises(parts: list[bytes]) -> None:
    """Nor do bytes that are nearly lines, wherever the reader's reads divide them."""
    data = b"".join(parts)
    decoder = _decoder()
    for start in range(0, len(data), 3):
        decoder.feed(data[start : start + 3])
    decoder.finish()
    assert decoder.consumed == len(data)


@given(st.integers(1, 400))
def test_reads_may_divide_lines_anywhere(size: int) -> None:
    """The same records come out, and `consumed` never passes an unfinished line."""
    data = b"".join(encode("T", "", f"key {number}", "x" * number) for number in range(20))
    data += encode("V", OP, "", "info", "long", "text " * 2000)
    decoder = _decoder()
    records: list[Record] = []
    for start in range(0, len(data), size):
        records += [one.record for one in decoder.feed(data[start : start + size])]
        seen = data[: start + size]
        assert decoder.consumed == seen.rfind(b"\n") + 1
    assert records == _records(data)


def test_the_space_given_back_is_no_damage() -> None:
    """NULs at the start are skipped, however the reads divide them, and count as consumed."""
    decoder = _decoder()
    parsed: list[Parsed] = []
    for chunk in (b"\0" * 5000, b"\0", b"\0" * 10 + WHOLE[:4], WHOLE[4:]):
        parsed += decoder.feed(chunk)
    assert [one.record for one in parsed] == [Tag(**AT, key="region", value="eu")]
    assert decoder.consumed == 5011 + len(WHOLE)
    assert decoder.finish() == []


def test_a_line_that_never_ends_takes_no_memory() -> None:
    """It is dropped as it comes, counted, and what follows it is read."""
    decoder = _decoder()
    sizes = 0
    for _ in range(300):
        for parsed in decoder.feed(b"x" * 65_536):
            assert isinstance(parsed.record, Damage)
            sizes += parsed.record.size_bytes
        assert decoder.consumed >= sizes
    records = [one.record for one in decoder.feed(b"\n" + WHOLE)]
    assert [type(one) for one in records] == [Tag, Damage]


def test_an_unfinished_last_line_is_damage_only_at_the_end() -> None:
    """Until then it may still grow."""
    decoder = _decoder()
    assert decoder.feed(WHOLE[:-1]) == []
    assert decoder.consumed == 0
    (damage,) = decoder.finish()
    assert isinstance(damage.record, Damage)
    assert damage.record.size_bytes == len(WHOLE) - 1


def test_damage_of_one_reason_is_one_record_a_read() -> None:
    """A flood of garbage is counted, not repeated."""
    (damage,) = _decoder().feed(b"garbage\n" * 10_000)
    assert isinstance(damage.record, Damage)
    assert (damage.record.count, damage.record.size_bytes) == (10_000, 70_000)


def test_no_operation_ends_before_it_began() -> None:
    """Even if its emitter's clock is set back in between, and the reader cannot know."""
    begun = encode("S", OP, "1795291971.5", "", "build")
    ended = encode("E", OP, "1795291900.5", "build", "ok", "")
    start, end = _records(begun + ended)
    assert end.mono_ns == start.mono_ns == NOW.mono_ns - 500_000_000


def test_a_million_unended_operations_take_bounded_memory() -> None:
    """What is kept of starts is limited; an old one's end is still an end."""
    decoder = InboxDecoder(now, since_mono_ns=0)
    for first in range(1, 200_001, 1000):
        numbers = range(first, first + 1000)
        decoder.feed(b"".join(encode("S", f"{n:016x}", "", "", "x") for n in numbers))
    assert len(decoder._starts) <= 65_536
    (ended,) = decoder.feed(encode("E", f"{1:016x}", "", "x", "ok", ""))
    assert isinstance(ended.record, OperationEnded)
