"""JSON a value at a time: it accepts what json.loads accepts, and its places are right."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from chaos_otel.errors import ReportError
from chaos_otel.reports import json_text
from chaos_otel.reports.walk import Elements, Item, Members, walk

from .conftest import Opener

VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=10,
)
KEYS = st.sampled_from(["summary", "hosts", "history", "web1"]) | st.text(max_size=3)
HOSTS = st.dictionaries(KEYS, VALUES | st.dictionaries(KEYS, VALUES | st.lists(VALUES)))
DOCUMENTS = VALUES | st.dictionaries(KEYS, VALUES | HOSTS)


def rebuilt(items: list[Item]) -> Any:
    """The document that the items came from."""
    whole: dict[tuple[str | int, ...], Any] = {}
    for path, value in items:
        if isinstance(value, Members):
            value = {key: whole[(*path, key)] for key in value.keys}
        elif isinstance(value, Elements):
            value = [whole[(*path, number)] for number in range(value.number)]
        whole[path] = value
    return whole[()]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@example(document={"a": 1.3441994270152552e16}, indent=4, chunk=23)
@given(document=DOCUMENTS, indent=st.sampled_from([None, 4]), chunk=st.integers(1, 50))
def test_walk_sees_all_there_is(
    opened: Opener, document: Any, indent: int | None, chunk: int
) -> None:
    """Whatever the document and wherever the reads end, the items are the document."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "_READ_BYTES", chunk)
        text = opened(json.dumps(document, indent=indent, ensure_ascii=chunk % 2 == 0))
        assert rebuilt(list(walk(text))) == document


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(content=st.binary(max_size=60) | st.text(max_size=60).map(lambda t: t.encode("utf-8")))
def test_any_bytes(opened: Opener, content: bytes) -> None:
    """Either it is JSON for json.loads, too, or there is a ReportError."""
    try:
        items = list(walk(opened(content)))
    except ReportError:
        return
    assert repr(rebuilt(items)) == repr(json.loads(content.decode("utf-8")))


@pytest.mark.parametrize(
    ("content", "place"),
    [
        ("{", "line 1, column 2"),
        ('{\n    "summary": {},\n    "hosts": {\n        x\n', "line 4, column 9"),
        ('{"summary": {"a": }}', "line 1, column 19"),
        ('{"summary": "no end', "line 1, column 13"),
        ('{"hosts": {"a": {"history": [1 2]}}}', "line 1, column 32"),
        ("{} {}", "line 1, column 4"),
        ("\0\0\0", "line 1, column 1"),
        ("hello", "line 1, column 1"),
        ("\ufeff{}", "line 1, column 1"),
        ("[" * 200_000, "nested too deeply"),
        ('{"a": ' + "9" * 5000 + "}", "line 1, column 7"),
    ],
)
def test_place_of_what_is_no_json(opened: Opener, content: str, place: str) -> None:
    """The message says where, in lines and columns as editors count them."""
    with pytest.raises(ReportError, match=place):
        list(walk(opened(content)))


@pytest.mark.parametrize("length", [1 << 20, 10 << 20])
def test_place_in_a_long_line(opened: Opener, length: int) -> None:
    """Also far into a line of 10 MB, whatever was read before."""
    filler = '"x": 1, ' * (length // 8)
    content = '{\n"hosts": {}, ' + filler + "!"
    column = len(content.partition("\n")[2])
    with pytest.raises(ReportError, match=f"line 2, column {column}:"):
        list(walk(opened(content)))


def test_not_text(opened: Opener) -> None:
    """Binary files are named as such, with the byte; a character split by a read is no error."""
    with pytest.raises(ReportError, match=r"no UTF-8 text \(byte 1\)"):
        opened(b"\x1f\x8b\x08\x00")
    with pytest.raises(ReportError, match=r"no UTF-8 text \(byte 11\)"):
        list(walk(opened(b'{"summary": \xff}'[:11] + b"\xff")))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "_READ_BYTES", 1)
        assert rebuilt(list(walk(opened('{"a": "€🎉"}')))) == {"a": "€🎉"}


@pytest.mark.parametrize("content", ["", " \n\t\n"])
def test_empty(opened: Opener, content: str) -> None:
    """An empty file is said to be empty."""
    with pytest.raises(ReportError, match="is empty"):
        opened(content)


def test_a_value_without_an_end_needs_no_memory(opened: Opener) -> None:
    """A string that never closes is given up, not read to the end of a huge file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_text, "VALUE_CHARACTERS_MAX", 1 << 20)
        text = opened('{"summary": "' + "x" * (8 << 20))
        with pytest.raises(ReportError, match="line 1, column 13: a value that has no end"):
            list(walk(text))
        assert text._read_bytes < 6 << 20


def test_a_long_history_is_read_in_pieces(opened: Opener) -> None:
    """However long the history, little of it is held."""
    entry = json.dumps({"operation": "x" * 1000})
    text = opened('{"hosts": {"a": {"history": [' + ",".join([entry] * 20_000) + "]}}}")
    count = 0
    for item in walk(text):
        count += len(item.path) == 4
        assert len(text._text) < 4 << 20
    assert count == 20_000
