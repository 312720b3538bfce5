"""What the service says of the deliveries beside it."""

from __future__ import annotations

import json

import pytest

from chaos_otel.server.delivery import problems_in


def test_what_went_wrong_is_a_line_each() -> None:
    """Destinations by name; runs that have no problem say nothing."""
    answer = {
        "runs": [{"problem": ""}, {"problem": "no space left"}],
        "destinations": [
            {"destination": "otlp http://a", "problem": "connection refused", "waiting": 1},
            {"destination": "otlp http://b", "problem": "", "waiting": 0},
        ],
    }
    assert problems_in(json.dumps(answer).encode()) == {
        "no space left",
        "otlp http://a: connection refused",
    }


@pytest.mark.parametrize("answer", [b"", b"null", b"{}", b"no json", b'{"destinations": [1]}'])
def test_an_answer_that_cannot_be_read_is_no_problem_of_a_destination(answer: bytes) -> None:
    """Whoever could not answer has told why on stderr, and the service goes on."""
    assert problems_in(answer) == set()
