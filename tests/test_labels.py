"""What may stand in a label: no path, no id, no line of text, and only so many of them."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.labels import UNKNOWN, VALUE_CHARACTERS, clean, of_script, rest, series_limit
from chaos_otel.semconv import LABEL_REST, MAX_SERIES


@pytest.mark.parametrize(
    ("said", "label"),
    [
        ("deploy", "deploy"),
        ("", UNKNOWN),
        ("  \t\n ", UNKNOWN),
        ("/srv/app/deploy.sh", "deploy.sh"),
        ("./deploy.sh", "deploy.sh"),
        ("../bin/deploy.sh", "deploy.sh"),
        ("~/bin/deploy.sh", "deploy.sh"),
        ("~alice/bin/deploy.sh", "deploy.sh"),
        ("/var/lib/app/", "app"),
        ("/", UNKNOWN),
        ("copy /home/alice/key.pem to db", "copy key.pem to db"),
        ("restart read/write pool", "restart read/write pool"),
        ("fetch https://example.org/a/b", "fetch https://example.org/a/b"),
        ("run 01a200d700fe77a8a662e79e61bdb345", "run *"),
        ("job 0198C5C1-ab0e-7d3f-9c1c-5d0d2a2f4b77 done", "job * done"),
        ("two\nlines\x1b[31m", "two lines [31m"),
        ("not \udcff a character", "not a character"),
        ("db-1.example.com", "db-1.example.com"),
    ],
)
def test_a_label_is_a_short_line_that_names_no_place_and_no_run(said: str, label: str) -> None:
    """A path becomes its last name, an id a star; what steers a terminal or is none goes."""
    assert clean(said) == label


@given(st.text(st.characters()))
def test_whatever_is_said_a_label_is_printable_short_and_not_empty(said: str) -> None:
    """No text at all breaks an exposition, and cleaning a label again does not empty it."""
    label = clean(said)
    assert label.isprintable()
    assert 0 < len(label) <= VALUE_CHARACTERS
    assert label.encode("utf-8")
    assert clean(label)


def test_every_series_of_a_script_says_which_and_where(  # the names are what a dashboard asks for
) -> None:
    """Sorted by name; an environment that nobody named is told as unknown."""
    assert of_script("/srv/deploy.sh", "") == (
        ("deployment.environment.name", UNKNOWN),
        ("script.name", "deploy.sh"),
    )


def test_the_rest_of_a_metric_always_has_room() -> None:
    """However many combinations its bounded labels have, with them it has no more than its
    limit."""
    labels = (("changed", "true"), ("result", "success"), ("script.name", "x"))
    kept = {
        rest((("changed", a), ("result", b), ("script.name", "x"))) for a in "tf" for b in "1234"
    }
    assert rest(labels) == (("changed", "true"), ("result", "success"), ("script.name", LABEL_REST))
    assert series_limit(labels) + len(kept) == MAX_SERIES
    assert series_limit((("script.name", "x"),)) == MAX_SERIES - math.prod([])
