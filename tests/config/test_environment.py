"""The environment as the kernel keeps it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.config.environment import Environment

_DUMP = (
    "import os, sys;"
    "from chaos_otel.config.environment import Environment;"
    "os.write(1, b'\\0'.join(Environment.of_process().block))"
)
_NAMES = st.text("ABC", min_size=1, max_size=2)
_ENTRIES = st.lists(st.binary(max_size=6).filter(lambda entry: b"\0" not in entry), max_size=8)


def _started_with(entries: Sequence[bytes]) -> bytes:
    """What a fresh interpreter sees that `execve` gave exactly these entries."""
    names = [entry.partition(b"=")[0] for entry in entries]
    assert len(set(names)) == len(names)
    env = dict(entry.split(b"=", 1) for entry in entries)
    return subprocess.run(
        [sys.executable, "-c", _DUMP], env=env, capture_output=True, check=True
    ).stdout


def test_the_block_is_what_execve_gave() -> None:
    """Order and bytes are the kernel's; what is not UTF-8 stays as it is."""
    entries = [b"ZED=1", b"A=", b"B=x=y", b"LATIN=caf\xe9", b"MULTI=one\ntwo"]
    assert _started_with(entries) == b"\0".join(entries)


def test_what_python_adds_in_the_c_locale_is_not_there() -> None:
    """Python sets LC_CTYPE in its own environment in the C locale; the command must not see it."""
    assert _started_with([b"LC_ALL=", b"LANG=C"]) == b"LC_ALL=\0LANG=C"


def test_an_empty_environment_stays_empty() -> None:
    """`env -i` gives nothing, and nothing is made up."""
    assert _started_with([]) == b""


def test_the_first_entry_of_a_name_wins() -> None:
    """getenv() of the C library takes the first of two entries, so we do."""
    env = Environment.of_block([b"A=1", b"A=2"])
    assert env.get("A") == "1"
    assert env.mapping() == {"A": "1"}


def test_get_tells_unset_from_empty() -> None:
    """An empty value is a value; a name that only begins alike is another."""
    env = Environment.of_block([b"AB=x", b"A="])
    assert env.get("A", "default") == ""
    assert env.get("B", "default") == "default"
    assert env.get("B") is None


def test_values_are_decoded_as_file_names() -> None:
    """Bytes that are not UTF-8 survive the way in and out."""
    env = Environment.of_block([b"A=\xff"])
    assert os.fsencode(env.get("A") or "") == b"\xff"


def test_set_replaces_in_place_and_appends_what_is_new() -> None:
    """The entries that are not ours keep their places, malformed and double ones included."""
    env = Environment.of_block([b"no equals", b"A=1", b"B=1", b"B=2", b"A=2", b"", b"C=3"])
    assert env.with_values({"A": "9", "C": None, "NEW": "n"}) == [
        b"no equals",
        b"A=9",
        b"B=1",
        b"B=2",
        b"",
        b"NEW=n",
    ]


@given(_ENTRIES, st.dictionaries(_NAMES, st.none() | st.text("xyz", max_size=3)))
def test_with_values_changes_nothing_else(
    entries: list[bytes], values: dict[str, str | None]
) -> None:
    """Whatever the block holds: what was named reads as set, all else stands in its order."""
    changed = Environment.of_block(Environment.of_block(entries).with_values(values))
    for name, value in values.items():
        assert changed.get(name) == value
    ours = {name.encode() for name in values}

    def others(block: Sequence[bytes]) -> list[bytes]:
        return [e for e in block if b"=" not in e or e.partition(b"=")[0] not in ours]

    assert others(changed.block) == others(entries)
