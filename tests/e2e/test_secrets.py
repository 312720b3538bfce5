"""Planted secrets: none of them is in any byte that a run leaves behind."""

from __future__ import annotations

import json
import os
import shlex
import sys
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, wait_for
from tests.privacy.corpus import CANARIES, ENVIRONMENT, VALUE_FROM, Canary

# Runs below the wrapper: says and prints every canary of the file that it is given, at its place.
SPEAKER = """
import json, os, sys
from chaos_otel.emit import lines
inbox = os.environ["CHAOS_OTEL_INBOX"]
for number, (place, text) in enumerate(json.load(open(sys.argv[1]))):
    op = "%016x" % (number + 1)
    if place == "stdout":
        print(text, flush=True)
    elif place == "stderr":
        print(text, file=sys.stderr, flush=True)
    elif place == "step":
        lines.append(inbox, lines.encode("S", op, "", "", text))
        lines.append(inbox, lines.encode("E", op, "", text, "ok", ""))
    elif place == "message":
        lines.append(inbox, lines.encode("V", "", "", "error", "", text))
    elif place == "url":
        lines.append(inbox, lines.encode("T", "", "endpoint%d" % number, text))
        lines.append(inbox, lines.encode("E", op, "", "fetch", "fail", text))
"""


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own, with secrets in its environment."""
    base = tmp_path / "world"
    base.mkdir()
    installed = Installed(base)
    installed.env |= dict(os.fsdecode(entry).split("=", 1) for entry in ENVIRONMENT)
    installed.env["PATH"] = os.environ["PATH"]
    return installed


def _found(installed: Installed, canaries: list[Canary]) -> list[str]:
    """Every canary that stands in a file below the run's world, and in which."""
    wait_for(lambda: not [one for one in installed.runtime.rglob("*") if one.is_file()])
    world = [path for path in installed.cwd.parent.rglob("*") if path.is_file()]
    contents = {path: path.read_bytes() for path in world}
    return [
        f"{canary.name} in {path.name}"
        for canary in canaries
        for path, content in contents.items()
        if any(part in content or _in_json(part) in content for part in canary.forbidden)
    ]


def _in_json(part: bytes) -> bytes:
    return json.dumps(part.decode("utf-8", "surrogateescape"))[1:-1].encode()


def test_no_canary_of_a_run_s_words_is_ever_written(installed: Installed, tmp_path: Path) -> None:
    """Environment, both outputs, step names, messages, tags and URLs of one run."""
    canaries = [canary for canary in CANARIES if canary.place != "argv"]
    planted = tmp_path / "planted.json"
    planted.write_text(json.dumps([(canary.place, canary.text) for canary in canaries]))
    speaker = tmp_path / "speaker.py"
    speaker.write_text(SPEAKER)
    options = [word for name in VALUE_FROM for word in ("--redact-value-from", name)]
    done = installed.call("run", *options, "--", sys.executable, str(speaker), str(planted))
    assert done.returncode == 0, done.stderr[-500:]
    assert installed.report()["summary"]["total_operations"] > 10
    assert len(canaries) >= 60
    assert _found(installed, canaries) == []


def test_no_canary_of_a_command_line_is_ever_written(installed: Installed, tmp_path: Path) -> None:
    """One run for each command line, the programs being any that succeed."""
    canaries = [canary for canary in CANARIES if canary.place == "argv"]
    programs = tmp_path / "programs"
    programs.mkdir()
    installed.env["PATH"] = f"{programs}:{os.environ['PATH']}"
    for canary in canaries:
        words = shlex.split(canary.text)
        program = programs / words[0].rpartition("/")[2]
        if not program.exists():
            program.symlink_to("/bin/true")
        done = installed.run(program.name, *words[1:])
        assert done.returncode == 0, done.stderr
    assert len(installed.journals()) == len(canaries) > 20
    assert _found(installed, canaries) == []


def test_a_secret_across_the_edge_of_what_is_kept_is_found(installed: Installed) -> None:
    """Split over two writes, and at every offset around the end of the head and the beginning of
    the tail of an output that is cut."""
    secret = "Q7xSplitSecretOfTheEdge0123456789"
    installed.env["EDGE_TOKEN"] = secret
    program = (
        "import os, sys\n"
        "secret = os.environ['EDGE_TOKEN'].encode(); limit = 4096; pad = int(sys.argv[1])\n"
        "out = sys.stdout.buffer\n"
        "out.write(b'x' * (limit // 2 - pad)); out.flush()\n"
        "out.write(secret[:9]); out.flush(); out.write(secret[9:] + b'\\n')\n"
        "out.write(b'y\\n' * 40000 + b'z' * 7 + secret)\n"
        "out.write(b'w' * (limit // 2 - pad)); out.flush()\n"
    )
    halves = (secret[:12].encode(), secret[-12:].encode())
    canary = Canary("edge", "stdout", "", (secret.encode(), *halves))
    for pad in (0, 1, 8, 16, 32, 33, 34, 60):
        words = ["run", "-q", "--output-limit", "4096", "--", sys.executable, "-c", program]
        assert installed.call(*words, str(pad)).returncode == 0
    assert _found(installed, [canary]) == []
