"""The writer: never in its caller's way, nothing unredacted, every loss counted."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chaos_otel.journal.line import LINE_BYTES_MAX, Entry
from chaos_otel.journal.reader import JournalReader
from chaos_otel.journal.writer import JournalWriter
from chaos_otel.records import (
    Damage,
    Event,
    Metric,
    OperationChanged,
    OperationEnded,
    OperationStarted,
    Output,
    ProcessStarted,
    Record,
    RunNamed,
    RunStarted,
    Tag,
)

SECRET = "hunter2-canary"


class Hiding:
    """A redactor that knows one secret."""

    def text(self, text: str) -> str:
        return text.replace(SECRET, "***")

    def keyed(self, key: str, value: str) -> str:
        return "***" if key == "password" else self.text(value)

    def argv(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(self.text, argv))


class Refusing(Hiding):
    """A redactor with a fault."""

    def text(self, text: str) -> str:
        raise RuntimeError(text)


def event(message: str) -> Event:
    return Event(wall_ns=1, mono_ns=2, type="info", message=message)


def output(text: str) -> Output:
    return Output(wall_ns=1, mono_ns=2, op="", stream=1, text=text)


def entries(path: Path) -> tuple[list[Entry], JournalReader]:
    with path.open("rb") as file:
        reader = JournalReader(file.fileno())
        return list(reader.finish()), reader


def messages(path: Path) -> list[str]:
    return [e.record.message for e in entries(path)[0] if isinstance(e.record, Event)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "journal.jsonl"


def opened(path: Path) -> int:
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)


def test_records_are_numbered_and_in_order(path: Path) -> None:
    """Numbers go up by one, order is that of append, inbox offsets are kept."""
    writer = JournalWriter(opened(path), Hiding())
    for number in range(1, 2001):
        writer.append(event(str(number)), inbox_offset=number * 10)
    assert writer.flush(30)
    assert writer.written_offset == 20_000
    writer.close(30)
    found, reader = entries(path)
    assert [(e.number, e.inbox_offset) for e in found] == [(n, n * 10) for n in range(1, 2001)]
    assert messages(path) == [str(n) for n in range(1, 2001)]
    assert not reader.damage
    assert writer.error == ""


def test_successor_goes_on(path: Path) -> None:
    """A second writer continues the numbers on a fresh line behind a torn one."""
    first = JournalWriter(opened(path), Hiding())
    first.append(event("one"))
    first.append(event("two"))
    first.close(30)
    with path.open("rb+") as file:
        file.truncate(path.stat().st_size - 5)
    second = JournalWriter(opened(path), Hiding(), next_number=2, fresh_line=True)
    second.append(event("again"))
    second.close(30)
    found, reader = entries(path)
    assert [e.number for e in found] == [1, 2]
    assert messages(path) == ["one", "again"]
    assert reader.damage.stretches == 1


def everywhere(word: str) -> list[Record]:
    """A record of each kind with the word in every field that others fill."""
    pairs = {word: word, "password": "not known as a secret"}
    times: dict[str, Any] = {"wall_ns": 1, "mono_ns": 2}
    return [
        RunStarted(
            **times,
            run_id="1" * 32,
            trace_id="2" * 32,
            span_id="3" * 16,
            name=word,
            version=word,
            tracestate=word,
            environment=word,
            argv=("x", word),
            cwd=word,
            tags=pairs,
            attributes=pairs,
        ),
        ProcessStarted(**times, span_id="4" * 16, pid=1, executable=word),
        RunNamed(**times, op="a" * 16, name=word, version=word),
        OperationStarted(**times, op="a" * 16, name=word, host=word, attributes=pairs),
        OperationEnded(**times, op="a" * 16, name=word, message=word, host=word, attributes=pairs),
        OperationChanged(**times, op="a" * 16, name=word),
        Event(**times, type="error", message=word, name=word, attributes=pairs),
        Metric(**times, name=word, value=1.0),
        Tag(**times, key=word, value=word),
        Tag(**times, key="password", value="not known as a secret"),
        Damage(**times, where="inbox", reason=word),
    ]


def test_every_text_is_redacted(path: Path) -> None:
    """No field of any kind of record brings a secret into the file."""
    writer = JournalWriter(opened(path), Hiding())
    for record in everywhere(f"before {SECRET} after"):
        writer.append(record)
    writer.close(30)
    assert len(entries(path)[0]) == len(everywhere(""))
    content = path.read_text()
    assert SECRET not in content
    assert "not known as a secret" not in content
    assert content.count("before *** after") > 20


def test_output_is_left_to_its_producer(path: Path) -> None:
    """Output was redacted across its pieces before; it is written as it came."""
    writer = JournalWriter(opened(path), Refusing())
    writer.append(output(SECRET))
    writer.close(30)
    assert [e.record for e in entries(path)[0]] == [output(SECRET)]


def test_what_cannot_be_redacted_is_not_written(path: Path) -> None:
    """A faulty redactor costs the record, is counted, and does not raise."""
    writer = JournalWriter(opened(path), Refusing())
    writer.append(event(SECRET))
    writer._redactor = Hiding()
    writer.append(event("fine"))
    writer.close(30)
    assert SECRET not in path.read_text()
    damage, fine = (e.record for e in entries(path)[0])
    assert isinstance(damage, Damage)
    assert (damage.count, damage.where) == (1, "journal")
    assert "RuntimeError" in damage.reason
    assert fine == event("fine")


@pytest.mark.parametrize(
    ("text", "shown"),
    [("caf\udce9", "caf\\xe9"), ("\ud800x", "\\ud800x"), ("\udcff\ud800", "\\udcff\\ud800")],
)
def test_lone_surrogates_are_written_out(path: Path, text: str, shown: str) -> None:
    """Bytes that were not UTF-8 stay readable, in every field of every kind of record."""
    writer = JournalWriter(opened(path), Hiding())
    for record in everywhere(text):
        writer.append(record)
    writer.append(event(text))
    writer.close(30)
    assert len(entries(path)[0]) == len(everywhere("")) + 1
    assert messages(path)[-1] == shown


def test_times_beyond_64_bits_do_not_raise(path: Path) -> None:
    """A clock out of all bounds is written as it was read."""
    writer = JournalWriter(opened(path), Hiding())
    wild = Metric(wall_ns=10**30, mono_ns=-(10**30), name="x", value=1.0)
    writer.append(wild)
    writer.append(event("fine"))
    writer.close(30)
    assert [e.record for e in entries(path)[0]] == [wild, event("fine")]


def test_a_record_too_long_for_a_line_is_counted(path: Path) -> None:
    """What no reader would take is not written."""
    writer = JournalWriter(opened(path), Hiding())
    writer.append(event("x" * LINE_BYTES_MAX))
    writer.append(event("fine"))
    writer.close(30)
    found, reader = entries(path)
    assert [type(e.record) for e in found] == [Damage, Event]
    assert not reader.damage


def test_output_too_long_for_a_line_comes_in_pieces(path: Path) -> None:
    """Nothing of it is lost, and what was cut before it is said once."""
    writer = JournalWriter(opened(path), Hiding(), queue_bytes=1 << 30)
    text = "\x01\x02" * (LINE_BYTES_MAX // 4)
    raw = b"\xff\x00" * LINE_BYTES_MAX
    for more in ({"text": text}, {"raw": raw}):
        writer.append(Output(wall_ns=1, mono_ns=2, op="", stream=1, cut_bytes=7, **more))
    writer.close(60)
    found, reader = entries(path)
    outputs = [e.record for e in found if isinstance(e.record, Output)]
    assert len(outputs) == len(found) > 4
    assert "".join(o.text for o in outputs) == text
    assert b"".join(o.raw for o in outputs) == raw
    assert [o.cut_bytes for o in outputs if o.cut_bytes] == [7, 7]
    assert not reader.damage


@pytest.fixture
def stuck() -> Iterator[tuple[int, int]]:
    """A full pipe: a disk that does not answer, until it is read."""
    read_fd, write_fd = os.pipe()
    os.set_blocking(write_fd, False)
    try:
        while True:
            os.write(write_fd, b"\n" * 4096)
    except BlockingIOError:
        pass
    os.set_blocking(write_fd, True)
    yield read_fd, write_fd
    os.close(read_fd)


def drain(read_fd: int) -> bytes:
    data = b""
    while more := os.read(read_fd, 1 << 16):
        data += more
    return data


def test_a_stuck_disk_holds_nobody(stuck: tuple[int, int], path: Path) -> None:
    """With a full queue output is dropped and counted; other records still have their reserve."""
    read_fd, write_fd = stuck
    writer = JournalWriter(write_fd, Hiding(), queue_bytes=10_000)
    for _ in range(100):
        writer.append(output("x" * 1000))
    for number in range(10):
        writer.append(event(f"kept {number}"))
    assert not writer.flush(0.05)
    thread = threading.Thread(target=writer.close, args=(30,))
    thread.start()
    data = drain(read_fd)
    thread.join(30)
    assert not thread.is_alive()
    path.write_bytes(data)
    found = [e.record for e in entries(path)[0]]
    outputs = [r for r in found if isinstance(r, Output)]
    dropped = [r for r in found if isinstance(r, Damage)]
    assert messages(path) == [f"kept {n}" for n in range(10)]
    assert len(dropped) == 1
    assert len(outputs) + dropped[0].count == 100
    assert dropped[0].size_bytes == dropped[0].count * 1000


def test_other_records_are_bounded_too(stuck: tuple[int, int], path: Path) -> None:
    """Nothing grows without end, whatever is appended."""
    read_fd, write_fd = stuck
    writer = JournalWriter(write_fd, Hiding(), queue_bytes=10_000)
    for number in range(5000):
        writer.append(event(str(number)))
    assert writer._queued_bytes < 15_000
    thread = threading.Thread(target=writer.close, args=(30,))
    thread.start()
    path.write_bytes(drain(read_fd))
    thread.join(30)
    found = [e.record for e in entries(path)[0]]
    dropped = sum(r.count for r in found if isinstance(r, Damage))
    assert dropped + len(messages(path)) == 5000


def test_close_gives_up_on_a_stuck_disk(stuck: tuple[int, int]) -> None:
    """close returns after its time, the write still hanging."""
    read_fd, write_fd = stuck
    writer = JournalWriter(write_fd, Hiding())
    writer.append(event("never"))
    begin = time.monotonic()
    writer.close(0.1)
    assert time.monotonic() - begin < 20
    assert writer._thread.is_alive()
    drain(read_fd)
    writer._thread.join(30)


_LIMITED = """
import os, resource, sys, time
from chaos_otel.journal.writer import JournalWriter
from chaos_otel.records import Event
from tests.journal.test_writer import Hiding
path, limit = sys.argv[1], int(sys.argv[2])
resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
writer = JournalWriter(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), Hiding())
for number in range(5):
    writer.append(Event(wall_ns=1, mono_ns=2, type="info", message=str(number)))
    assert writer.flush(30)
assert writer.error, "the limit did not bite"
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
for number in range(5, 8):
    writer.append(Event(wall_ns=1, mono_ns=2, type="info", message=str(number)))
    assert writer.flush(30)
writer.close(30)
print(writer.lost_records)
"""


@pytest.mark.parametrize("limit", [0, 1, 50, 96, 97, 98, 99, 150, 250])
def test_full_disk_and_then_room_again(path: Path, limit: int) -> None:
    """A short write costs its record; later ones start on a fresh line; the gap tells how many."""
    run = subprocess.run(
        [sys.executable, "-c", _LIMITED, str(path), str(limit)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[2],
    )
    lost = int(run.stdout)
    found, reader = entries(path)
    kept = [e.record.message for e in found if isinstance(e.record, Event)]
    assert kept[-3:] == ["5", "6", "7"]
    assert kept[:-3] == [str(n) for n in range(5 - lost)]
    assert reader.damage.lost_records == lost
    assert reader.damage.stretches == (path.read_bytes().count(b"\n") > len(found))


def test_error_says_what_the_disk_said(tmp_path: Path) -> None:
    """The first failure is kept in words; append goes on without raising."""
    read_only = tmp_path / "file"
    read_only.touch()
    writer = JournalWriter(os.open(read_only, os.O_RDONLY), Hiding())
    writer.append(event("x"))
    assert writer.flush(30)
    writer.append(event("y"))
    writer.close(30)
    assert writer.error == os.strerror(9)
    assert writer.lost_records == 2


def test_the_descriptor_is_closed_at_the_end(path: Path) -> None:
    """The writer owns its descriptor; close ends it."""
    fd = opened(path)
    JournalWriter(fd, Hiding()).close(30)
    with pytest.raises(OSError, match="Bad file"):
        os.fstat(fd)


def test_limits_are_restored() -> None:
    """The limits these tests set do not reach the test process itself."""
    assert resource.getrlimit(resource.RLIMIT_FSIZE)[0] == resource.RLIM_INFINITY
