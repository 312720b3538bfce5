"""What the libraries do not hear of."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from chaos_otel.config.sdk_variables import hide_sdk_variables

LIMIT = "OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT"


def test_they_are_gone_and_tokens_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """What settings of ours read stays, for us and for the processes that we start."""
    monkeypatch.setenv(LIMIT, "many")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "a=b")
    hide_sdk_variables()
    assert LIMIT not in os.environ
    assert os.environ["OTEL_EXPORTER_OTLP_HEADERS"] == "a=b"
    hide_sdk_variables()  # where there is none


@pytest.mark.parametrize("first", ["hide_sdk_variables()", "pass"])
def test_the_sdk_would_raise(monkeypatch: pytest.MonkeyPatch, first: str) -> None:
    """Without it: why all this is there."""
    monkeypatch.setenv(LIMIT, "many")
    code = "from chaos_otel.config.sdk_variables import hide_sdk_variables; "
    code += f"{first}; import opentelemetry.sdk.trace"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)
    assert (done.returncode == 0) == (first != "pass"), done.stderr
