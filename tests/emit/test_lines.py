"""What Python programs append to the inbox."""

from __future__ import annotations

import os
import threading
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.clock import now
from chaos_otel.emit.lines import LINE_BYTES, append, encode, stamp
from chaos_otel.records import Event, OperationEnded, Tag
from chaos_otel.sources.inbox import InboxDecoder

OP = "00f067aa0ba902b7"


def _decode(lines: bytes) -> list[object]:
    return [parsed.record for parsed in InboxDecoder(now).feed(lines)]


@given(st.text(st.characters(codec="utf-8"), max_size=300), st.text(st.characters(codec="utf-8")))
def test_any_text_arrives_as_it_was(key: str, value: str) -> None:
    """Decoding gives back what was encoded, whatever characters it has."""
    (tag,) = _decode(encode("T", "", key, value))
    assert isinstance(tag, Tag)
    assert (tag.key, tag.value) == (key, value)


@given(st.binary(max_size=9000))
def test_any_bytes_arrive_readable(value: bytes) -> None:
    """Bytes that are no UTF-8 are shown as \\xNN, the others as they are."""
    (tag,) = _decode(encode("T", "", "key", value))
    assert isinstance(tag, Tag)
    assert tag.value == value.decode("utf-8", "backslashreplace")


@given(st.text(max_size=50))
def test_text_that_is_no_unicode_does_not_raise(value: str) -> None:
    """A lone surrogate, from `os.fsdecode` or elsewhere, is written in some readable way."""
    (tag,) = _decode(encode("T", "", "key", value))
    assert isinstance(tag, Tag)


def test_a_long_text_comes_in_pieces_that_are_whole_lines() -> None:
    """No line is longer than the grammar allows, and the text is one record again."""
    text = "zwölf Boxkämpfer\tjagen\n" * 8000
    lines = encode("V", OP, "", "info", "step", text)
    assert max(map(len, lines.splitlines(keepends=True))) <= LINE_BYTES
    (event,) = _decode(lines)
    assert isinstance(event, Event)
    assert event.message == text


def test_pairs_follow_the_fields() -> None:
    """A pair is `k=v`; None leaves it out, a bool is 0 or 1."""
    (ended,) = _decode(encode("E", OP, "", "x", "fail", None, exit=3, changed=True, host=None))
    assert isinstance(ended, OperationEnded)
    assert (ended.exit_code, ended.changed, ended.host, ended.message) == (3, True, "", "")


def test_a_stamp_keeps_every_nanosecond() -> None:
    """Both clocks are written in full."""
    time = stamp(1_795_291_972_000_000_009, 51_234_567_000_000)
    assert time == "1795291972.000000009@51234.567000000"


def test_appending_never_makes_a_file_nor_raises(tmp_path: Path) -> None:
    """An inbox that is gone is told by the answer alone; a call without one leaves no trace."""
    assert append(str(tmp_path / "gone"), encode("T", "", "k", "v")) is False
    assert append("", encode("T", "", "k", "v")) is False
    assert append(987654, encode("T", "", "k", "v")) is False
    assert list(tmp_path.iterdir()) == []


def test_appending_to_a_full_device_is_told() -> None:
    """No space left: False, and no exception."""
    assert append("/dev/full", encode("T", "", "k", "v")) is False


def test_a_carriage_return_does_not_divide_a_line(tmp_path: Path) -> None:
    """A line ends at a line feed alone."""
    inbox = tmp_path / "inbox"
    inbox.touch()
    assert append(str(inbox), encode("T", "", "k", "a\rb\r\nc"))
    (tag,) = _decode(inbox.read_bytes())
    assert isinstance(tag, Tag)
    assert tag.value == "a\rb\r\nc"


def test_writers_at_once_do_not_tear_lines(tmp_path: Path) -> None:
    """Eight threads, by path and by descriptor: every record is whole."""
    inbox = tmp_path / "inbox"
    inbox.touch()
    descriptor = os.open(inbox, os.O_WRONLY | os.O_APPEND)

    def write(target: str | int, number: int) -> None:
        for turn in range(100):
            assert append(target, encode("T", "", f"{number}.{turn}", "x" * 5000))

    threads = [
        threading.Thread(target=write, args=(target, number))
        for number, target in enumerate([str(inbox), descriptor] * 4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    os.close(descriptor)
    records = _decode(inbox.read_bytes())
    keys = {record.key for record in records if isinstance(record, Tag)}
    assert len(records) == len(keys) == 800
