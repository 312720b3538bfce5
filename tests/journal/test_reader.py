"""The reader: whatever was done to a journal, what is whole comes out and the rest is counted."""

from __future__ import annotations

import os
import zlib
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos_otel.journal.line import LINE_BYTES_MAX, encode
from chaos_otel.journal.reader import JournalDamage, JournalReader
from chaos_otel.records import Event, OperationEnded, OperationStarted, Record, RunEnded, RunStarted


def records(run_id: str = "1" * 32) -> list[Record]:
    op = "a" * 16
    return [
        RunStarted(
            wall_ns=1, mono_ns=1, run_id=run_id, trace_id="2" * 32, span_id="3" * 16, name="deploy"
        ),
        OperationStarted(wall_ns=2, mono_ns=2, op=op, name="copy"),
        Event(wall_ns=3, mono_ns=3, type="info", message='a "quoted"\nline \x00 é'),
        OperationEnded(wall_ns=4, mono_ns=4, op=op),
        RunEnded(wall_ns=5, mono_ns=5, exit_code=0),
    ]


def lines(run_id: str = "1" * 32) -> list[bytes]:
    return [encode(r, number=n, inbox_offset=0) for n, r in enumerate(records(run_id), 1)]


def read(data: bytes) -> tuple[list[int], JournalDamage]:
    """Read a closed journal: the numbers of its records, and the damage."""
    with open(os.memfd_create("journal"), "wb+", buffering=0) as file:
        file.write(data)
        reader = JournalReader(file.fileno())
        numbers = [entry.number for entry in reader.finish()]
        assert reader.read() is None
    return numbers, reader.damage


def test_cut_at_every_byte() -> None:
    """A cut journal gives every record that is whole, and counts the rest exactly."""
    whole = b"".join(lines())
    ends = [sum(map(len, lines()[:n])) for n in range(1, 6)]
    for cut in range(len(whole) + 1):
        numbers, damage = read(whole[:cut])
        complete = [
            n for n, end in enumerate(ends, 1) if cut >= end - 1
        ]  # the line feed may be gone
        assert numbers == complete
        read_bytes = ends[len(complete) - 1] if complete else 0
        assert damage.size_bytes == max(0, cut - read_bytes)
        assert damage.stretches == (damage.size_bytes > 0)


def test_every_byte_flipped() -> None:
    """One wrong byte costs at most the record it stands in; the gap in the numbers is counted."""
    whole = b"".join(lines())
    for place in range(len(whole)):
        damaged = bytearray(whole)
        damaged[place] ^= 0x11
        numbers, damage = read(bytes(damaged))
        hit = whole[: place + 1].count(b"\n") + (whole[place : place + 1] != b"\n")
        if whole[place : place + 1] == b"\n":
            assert numbers == [1, 2, 3, 4, 5]
            assert damage.size_bytes == 1
        else:
            assert numbers == [n for n in range(1, 6) if n != hit]
            assert damage.stretches == 1
            assert damage.lost_records == (hit != 5)


def test_every_byte_replaced_by_a_line_feed() -> None:
    """A line torn in two costs that record and no other."""
    whole = b"".join(lines())
    for place in range(len(whole)):
        if whole[place : place + 1] == b"\n":
            continue
        numbers, damage = read(whole[:place] + b"\n" + whole[place + 1 :])
        assert len(numbers) == 4
        assert damage.stretches == 1


@pytest.mark.parametrize(
    "garbage", [b"\0" * 70_000, b"\xff\xfe", b"{" * 50, b"no line feed", b'{"v":1,"n":', b"\n\n\n"]
)
def test_garbage_before_between_and_after(garbage: bytes) -> None:
    """Garbage anywhere costs nothing but itself, with a line feed behind it or without."""
    first, *others = lines()
    for feed in (b"", b"\n"):
        for data in (
            garbage + feed + first + b"".join(others),
            first + garbage + feed + b"".join(others),
            first + b"".join(others) + garbage + feed,
        ):
            numbers, damage = read(data)
            assert numbers == [1, 2, 3, 4, 5]
            if garbage.strip(b"\n"):
                assert damage.size_bytes == len(garbage) + len(feed)
                assert damage.stretches == 1
            else:
                assert not damage


def test_one_stretch_is_counted_once() -> None:
    """Damaged lines one behind another are one stretch, apart they are two."""
    one, two, *others = lines()
    assert read(b"x\ny\nz\n" + one + two)[1].stretches == 1
    assert read(b"x\n" + one + b"y\n" + two + b"".join(others))[1].stretches == 2


def test_journal_twice() -> None:
    """The same journal behind itself gives the run once."""
    numbers, damage = read(b"".join(lines() + lines()))
    assert numbers == [1, 2, 3, 4, 5]
    assert damage.repeated_records == 5


def test_torn_journal_and_its_whole_copy() -> None:
    """What the first copy lost is taken from the second, wherever the first was cut."""
    whole = b"".join(lines())
    for cut in range(1, len(whole)):
        numbers, _ = read(whole[:cut] + whole)
        assert numbers == [1, 2, 3, 4, 5]


def test_two_runs_concatenated() -> None:
    """Of another run's journal behind a shorter one nothing is taken for the first run."""
    numbers, damage = read(b"".join(lines()[:2] + lines("f" * 32)))
    assert numbers == [1, 2]
    assert damage.repeated_records == 5


def test_missing_records_are_counted() -> None:
    """A gap in the numbers is counted as lost records."""
    one, two, _three, _four, five = lines()
    numbers, damage = read(one + two + five)
    assert numbers == [1, 2, 5]
    assert damage.lost_records == 2
    assert damage.stretches == 0


def test_foreign_version() -> None:
    """A whole line of another version is counted as such and as damage."""
    head = b'{"v":2,"n":6,"i":0'
    _, damage = read(b"".join(lines()) + head + b',"c":"%08x"}\n' % zlib.crc32(head))
    assert damage.foreign_lines == 1
    assert damage.stretches == 1


def test_growing_journal(tmp_path: Path) -> None:
    """A follower gets each record once, when its line is whole, at any split of the writes."""
    whole = b"".join(lines())
    for step in (1, 7, 100):
        path = tmp_path / f"journal-{step}"
        with path.open("wb", buffering=0) as writer, path.open("rb") as file:
            reader = JournalReader(file.fileno())
            numbers: list[int] = []
            for start in range(0, len(whole), step):
                writer.write(whole[start : start + step])
                numbers += [entry.number for entry in reader.read() or []]
                assert len(numbers) == whole[: start + step].count(b"\n")
            assert not list(reader.finish())
            assert not reader.damage
            assert reader.last_number == 5


def test_endless_line_needs_no_memory(tmp_path: Path) -> None:
    """A line without an end is counted, not kept, and the record behind it is read."""
    path = tmp_path / "journal"
    size = 20 * LINE_BYTES_MAX
    with path.open("wb") as file:
        file.truncate(size)
        file.seek(size)
        file.write(b"\n" + b"".join(lines()))
    with path.open("rb") as file:
        reader = JournalReader(file.fileno())
        numbers = []
        while (entries := reader.read()) is not None:
            numbers += [entry.number for entry in entries]
            assert len(reader._rest) <= LINE_BYTES_MAX
    assert numbers == [1, 2, 3, 4, 5]
    assert reader.damage.size_bytes == size + 1
    assert reader.damage.stretches == 1


def test_unreadable_file_does_not_raise() -> None:
    """An error of the file is said, not raised."""
    fd = os.open("/", os.O_RDONLY)
    try:
        reader = JournalReader(fd)
        assert reader.read() is None
        assert list(reader.finish()) == []
        assert "directory" in reader.error
    finally:
        os.close(fd)


@settings(suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(st.binary(max_size=3000), st.lists(st.tuples(st.integers(0, 2000), st.binary(max_size=40))))
def test_no_bytes_raise(noise: bytes, edits: list[tuple[int, bytes]]) -> None:
    """Whatever the bytes, nothing is raised, numbers grow, no more is counted than is there."""
    data = b"".join(lines())
    for place, new in edits:
        data = data[:place] + new + data[place + len(new) // 2 :]
    for candidate in (noise, data, data + noise, noise + data):
        numbers, damage = read(candidate)
        assert numbers == sorted(set(numbers))
        assert 0 <= damage.size_bytes <= len(candidate)
