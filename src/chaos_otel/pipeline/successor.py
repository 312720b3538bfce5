"""Goes on where capture died, or where there never was one: pumps, records and closes the run.

The command must not notice: its pipes keep their reader, its output goes where it went. Nobody can
ask how it ended, so the run is closed as interrupted (a script without a wrapper: as it says
itself).
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterable, Sequence

from chaos_otel import clock
from chaos_otel.journal.writer import JournalWriter
from chaos_otel.pipeline.closing import run_ended
from chaos_otel.pipeline.inbox_file import InboxFile
from chaos_otel.pipeline.opening import process_started, redactor_of, run_started
from chaos_otel.pipeline.output_store import OutputStore
from chaos_otel.pipeline.plan import ChannelPlan, Plan
from chaos_otel.pipeline.recording import Recording
from chaos_otel.pipeline.recording_tap import RecordingTap
from chaos_otel.pipeline.run_folder import JOURNAL
from chaos_otel.pipeline.whole_journal import WholeJournal, read_whole
from chaos_otel.records import Damage
from chaos_otel.runner.contract import Channel, Channels, Ended, Exit, Process
from chaos_otel.runner.process import ForeignProcess
from chaos_otel.runner.supervise import supervise

JOURNAL_WAIT_S = 60.0
INBOX_WAIT_S = 1.0
PUMP_S = 86_400.0


def succeed(
    plan: Plan,
    *,
    entries: Sequence[bytes],
    process: Process | None,
    channels: Iterable[ChannelPlan] = (),
    on_flush: Callable[[], None] | None = None,
    ended: Ended | None = None,
) -> bool:
    """Follow the command (None: it has ended, as `ended` says) to its end and close the run's
    journal.

    `entries` is the environment that the command got. `on_flush` is called when a script has said
    that it is complete, its records being in the journal. Returns whether somebody still holds an
    output. Does nothing to a journal that has its end already. Raises OSError if the journal cannot
    be opened.
    """
    fd = os.open(f"{plan.folder}/{JOURNAL}", os.O_RDWR | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
    whole = read_whole(fd)
    if whole.ended:
        os.close(fd)
        return True
    redactor = redactor_of(plan, entries)
    journal = JournalWriter(fd, redactor, next_number=whole.last_number + 1, fresh_line=whole.torn)
    _begin(journal, plan, whole, entries=entries, process=process)
    store = OutputStore(plan.output_limit_bytes, root=plan.process_span_id)
    recording = Recording(
        _free_inbox(plan.inbox, offset=whole.inbox_offset),
        journal,
        redactor,
        store,
        clock=clock.now,
        since_mono_ns=plan.started_mono_ns,
    )
    tap = RecordingTap(recording, store, on_flush=on_flush)
    interrupted = ended is None and not plan.watch_pid
    ended = ended or _follow(plan, tap, whole, process=process, channels=channels)
    last = run_ended(ended, plan, interrupted=interrupted)
    recording.finish([last], wait_s=JOURNAL_WAIT_S)
    return ended.lingering


def pump(plan: Plan, channels: Iterable[ChannelPlan]) -> None:
    """Pass on, unrecorded, what the command's descendants still print, until the last has gone."""
    still = _open(channels)
    nobody = ForeignProcess(0, -1, started=clock.now())
    nonce = plan.nonce.encode("ascii")
    while supervise(nobody, still, None, None, nonce=nonce, linger_s=PUMP_S).lingering:
        pass


def _begin(
    journal: JournalWriter,
    plan: Plan,
    whole: WholeJournal,
    *,
    entries: Sequence[bytes],
    process: Process | None,
) -> None:
    """Write what capture did not come to write."""
    if not whole.last_number:
        journal.append(run_started(plan, entries))
    if process is not None and not whole.process_started and not plan.watch_pid:
        journal.append(process_started(plan, process.pid, process.started))
    if whole.damaged_bytes:
        now = clock.now()
        damage = Damage(
            wall_ns=now.wall_ns,
            mono_ns=now.mono_ns,
            where="journal",
            reason="torn where its writer ended",
            size_bytes=whole.damaged_bytes,
        )
        journal.append(damage)


def _free_inbox(path: str, *, offset: int) -> InboxFile | None:
    """The inbox, when its last reader is quite dead; None where it is gone or never freed."""
    until_s = time.monotonic() + INBOX_WAIT_S
    while True:
        try:
            return InboxFile(path, offset=offset)
        except BlockingIOError:
            if time.monotonic() > until_s:
                return None
            time.sleep(0.005)
        except OSError:
            return None


def _follow(
    plan: Plan,
    tap: RecordingTap,
    whole: WholeJournal,
    *,
    process: Process | None,
    channels: Iterable[ChannelPlan],
) -> Ended:
    if process is None:
        return Ended(
            Exit(),
            plan.started_wall_ns,
            plan.started_mono_ns,
            whole.last_wall_ns or plan.started_wall_ns,
            whole.last_mono_ns or plan.started_mono_ns,
        )
    return supervise(
        process,
        _open(channels),
        None,
        tap,
        nonce=plan.nonce.encode("ascii"),
        first_ops={1: whole.open_op, 2: whole.open_op},
    )


def _open(channels: Iterable[ChannelPlan]) -> Channels:
    return Channels(
        "pipe",
        tuple(
            Channel(one.stream, one.kind, one.source_fd, one.sink_fd, -1, (), "", one.stage_fd)
            for one in channels
        ),
    )
