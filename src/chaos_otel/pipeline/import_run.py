"""A run that others recorded becomes a run of ours: a journal in the state folder, delivered.

The journal is written under another name, one import at a time, and renamed when it is whole: a
run is there once, and entirely or not at all.
"""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chaos_otel import clock
from chaos_otel.config.destination import Destination
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import open_private, private_folder, state_folder
from chaos_otel.config.settings import Settings
from chaos_otel.errors import StateError, in_words
from chaos_otel.exporters.report import ReportExporter
from chaos_otel.journal.reader import JournalReader
from chaos_otel.journal.writer import JournalWriter
from chaos_otel.pipeline import facts
from chaos_otel.pipeline.counting import PATIENCE_S
from chaos_otel.pipeline.destinations_file import write_destinations
from chaos_otel.pipeline.outcome import JournalFollower
from chaos_otel.pipeline.output_store import OutputStore
from chaos_otel.pipeline.plan import NO_LIMIT_BYTES
from chaos_otel.pipeline.recording import Recording
from chaos_otel.pipeline.run_folder import JOURNAL, LOCK, RUNS
from chaos_otel.privacy.redact import Redactor
from chaos_otel.recorder.recorder import Recorder
from chaos_otel.sources import chaos_import
from chaos_otel.sources.chaos_import import Document

JOURNAL_WAIT_S = 60.0
_IMPORTING = ".importing"  # no run's name


@dataclass(frozen=True, slots=True)
class Imported:
    """What came of a document. Not `new`: it was there before, and nothing was changed."""

    run_id: str
    operations: int
    new: bool
    problem: str = ""


def import_run(
    document: Document,
    settings: Settings,
    environment: Environment,
    *,
    file_wall_ns: int,
    destinations: Iterable[Destination] = (),
) -> Imported:
    """Make a run of it, once. `file_wall_ns` is when it began if the document does not say; it will
    be forwarded to `destinations`, which somebody has consented to.

    Raises StateError where the state folder cannot be used.
    """
    state = private_folder(state_folder(environment))
    runs = private_folder(f"{state}/{RUNS}")
    path = f"{runs}/{document.run_id}"
    operations = len(document.operations)
    if os.path.lexists(path):
        return Imported(document.run_id, operations, new=False)
    with _new_folder(runs) as folder:
        if os.path.lexists(path):  # another import was faster
            return Imported(document.run_id, operations, new=False)
        _write_journal(document, folder, settings, environment, state=state, began_ns=file_wall_ns)
        write_destinations(folder, [one.to_json() for one in destinations])
        try:
            os.rename(folder, path)
        except OSError as error:
            raise StateError(f"cannot keep the run in {path}: {in_words(error)}") from error
        with JournalFollower(path, state=state, busy_s=PATIENCE_S) as follower:
            outcome = follower.finish()
    return Imported(document.run_id, operations, new=True, problem=outcome.problem)


def write_report(run_id: str, path: str, environment: Environment) -> None:
    """Write the report of a run that is there to `path`. Raises ReportError or StateError."""
    folder = f"{state_folder(environment)}/{RUNS}/{run_id}"
    exporter = ReportExporter(path, spool_folder=folder)
    recorder = Recorder(run_id=run_id)
    fd = open_private(f"{folder}/{JOURNAL}", os.O_RDONLY)
    try:
        reader = JournalReader(fd)
        while (entries := reader.read()) is not None:
            for entry in entries:
                exporter.export(recorder.fold(entry.record))
        exporter.export(recorder.finish())
    finally:
        os.close(fd)
    exporter.close()


@contextmanager
def _new_folder(runs: str) -> Iterator[str]:
    """A folder that is no run yet, held as a run is; one import at a time."""
    folder = f"{runs}/{_IMPORTING}"
    alone_fd = lock_fd = -1
    try:
        alone_fd = open_private(f"{folder}.lock", os.O_RDWR | os.O_CREAT)
        fcntl.flock(alone_fd, fcntl.LOCK_EX)
        shutil.rmtree(folder, ignore_errors=True)  # of one that was killed
        private_folder(folder)
        lock_fd = open_private(f"{folder}/{LOCK}", os.O_RDWR | os.O_CREAT | os.O_EXCL)
        fcntl.flock(lock_fd, fcntl.LOCK_EX)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)  # where it did not become one
        for fd in (lock_fd, alone_fd):
            if fd >= 0:
                os.close(fd)


def _write_journal(
    document: Document,
    folder: str,
    settings: Settings,
    environment: Environment,
    *,
    state: str,
    began_ns: int,
) -> None:
    began_ns = document.began_ns or began_ns
    redactor = Redactor.from_environment(environment.block, value_from=settings.redact_value_from)
    flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_EXCL
    journal = JournalWriter(open_private(f"{folder}/{JOURNAL}", flags), redactor)
    store = OutputStore(settings.output_limit_bytes or NO_LIMIT_BYTES)
    recording = Recording(None, journal, redactor, store, clock=clock.now, since_mono_ns=0)
    user = facts.user_attributes(state, document.user) if document.user else {}
    started = chaos_import.run_started(
        document,
        began_ns=began_ns,
        name=settings.name,
        environment=settings.environment,
        attributes=user | dict(settings.attributes),
    )
    recording.append([started])
    recording.say(chaos_import.said(document, redactor, began_ns=began_ns), wait_s=JOURNAL_WAIT_S)
    recording.finish((), wait_s=JOURNAL_WAIT_S)
    if recording.error:
        raise StateError(f"cannot write the journal in {folder} ({recording.error.lower()})")
