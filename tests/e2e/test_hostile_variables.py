"""Variables that were set for other programs, with values that nobody can use, cost no run."""

from __future__ import annotations

import pytest
from tests.e2e.installed import Installed, wait_for
from tests.e2e.recorded import recording

HOSTILE = {
    "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT": "many",
    "OTEL_SPAN_EVENT_COUNT_LIMIT": "-1",
    "OTEL_ATTRIBUTE_COUNT_LIMIT": "-1",
    "OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT": "0x10",
    "OTEL_PYTHON_CONTEXT": "bogus",
    "OTEL_PROPAGATORS": "bogus",
    "OTEL_TRACES_SAMPLER": "bogus",
    "OTEL_BSP_MAX_QUEUE_SIZE": "0",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "bogus",
    "OTEL_EXPORTER_OTLP_COMPRESSION": "brotli",
    "OTEL_EXPORTER_OTLP_TIMEOUT": "abc",
    "PROMETHEUS_MULTIPROC_DIR": "/nowhere",
}


def test_a_run_is_reported_and_forwarded_all_the_same(chaos: Installed) -> None:
    """The SDK raises for some of them as it is imported; the command has them as they were."""
    chaos.env |= HOSTILE
    with recording() as there:
        words = ("run", "--quiet", "--otlp", there.url, "--export-wait", "60s", "--")
        done = chaos.call(*words, "sh", "-c", "env; exit 3")
        wait_for(lambda: there.spans() and there.metrics())
    assert done.returncode == 3
    assert chaos.report()["summary"]["failed_operations"] == 1
    assert {f"{k}={v}" for k, v in HOSTILE.items()} <= set(done.stdout.decode().splitlines())
    assert not (chaos.state / "errors").exists()


@pytest.mark.parametrize("words", [("textfile", "."), ("deliver",), ("report", "show")], ids=str)
def test_no_other_command_minds_them(chaos: Installed, words: tuple[str, ...]) -> None:
    """Those that load OpenTelemetry in their own process."""
    chaos.run("true")
    chaos.env |= HOSTILE
    done = chaos.call(*words)
    assert done.returncode == 0, done.stderr
    assert b"error of ours" not in done.stderr
