"""A recording: what is in the inbox reaches the journal, however slow the disk is."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from chaos_otel import clock
from chaos_otel.emit.lines import encode
from chaos_otel.journal.line import decode
from chaos_otel.journal.writer import JournalWriter
from chaos_otel.pipeline.inbox_file import InboxFile
from chaos_otel.pipeline.output_store import OutputStore
from chaos_otel.pipeline.recording import Recording
from chaos_otel.privacy.redact import Redactor
from chaos_otel.records import OperationStarted

QUEUE_BYTES = 1 << 20
STEPS = 30_000  # several times what the queue and a pipe hold
TURNS = 300


@dataclass
class Slow:
    """A recording whose disk is a pipe: it takes nothing until somebody reads."""

    recording: Recording
    disk_fd: int
    written: bytes = b""

    def read(self) -> None:
        """Be a disk that writes, to the end."""
        while data := os.read(self.disk_fd, 65_536):
            self.written += data

    def steps(self) -> list[str]:
        """The names of the operations in the journal, every line of which must be whole."""
        entries = [decode(line) for line in self.written.splitlines()]
        records = [entry.record for entry in entries if entry is not None]
        assert len(records) == len(entries)
        return [record.name for record in records if isinstance(record, OperationStarted)]


@pytest.fixture
def slow(tmp_path: Path) -> Iterator[Slow]:
    inbox = tmp_path / "run.inbox"
    lines = [encode("S", f"{number:016x}", "", "", str(number)) for number in range(1, STEPS + 1)]
    inbox.write_bytes(b"".join(lines))
    disk_fd, journal_fd = os.pipe()
    redactor = Redactor()
    recording = Recording(
        InboxFile(str(inbox)),
        JournalWriter(journal_fd, redactor, queue_bytes=QUEUE_BYTES),
        redactor,
        OutputStore(65_536),
        clock=clock.now,
        since_mono_ns=time.monotonic_ns(),
    )
    yield Slow(recording, disk_fd)
    os.close(disk_fd)


def test_a_slow_disk_costs_no_step(slow: Slow) -> None:
    """While the journal's queue is full, records stay in the inbox; nothing of them is dropped."""
    for _ in range(TURNS):
        slow.recording.work()
    reader = threading.Thread(target=slow.read)
    reader.start()
    slow.recording.finish([], wait_s=60)
    reader.join()
    assert slow.steps() == [str(number) for number in range(1, STEPS + 1)]


def test_the_end_waits_for_a_disk_that_writes(slow: Slow) -> None:
    """Nor is anything dropped when all of it is still in the inbox at the end."""
    reader = threading.Timer(0.5, slow.read)
    reader.start()
    slow.recording.finish([], wait_s=60)
    reader.join()
    assert slow.steps() == [str(number) for number in range(1, STEPS + 1)]


def test_the_end_does_not_wait_for_a_disk_that_hangs(slow: Slow) -> None:
    """It comes; that it gave up is seen from what is missing."""
    slow.recording.finish([], wait_s=0.2)
    reader = threading.Thread(target=slow.read)
    reader.start()
    reader.join()
    assert 0 < len(slow.steps()) < STEPS
