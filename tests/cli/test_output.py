"""What we say, and in what colour."""

from __future__ import annotations

import io
import os

import pytest

from chaos_otel.cli.output import printable, wants_colour


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(
    ("variables", "colour"),
    [
        ({}, True),
        ({"NO_COLOR": ""}, True),
        ({"NO_COLOR": "1"}, False),
        ({"NO_COLOR": "0"}, False),
        ({"TERM": "dumb"}, False),
        ({"TERM": "xterm"}, True),
    ],
)
def test_colour_on_a_terminal(variables: dict[str, str], colour: bool) -> None:
    """no-color.org: any value but an empty one says no."""
    assert wants_colour(variables, _Terminal()) is colour


def test_no_colour_elsewhere() -> None:
    """Not in files, not where there is no stream, not where it is closed."""
    with open(os.devnull) as closed:
        pass
    assert not wants_colour({}, io.StringIO())
    assert not wants_colour({}, None)
    assert not wants_colour({}, closed)


def test_what_steers_a_terminal_is_written_out() -> None:
    """A value from a strange file must not clear the screen or begin a new line."""
    assert printable("plain text é") == "plain text é"
    assert printable("a\x1b[2Jb\nc\udcff") == r"a\x1b[2Jb\nc\udcff"
