"""`chaos-otel report`: what is printed, where, with which status."""

from __future__ import annotations

import json
import os
import pty
import subprocess
from pathlib import Path
from typing import Any

import pytest

from .conftest import COMMAND, Caller

_PAGE = Path(__file__).parents[2] / "docs" / "report-format.md"


@pytest.fixture
def document(call: Caller) -> dict[str, Any]:
    """The documented report, which also lies in the project's folder."""
    text = _PAGE.read_text().partition("```json\n")[2].partition("```")[0].rstrip("\n")
    (call.project / "chaos_report.json").write_text(text)
    document: dict[str, Any] = json.loads(text)
    return document


def write(call: Caller, document: dict[str, Any], name: str = "chaos_report.json") -> None:
    (call.project / name).write_text(json.dumps(document, indent=4))


def on_a_terminal(call: Caller, *words: str, **variables: str) -> str:
    """What a terminal gets to see."""
    ours, theirs = pty.openpty()
    environment = {**call.variables, "TERM": "xterm-256color", **variables}
    process = subprocess.Popen(
        [COMMAND, *words], cwd=call.project, env=environment, stdout=theirs, stderr=theirs
    )
    os.close(theirs)
    data = b""
    try:
        while more := os.read(ours, 65536):
            data += more
    except OSError:  # EIO: the other end is closed
        pass
    os.close(ours)
    assert process.wait(60) == 0
    return data.decode()


def test_show(call: Caller, document: dict[str, Any]) -> None:
    """The report of this folder: the whole, then each host, failures first with their stderr."""
    done = call("report", "show")
    assert (done.returncode, done.stderr) == (0, "")
    lines = [" ".join(line.split()) for line in done.stdout.splitlines()]
    assert lines[0] == "failure in 3.5 s: 2 operations, 1 changed, 1 failed"
    assert "@local 2 operations, 1 changed, 1 failed, 3.5 s" in lines
    copy = lines.index("FAILED copy 2 2.3 s")
    assert lines[copy + 1] == "no route to host"
    assert lines[copy + 2] == "ok build changed 1.2 s"


def test_show_another_file_and_limit(call: Caller, document: dict[str, Any]) -> None:
    """FILE may be any; what the limit leaves out is said."""
    os.rename(call.project / "chaos_report.json", call.project / "old.json")
    done = call("report", "show", "old.json", "--limit", "1")
    assert "FAILED" in done.stdout
    assert "build" not in done.stdout
    assert "… and 1 more (--limit)" in done.stdout


def test_colours_only_on_a_terminal(call: Caller, document: dict[str, Any]) -> None:
    """Colours where somebody sees them, unless NO_COLOR or a dumb terminal; never in a pipe."""
    assert "\x1b[" in on_a_terminal(call, "report", "show")
    assert "\x1b[" not in on_a_terminal(call, "report", "show", NO_COLOR="1")
    assert "\x1b[" not in on_a_terminal(call, "report", "show", TERM="dumb")
    assert "\x1b[" not in call("report", "show", FORCE_COLOR="1", TERM="xterm").stdout


def test_what_steers_a_terminal_is_written_out(call: Caller, document: dict[str, Any]) -> None:
    """A report of somebody else cannot reach the terminal of who looks at it."""
    evil = "\x1b]0;title\x07\x9b31m\r\x08[bold]é"
    entry = document["hosts"]["@local"]["history"][1]
    entry["operation"] = entry["stderr"] = evil
    document["hosts"][evil] = document["hosts"]["@local"]
    write(call, document)
    for shown in (call("report", "show").stdout, on_a_terminal(call, "report", "show")):
        assert "\x1b]" not in shown
        assert not set("\x07\x9b\x08") & set(shown)
        assert r"\x1b]0;title\x07" in shown
        assert "[bold]é" in shown


def test_a_narrow_locale(call: Caller, document: dict[str, Any]) -> None:
    """What the locale's encoding does not have is written out, not an error."""
    document["hosts"]["@local"]["history"][1]["operation"] = "déploy \ud800 🎉"
    write(call, document)
    done = call("report", "show", PYTHONIOENCODING="latin-1")
    assert (done.returncode, done.stderr) == (0, "")
    done = call("report", "validate", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stderr) == (0, "")


def test_validate_what_is_fine(call: Caller, document: dict[str, Any]) -> None:
    """Exit 0, and what was looked at."""
    done = call("report", "validate")
    assert done.stdout == "chaos_report.json: fine, 2 operations on 1 host\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_validate_names_the_place(call: Caller, document: dict[str, Any]) -> None:
    """Exit 1, each departure on a line of stdout."""
    info = document["hosts"]["@local"]["history"][1]["retry_statistics"]["retry_info"]
    info["was_retried"] = "yes"
    document["extra"] = 1
    write(call, document)
    done = call("report", "validate")
    assert done.returncode == 1
    assert done.stdout.splitlines() == [
        'hosts."@local".history[1].retry_statistics.retry_info.was_retried: '
        'is "yes", not true or false',
        "extra: is no key of the layout",
    ]


def test_validate_a_hopeless_report(call: Caller, document: dict[str, Any]) -> None:
    """The first hundred findings stand for all, and the rest is counted."""
    document["hosts"]["@local"]["history"] = [None] * 1000
    write(call, document)
    done = call("report", "validate")
    lines = done.stdout.splitlines()
    assert done.returncode == 1
    assert len(lines) == 101
    assert lines[-1].startswith("… and 9")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"hello\n", "line 1, column 1"),
        (b'{\n  "summary": {,\n', "line 2, column 15"),
        (b"\x1f\x8b\x08\x00\x00", "no UTF-8 text (byte 1)"),
        (b"\0" * 1000, "line 1, column 1"),
        (b'{"summary": "' + b"x" * 10_000_000, "line 1, column 13"),
    ],
    ids=["empty", "text", "broken", "gzip", "NUL", "10 MB line"],
)
@pytest.mark.parametrize("command", ["show", "validate"])
def test_what_is_no_json(call: Caller, content: bytes, said: str, command: str) -> None:
    """One clear line on stderr with the place, exit 1, no traceback."""
    (call.project / "chaos_report.json").write_bytes(content)
    done = call("report", command)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("chaos-otel: chaos_report.json ")
    assert done.stderr.count("\n") == 1
    assert said in done.stderr


@pytest.mark.parametrize("command", ["show", "validate"])
def test_what_cannot_be_opened(call: Caller, command: str) -> None:
    """A missing file is wrong usage: exit 2 and how to get a report; a folder is no report."""
    done = call("report", command)
    assert (done.returncode, done.stdout) == (2, "")
    assert "cannot open chaos_report.json" in done.stderr
    assert "chaos-otel run" in done.stderr
    done = call("report", command, ".")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is a directory" in done.stderr


def test_reader_that_goes_away(call: Caller, document: dict[str, Any]) -> None:
    """`| head -1` ends it without a word."""
    document["hosts"]["@local"]["history"] *= 20_000
    write(call, document)
    script = f"{COMMAND} report show --limit 40000 | head -1"
    done = call.run(["bash", "-c", script])
    assert done.stdout.startswith("failure in")
    assert done.stderr == ""


def test_closed_stdout(call: Caller, document: dict[str, Any]) -> None:
    """Without a stdout there is no traceback either."""
    for command in ("show", "validate"):
        done = call.run(["bash", "-c", f"{COMMAND} report {command} >&-"])
        assert "Traceback" not in done.stderr


@pytest.mark.parametrize("words", [["report"], ["report", "show"], ["report", "validate"]])
def test_help_teaches_by_examples(call: Caller, words: list[str]) -> None:
    """Each command's help shows how it is called."""
    done = call(*words, "--help")
    assert done.returncode == 0
    assert "Examples:" in done.stdout
    assert done.stdout.count("chaos-otel report") >= 2
