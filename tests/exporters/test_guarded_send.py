"""The edge of every sender."""

from __future__ import annotations

from chaos_otel.config.destination import Destination
from chaos_otel.exporters.answer import Answer, Later
from chaos_otel.exporters.guarded_send import guarded

TO = Destination("k", "otlp", {}, headers={"Authorization": "Bearer s3cr3t-t0ken"})


def test_an_error_of_ours_keeps_the_records_and_tells_its_kind_alone() -> None:
    """Its text may repeat a header, as gRPC's does."""

    def send() -> Answer:
        raise ValueError("metadata was invalid: Bearer s3cr3t-t0ken")

    answer = guarded(TO, send)
    assert isinstance(answer, Later)
    assert "ValueError" in answer.reason
    assert "s3cr3t" not in answer.reason


def test_what_a_server_repeats_is_hidden() -> None:
    """Whatever else it says is kept."""
    assert guarded(TO, lambda: Later("no s3cr3t-t0ken here", 1.0)) == Later("no *** here", 1.0)
