"""A journal as spans and log records with ordinals: the same each time, and resumable anywhere."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.forward_runs import KEY, append, records, write_run

from chaos_otel.exporters.otlp_encode import encode_logs, encode_traces
from chaos_otel.pipeline.forward_stream import RunStream
from chaos_otel.store.outbox import Cursor

STEPS = 20
SPANS = STEPS + 1


def _all(folder: Path, cursor: Cursor, *, size: int = 7) -> dict[str, list[Any]]:
    """Everything that a stream gives, with its ordinals checked."""
    stream = RunStream(str(folder), cursor, signals=("traces", "logs"))
    found: dict[str, list[Any]] = {"traces": [], "logs": []}
    first = {"traces": cursor.spans, "logs": cursor.logs}
    while not stream.finished:
        if not stream.read():
            stream.finish()
    while (batch := stream.batch(size, older_than_s=0)) is not None:
        signal, items, ordinal = batch
        assert ordinal == first[signal] + len(found[signal])
        assert 0 < len(items) <= size
        found[signal] += items
        stream.drop(signal, len(items))
    stream.close()
    return found


def test_every_span_and_line_comes_once(tmp_path: Path) -> None:
    """The run's span, one of each step, and a log record for each line."""
    folder = write_run(tmp_path, STEPS)
    found = _all(folder, Cursor(KEY, folder.name))
    assert (len(found["traces"]), len(found["logs"])) == (SPANS, STEPS)


@pytest.mark.parametrize(("spans", "logs"), [(0, 0), (1, 0), (7, 19), (SPANS, STEPS), (999, 999)])
def test_a_cursor_is_a_place_to_go_on_from(tmp_path: Path, spans: int, logs: int) -> None:
    """What was acknowledged is left out, and the rest is the same, byte for byte."""
    folder = write_run(tmp_path, STEPS)
    whole = _all(folder, Cursor(KEY, folder.name))
    rest = _all(folder, Cursor(KEY, folder.name, spans=spans, logs=logs))
    assert encode_traces(rest["traces"]) == encode_traces(whole["traces"][spans:])
    assert encode_logs(rest["logs"]) == encode_logs(whole["logs"][logs:])


def test_a_growing_journal_gives_what_is_complete(tmp_path: Path) -> None:
    """While the command runs, spans that are over come, in full batches or when they are old; those
    that are open do not."""
    folder = write_run(tmp_path, 0, ended=False)
    stream = RunStream(str(folder), Cursor(KEY, folder.name), signals=("traces",))
    everything = list(records(folder.name, 5))
    assert stream.read()
    append(folder, everything[1:9], first=2)  # two whole steps and one that has begun
    assert stream.read()
    assert stream.batch(3, older_than_s=60) is None
    batch = stream.batch(2, older_than_s=60)
    assert batch is not None
    assert [span.name for span in batch[1]] == ["step 0", "step 1"]
    aged = stream.batch(100, older_than_s=0)
    assert aged is not None
    assert len(aged[1]) == 2
    stream.close()


def test_a_signal_that_is_not_taken_costs_nothing(tmp_path: Path) -> None:
    """A destination for traces alone holds no log records."""
    folder = write_run(tmp_path, STEPS)
    stream = RunStream(str(folder), Cursor(KEY, folder.name), signals=("traces",))
    while stream.read():
        pass
    stream.finish()
    batch = stream.batch(1000, older_than_s=0)
    assert batch is not None
    assert (batch[0], len(batch[1])) == ("traces", SPANS)
    stream.drop("traces", SPANS)
    assert stream.batch(1000, older_than_s=0) is None
    stream.close()
