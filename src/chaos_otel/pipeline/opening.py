"""Opens a run's recording and writes its first records, the same way for capture and for a
successor.

Loaded after the command started.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from chaos_otel import clock
from chaos_otel.clock import Moment
from chaos_otel.config.ci import ci_attributes
from chaos_otel.config.environment import Environment
from chaos_otel.config.revision import revision
from chaos_otel.journal.writer import JournalWriter
from chaos_otel.pipeline import facts
from chaos_otel.pipeline.inbox_file import InboxFile
from chaos_otel.pipeline.output_store import OutputStore
from chaos_otel.pipeline.plan import Plan, replace_plan
from chaos_otel.pipeline.recording import Recording
from chaos_otel.privacy.environment import secrets_of
from chaos_otel.privacy.exact import Secret
from chaos_otel.privacy.redact import Redactor
from chaos_otel.records import ProcessStarted, RunStarted


def open_recording(
    plan: Plan, store: OutputStore, *, entries: Sequence[bytes], journal_fd: int
) -> Recording:
    """The recording of a new run, with the run's start in it.

    `entries` is the command's environment: the redactor learns from it what is secret. Takes over
    `journal_fd`.
    """
    redactor = redactor_of(plan, entries)
    remember_secrets(plan, entries)
    journal = JournalWriter(journal_fd, redactor)
    journal.append(run_started(plan, entries))
    inbox = InboxFile(plan.inbox)
    return Recording(
        inbox, journal, redactor, store, clock=clock.now, since_mono_ns=plan.started_mono_ns
    )


def redactor_of(plan: Plan, entries: Sequence[bytes]) -> Redactor:
    """The redactor of a run whose command had this environment, or whose plan remembers its
    secrets."""
    remembered = [Secret("", os.fsencode(value)) for value in plan.secrets]
    return Redactor([*secrets_of(entries, value_from=plan.redact_value_from), *remembered])


def remember_secrets(plan: Plan, entries: Sequence[bytes]) -> None:
    """Note in the plan, which lies in memory, what a recovery would have to redact: it has another
    environment. Raises OSError or StateError."""
    found = secrets_of(entries, value_from=plan.redact_value_from)
    if found:
        values = tuple(os.fsdecode(secret.value) for secret in found)
        replace_plan(plan._replace(secrets=(*plan.secrets, *values)))


def run_started(plan: Plan, entries: Sequence[bytes]) -> RunStarted:
    """What is known before the command says anything."""
    return RunStarted(
        wall_ns=plan.started_wall_ns,
        mono_ns=plan.started_mono_ns,
        run_id=plan.run_id,
        trace_id=plan.trace_id,
        span_id=plan.run_span_id,
        parent_span_id=plan.parent_span_id,
        tracestate=plan.tracestate,
        name=plan.name,
        named=plan.named,
        version=plan.version,
        environment=plan.environment,
        argv=plan.argv,
        cwd=plan.cwd,
        capture=plan.capture,
        report_path=plan.report,
        events_path=plan.events,
        wrapped=not plan.watch_pid,
        tags=plan.tags,
        attributes=_place(plan, entries) | plan.attributes,
    )


def _place(plan: Plan, entries: Sequence[bytes]) -> dict[str, str]:
    state = plan.folder.rpartition("/runs/")[0]
    place = facts.host_attributes() | facts.user_attributes(state) | revision(plan.cwd)
    return place | ci_attributes(Environment.of_block(entries))


def process_started(plan: Plan, pid: int, moment: Moment) -> ProcessStarted:
    """The command runs."""
    executable = plan.argv[0].rpartition("/")[2] if plan.argv else ""
    return ProcessStarted(
        wall_ns=moment.wall_ns,
        mono_ns=moment.mono_ns,
        span_id=plan.process_span_id,
        pid=pid,
        executable=executable,
    )
