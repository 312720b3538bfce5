"""The lines that hooks write: output as text, that they are there, that the program was stopped."""

from __future__ import annotations

from typing import Any

import pytest

from chaos_otel.clock import Moment
from chaos_otel.emit.lines import encode
from chaos_otel.records import Damage, Hooked, Interrupted, Output, Record
from chaos_otel.sources.inbox import InboxDecoder

OP = "00f067aa0ba902b7"
NOW = Moment(wall_ns=1_795_291_972_000_000_000, mono_ns=51_234_000_000_000)
AT: dict[str, Any] = {"wall_ns": NOW.wall_ns, "mono_ns": NOW.mono_ns}


def _records(data: bytes) -> list[Record]:
    decoder = InboxDecoder(lambda: NOW, since_mono_ns=0)
    return [one.record for one in decoder.feed(data) + decoder.finish()]


@pytest.mark.parametrize(
    ("line", "record"),
    [
        (encode("X", OP, "", 1, "a\tb\\\nc"), Output(**AT, op=OP, stream=1, text="a\tb\\\nc")),
        (encode("X", OP, "", 2, b"\xff"), Output(**AT, op=OP, stream=2, text="\\xff")),
        (encode("X", OP, "", 1, "x" * 9_000), Output(**AT, op=OP, stream=1, text="x" * 9_000)),
        (encode("H", "", "pyinfra"), Hooked(**AT, tool="pyinfra")),
        (encode("Q", "", "by Ctrl-C"), Interrupted(**AT, reason="by Ctrl-C")),
    ],
)
def test_what_each_line_means(line: bytes, record: Record) -> None:
    """One record for each."""
    assert _records(line) == [record]


@pytest.mark.parametrize("fields", [("", "", 1, "x"), (OP, "", 3, "x"), (OP, "", 1)])
def test_output_of_nothing_is_damage(fields: tuple[str | int, ...]) -> None:
    """No operation, no such stream, no text."""
    (record,) = _records(encode("X", *fields))
    assert isinstance(record, Damage)
