"""The file of consents: appended to, private, and readable whatever happened to a line."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.errors import StateError
from chaos_otel.privacy.consent import Change
from chaos_otel.store.consents import FILE, append_consents, read_consents

GRANT = Change(1, "grant", "otlp https://c.example", "command", "9f3c0000deadbeef")
REVOKE = GRANT._replace(at_wall_ns=2, verb="revoke")
HOST = Change(3, "grant", "endpoint https://t.example", "host")


@pytest.fixture
def state(tmp_path: Path) -> str:
    return str(tmp_path / "state")


def test_what_is_appended_is_read_in_order(state: str) -> None:
    """From nothing; each line is JSON of its own."""
    assert read_consents(state) == []
    append_consents(state, [GRANT])
    append_consents(state, [REVOKE, HOST])
    assert read_consents(state) == [GRANT, REVOKE, HOST]
    lines = Path(state, FILE).read_text().splitlines()
    assert json.loads(lines[0]) == {
        "v": 1,
        "at": 1,
        "change": "grant",
        "destination": "otlp https://c.example",
        "said": "command",
        "by": "9f3c0000deadbeef",
    }


def test_nothing_makes_no_file(state: str) -> None:
    """Not even the folder."""
    append_consents(state, [])
    assert not os.path.lexists(state)


def test_it_is_private(state: str) -> None:
    """0600 in a folder of 0700, also where it was open to others."""
    append_consents(state, [GRANT])
    path = Path(state, FILE)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    path.chmod(0o666)
    assert read_consents(state) == [GRANT]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@given(st.integers(0, 200))
def test_a_torn_line_costs_only_itself(tmp_path_factory: pytest.TempPathFactory, cut: int) -> None:
    """Wherever it was torn: what stood before and what comes after are whole."""
    state = str(tmp_path_factory.mktemp("state"))
    append_consents(state, [GRANT])
    first = Path(state, FILE).read_bytes()
    append_consents(state, [REVOKE])
    whole = Path(state, FILE).read_bytes()
    cut = min(cut, len(whole) - len(first) - 1)
    Path(state, FILE).write_bytes(whole[: len(first) + cut])
    append_consents(state, [HOST])
    kept = read_consents(state)
    torn = cut < len(whole) - len(first) - 1
    assert kept == ([GRANT, HOST] if torn else [GRANT, REVOKE, HOST])


@pytest.mark.parametrize(
    "line",
    [
        b"\0\0\0",
        b"\xff\xfe",
        b"5",
        b'"grant"',
        b"[" * 5000,
        b'{"v":2,"at":1,"change":"grant","destination":"d","said":"command","by":""}',
        b'{"v":1,"at":1,"change":"maybe","destination":"d","said":"command","by":""}',
        b'{"v":1,"at":1,"change":["grant"],"destination":"d","said":"command","by":""}',
        b'{"v":1,"at":true,"change":"grant","destination":"d","said":"command","by":""}',
        b'{"v":1,"at":-1,"change":"grant","destination":"d","said":"command","by":""}',
        b'{"v":1,"at":9%s,"change":"grant","destination":"d","said":"command","by":""}'
        % (b"9" * 400),
        b'{"v":1,"at":1,"change":"grant","destination":5,"said":"command","by":""}',
        b'{"v":1,"at":1,"change":"grant","destination":"d","said":"variable","by":""}',
    ],
)
def test_a_line_that_is_no_change_grants_nothing(state: str, line: bytes) -> None:
    """Damage, another version, another's words."""
    append_consents(state, [GRANT])
    with Path(state, FILE).open("ab") as file:
        file.write(line + b"\n")
    append_consents(state, [HOST])
    assert read_consents(state) == [GRANT, HOST]


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_what_is_not_our_file_is_refused(state: str, tmp_path: Path, kind: str) -> None:
    """A StateError with advice; nothing of somebody else's is read or written."""
    os.mkdir(state, 0o700)
    path, target = Path(state, FILE), tmp_path / "target"
    target.write_text("")
    if kind == "link":
        path.symlink_to(target)
    elif kind == "folder":
        path.mkdir()
    else:
        os.mkfifo(path)
    with pytest.raises(StateError):
        read_consents(state)
    with pytest.raises(StateError):
        append_consents(state, [GRANT])
    assert target.read_text() == ""


def _append_many(state: str, name: int) -> None:
    for number in range(50):
        append_consents(state, [GRANT._replace(at_wall_ns=number, by=str(name))])


def test_many_writers_lose_nothing(state: str) -> None:
    """Each line is one, whoever else writes."""
    writers = [
        multiprocessing.get_context("spawn").Process(target=_append_many, args=(state, name))
        for name in range(4)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    found = read_consents(state)
    for name in range(4):
        assert [one.at_wall_ns for one in found if one.by == str(name)] == list(range(50))
