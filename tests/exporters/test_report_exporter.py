"""The report: exactly the layout, whole or not at all, whatever the spans hold."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExportResult
from opentelemetry.trace import SpanContext, Status, StatusCode

from chaos_otel import semconv
from chaos_otel.errors import ReportError
from chaos_otel.exporters import report_spool
from chaos_otel.exporters.report import ReportExporter

SECOND = 1_000_000_000
OK = Status(StatusCode.UNSET)
NO_RESOURCE = Resource({})
ERROR = Status(StatusCode.ERROR, "bad")


def operation(
    name: str, seconds: float = 1.0, *, host: str = "@local", failed: bool = False, **more: Any
) -> ReadableSpan:
    known = {
        semconv.TASK_NAME: name,
        semconv.TASK_RUN_ID: "a" * 16,
        semconv.OPERATION_HOST: host,
        **{getattr(semconv, f"OPERATION_{key.upper()}"): value for key, value in more.items()},
    }
    return ReadableSpan(
        name,
        resource=NO_RESOURCE,
        attributes=known,
        start_time=0,
        end_time=int(seconds * SECOND),
        status=ERROR if failed else OK,
    )


def run(
    *, failed: bool = False, attributes: Mapping[str, Any] = MappingProxyType({})
) -> ReadableSpan:
    known: dict[str, Any] = {semconv.PIPELINE_RUN_ID: "1" * 32, **attributes}
    return ReadableSpan(
        "deploy.sh",
        SpanContext(1, 2, False),
        resource=NO_RESOURCE,
        attributes=known,
        start_time=0,
        end_time=9 * SECOND,
        status=ERROR if failed else OK,
    )


def command(*, failed: bool = False) -> ReadableSpan:
    known: dict[str, Any] = {
        semconv.PROCESS_PID: 3,
        semconv.OPERATION_HOST: "@local",
        semconv.OPERATION_STDOUT: "hello\n",
        semconv.OPERATION_STDERR: "oh\n",
    }
    return ReadableSpan(
        "bash",
        resource=NO_RESOURCE,
        attributes=known,
        start_time=0,
        end_time=2 * SECOND,
        status=ERROR if failed else OK,
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "chaos_report.json"


def written(path: Path, *spans: ReadableSpan) -> dict[str, Any]:
    """The report of these spans, checked to be what json.dumps would have written."""
    exporter = ReportExporter(str(path))
    for span in spans:
        assert exporter.export([span]) is SpanExportResult.SUCCESS
    exporter.shutdown()
    text = path.read_text()
    document: dict[str, Any] = json.loads(text)
    assert text == json.dumps(document, indent=4)
    return document


def test_layout(path: Path) -> None:
    """Keys, their order, values and types, one operation of each kind."""
    document = written(
        path,
        operation("build", 1.23456, stdout="built\n", changed=True),
        operation("copy", 0.5, host="web1", failed=True, stderr="no route\n"),
        operation("flaky", 2, retry_attempts=2, max_retries=3),
        operation("hopeless", 1, failed=True, retry_attempts=3, max_retries=3),
        run(failed=True),
    )
    expected = {
        "summary": {
            "total_operations": 4,
            "changed_operations": 1,
            "successful_operations": 2,
            "failed_operations": 2,
            "status": "failure",
            "total_duration": 4.7346,
        },
        "hosts": {
            "@local": {
                "total_operations": 3,
                "changed_operations": 1,
                "successful_operations": 2,
                "failed_operations": 1,
                "duration": 4.2346,
                "history": [
                    entry("build", 1.2346, changed=True, stdout="built\n"),
                    entry("flaky", 2.0, retries=(2, 3, True)),
                    entry("hopeless", 1.0, success=False, retries=(3, 3, False)),
                ],
            },
            "web1": {
                "total_operations": 1,
                "changed_operations": 0,
                "successful_operations": 0,
                "failed_operations": 1,
                "duration": 0.5,
                "history": [entry("copy", 0.5, success=False, stderr="no route\n")],
            },
        },
    }
    assert document == expected
    assert path.read_text() == json.dumps(expected, indent=4)


def entry(
    name: str,
    duration: float,
    *,
    changed: bool = False,
    success: bool = True,
    stdout: str = "",
    stderr: str = "",
    retries: tuple[int, int, bool | None] = (0, 0, None),
) -> dict[str, Any]:
    attempts, most, succeeded = retries
    return {
        "operation": name,
        "changed": changed,
        "success": success,
        "duration": duration,
        "stdout": stdout,
        "stderr": stderr,
        "retry_statistics": {
            "stdout": stdout,
            "stderr": stderr,
            "retry_attempts": attempts,
            "max_retries": most,
            "retry_succeeded": succeeded,
            "retry_info": {
                "retry_attempts": attempts,
                "max_retries": most,
                "was_retried": attempts > 0,
                "retry_succeeded": succeeded,
            },
        },
    }


TEXT = st.text(max_size=40) | st.sampled_from(["\ud800", '"\\\x00\x7f\u2028é€🎉', "\r\n\t\b\f"])
OPERATIONS = st.lists(
    st.builds(
        operation,
        TEXT,
        st.floats(0, 1e12),
        host=TEXT,
        failed=st.booleans(),
        stdout=TEXT,
        stderr=TEXT,
        changed=st.booleans(),
        retry_attempts=st.integers(0, 2**31),
        max_retries=st.integers(0, 2**31),
        depth=st.integers(0, 2),
    )
)


@settings(deadline=None)
@given(operations=OPERATIONS, memory_bytes=st.sampled_from([0, 500, 1 << 20]))
def test_always_what_json_dumps_writes(
    tmp_path_factory: pytest.TempPathFactory, operations: list[ReadableSpan], memory_bytes: int
) -> None:
    """Byte for byte, for any text, any number of hosts, in memory or spilled; sums are right."""
    path = tmp_path_factory.getbasetemp() / "property.json"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_spool.Spool.__init__, "__kwdefaults__", {"memory_bytes": memory_bytes})
        document = written(path, *operations, run())
    if not operations:
        return
    hosts = document["hosts"]
    assert list(hosts) == list(
        dict.fromkeys((o.attributes or {})[semconv.OPERATION_HOST] for o in operations)
    )
    for host in hosts.values():
        history = host["history"]
        assert host["total_operations"] == len(history)
        assert host["failed_operations"] == sum(not e["success"] for e in history)
        assert host["changed_operations"] == sum(e["changed"] for e in history)
    assert document["summary"]["total_operations"] == len(operations)


def test_durations_of_outermost_operations_add_up(path: Path) -> None:
    """A nested operation stands in the history, its time is counted once."""
    document = written(path, operation("in", 2, depth=1), operation("out", 3, depth=0), run())
    assert document["hosts"]["@local"]["duration"] == 3.0
    assert document["summary"]["total_duration"] == 3.0


def test_what_does_not_count_is_not_there(path: Path) -> None:
    """Neither in the history nor in the sums: not even a failure, not even a host."""
    skipped = operation("skipped", counted=False, failed=True, host="web")
    document = written(path, operation("task", counted=True), skipped, run())
    assert list(document["hosts"]) == ["@local"]
    assert document["summary"]["total_operations"] == 1
    assert document["summary"]["status"] == "success"


@pytest.mark.parametrize("fails", [True, False])
def test_command_without_steps(path: Path, fails: bool) -> None:
    """The command itself is the one operation, under the run's name."""
    document = written(path, command(failed=fails), run(failed=fails))
    (host,) = document["hosts"].values()
    assert host["history"] == [
        entry("deploy.sh", 2.0, success=not fails, stdout="hello\n", stderr="oh\n")
    ]
    assert document["summary"]["status"] == ("failure" if fails else "success")
    with_step = written(path, operation("step"), command(), run())
    assert with_step["summary"]["total_operations"] == 1
    assert with_step["hosts"]["@local"]["history"][0]["operation"] == "step"


def test_status_is_failure_when_the_run_failed(path: Path) -> None:
    """Also where every operation went well, and where the run's span never came."""
    assert written(path, operation("x"), run(failed=True))["summary"]["status"] == "failure"
    assert written(path, operation("x"))["summary"]["status"] == "failure"
    assert written(path, operation("x"), run())["summary"]["status"] == "success"


def test_nothing_at_all(path: Path) -> None:
    """Without a single span it is still a report."""
    assert written(path)["hosts"] == {}


def test_mode_and_leftovers(path: Path) -> None:
    """Only the owner reads the report, whatever the old one's mode; nothing lies beside it."""
    path.write_text("old")
    path.chmod(0o666)
    written(path, operation("x"), run())
    assert path.stat().st_mode & 0o777 == 0o600
    assert os.listdir(path.parent) == [path.name]


def test_leftover_of_a_killed_run_is_cleared_away(path: Path) -> None:
    """Delivering again replaces what a killed delivery of the same run had begun."""
    begun = path.parent / f".chaos-otel-{2:016x}.tmp"
    begun.write_text("half")
    written(path, operation("x"), run())
    assert os.listdir(path.parent) == [path.name]


def test_a_link_in_place_of_the_new_file_is_not_followed(path: Path, tmp_path: Path) -> None:
    """Whoever plants a link beside the report gains nothing."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    (tmp_path / f".chaos-otel-{2:016x}.tmp").symlink_to(victim)
    written(path, operation("x"), run())
    assert victim.read_text() == "precious"


def _link(path: Path) -> None:
    (path.parent / "elsewhere").write_text("old")
    path.symlink_to(path.parent / "elsewhere")


@pytest.mark.parametrize("make", [_link, Path.mkdir, lambda path: os.mkfifo(path)])
def test_what_is_no_regular_file_is_refused_early(path: Path, make: Callable[[Path], None]) -> None:
    """A link, a folder, a pipe: refused before anything is done, with advice, and left alone."""
    make(path)
    with pytest.raises(ReportError, match="--report"):
        ReportExporter(str(path))
    assert os.path.lexists(path)


def test_a_target_that_becomes_a_link_is_refused(path: Path) -> None:
    """The look at the start is not the last one."""
    exporter = ReportExporter(str(path))
    exporter.export([operation("x"), run()])
    _link(path)
    with pytest.raises(ReportError, match="symbolic link"):
        exporter.close()
    assert (path.parent / "elsewhere").read_text() == "old"
    assert sorted(os.listdir(path.parent)) == ["chaos_report.json", "elsewhere"]


def test_missing_folder(tmp_path: Path) -> None:
    """The message names the folder that is not there."""
    with pytest.raises(ReportError, match=r"there is no folder .*nowhere"):
        ReportExporter(str(tmp_path / "nowhere" / "report.json"))


_CHILD = """
import os, resource, sys
from chaos_otel.errors import ReportError
from chaos_otel.exporters.report import ReportExporter
from tests.exporters.test_report_exporter import operation, run
path, limit, uid, count = sys.argv[1], *map(int, sys.argv[2:])
if limit:
    resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
exporter = ReportExporter(path)
for number in range(count):
    exporter.export([operation(f"step {number}", stdout="x" * 1000)])
exporter.export([run()])
assert exporter.summary.counts.total == count
if uid:  # late: the interpreter itself may lie where only root reads
    os.setuid(uid)
try:
    exporter.close()
except ReportError as error:
    print(error)
"""


def child(path: Path, *, limit: int = 0, uid: int = 0, count: int = 10) -> str:
    script = [sys.executable, "-c", _CHILD, str(path), str(limit), str(uid), str(count)]
    root = Path(__file__).parents[2]
    return subprocess.run(script, check=True, capture_output=True, text=True, cwd=root).stdout


@pytest.mark.parametrize("count", [10, 5000], ids=["in memory", "spilled"])
def test_full_disk(path: Path, count: int) -> None:
    """The old report stands, nothing lies beside it, the message says so."""
    path.write_text("old")
    answer = child(path, limit=8000, count=count)
    assert "large" in answer
    assert "untouched" in answer
    assert path.read_text() == "old"
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody who may not write")
def test_folder_that_may_not_be_written() -> None:
    """The old report stands, and the message names the reason."""
    with tempfile.TemporaryDirectory() as folder:  # tmp_path lies where others may not even look
        os.chmod(folder, 0o755)
        path = Path(folder, "chaos_report.json")
        path.write_text("old")
        answer = child(path, uid=65534)
        assert "permission denied" in answer
        assert path.read_text() == "old"


def test_big_report_is_spilled_and_whole(path: Path) -> None:
    """Many hosts, far more than memory is given: one descriptor, every entry in its place."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(report_spool.Spool.__init__, "__kwdefaults__", {"memory_bytes": 10_000})
        exporter = ReportExporter(str(path))
    before = len(os.listdir("/proc/self/fd"))
    for number in range(6000):
        exporter.export([operation(str(number), host=f"web{number % 2000}")])
        assert exporter._spool._held_bytes < 12_000
    assert len(os.listdir("/proc/self/fd")) <= before + 1
    exporter.export([run()])
    exporter.close()
    hosts = json.loads(path.read_text())["hosts"]
    assert list(hosts) == [f"web{n}" for n in range(2000)]
    for n in range(2000):
        names = [e["operation"] for e in hosts[f"web{n}"]["history"]]
        assert names == [str(n), str(n + 2000), str(n + 4000)]
    assert len(os.listdir("/proc/self/fd")) == before


def test_other_place(path: Path, tmp_path: Path) -> None:
    """A report may be put beside instead, and the one at its own place stays."""
    path.write_text("of a later run")
    exporter = ReportExporter(str(path))
    exporter.export([operation("x"), run()])
    exporter.close(str(tmp_path / "recovered.json"))
    assert path.read_text() == "of a later run"
    assert json.loads((tmp_path / "recovered.json").read_text())["summary"]["status"] == "success"


@pytest.fixture
def spans() -> Iterator[list[ReadableSpan]]:
    yield [
        *(operation(f"step {n}", n) for n in range(10)),
        operation("bad", 0.5, failed=True, stderr="first\nlast words\n\n", unfinished=True),
        run(failed=True, attributes={semconv.ERROR_TYPE: "exit_3", semconv.RUN_INTERRUPTED: False}),
    ]


def test_summary(path: Path, spans: list[ReadableSpan]) -> None:
    """Counts, status, the slowest and the failures are at hand without reading the report."""
    exporter = ReportExporter(str(path))
    exporter.export(spans)
    exporter.close()
    summary = exporter.summary
    assert (summary.status, summary.error_type, summary.interrupted) == ("failure", "exit_3", False)
    assert (summary.counts.total, summary.counts.failed, summary.counts.successful) == (11, 1, 10)
    assert summary.unfinished == 1
    assert [timed.operation for timed in summary.slowest] == [f"step {n}" for n in (9, 8, 7, 6, 5)]
    assert summary.failures[0].detail == "last words"
    assert (summary.run_name, summary.run_duration_s) == ("deploy.sh", 9.0)


def test_of_equally_slow_ones_the_first(path: Path) -> None:
    """Their order is that of completion."""
    exporter = ReportExporter(str(path))
    exporter.export([operation(str(n)) for n in range(9)])
    assert [timed.operation for timed in exporter.summary.slowest] == ["0", "1", "2", "3", "4"]
