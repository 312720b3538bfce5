"""`chaos-otel run -- pyinfra …` with pyinfra from PyPI: one operation per host and task."""

from __future__ import annotations

import json
import re

import pytest
from tests.e2e.pyinfra_runs import Pyinfra, answered, recap

HELLO = """
from pyinfra.operations import server
server.shell(name="Say hello", commands=["echo hello; echo oops >&2"])
"""
MIXED = """
from io import StringIO
from pyinfra import host
from pyinfra.operations import files, python, server

server.shell(name="Say hello", commands=["echo hello; echo oops >&2"])
for time in ("first", "second"):
    files.put(name=f"Put the {time} time", src=StringIO("text"), dest="there.txt")
def inner():
    server.shell(name="Inner", commands=["echo nested"])
python.call(name="Outer", function=inner)
server.shell(name="Ignored", commands=["echo why >&2; exit 3"], _ignore_errors=True)
server.shell(commands=["true"])
"""
SOME_FAIL = """
from pyinfra import host
from pyinfra.operations import server

server.shell(name="All", commands=["echo all"])
server.shell(name=f"Named after {host.name}", commands=["true"])
if host.name in ("@local", "@fake/b"):
    server.shell(name="Some", commands=["exit 9"])
server.shell(name="Last", commands=["true"])
"""
RAISES = """
from pyinfra.api import operation
from pyinfra.operations import server

@operation()
def explode(what):
    yield "echo one"
    raise RuntimeError("exploded")

server.shell(name="Fine", commands=["true"])
explode(name="Explodes", what="x")
"""
FLAKY = """
from pyinfra.operations import server
server.shell(
    name="Flaky", commands=["echo x >>tries; echo try $(wc -l <tries); test $(wc -l <tries) = 3"],
    _retries=4, _retry_delay=0,
)
server.shell(name="Hopeless", commands=["false"], _retries=1, _retry_delay=0, _ignore_errors=True)
"""
SECRETS = """
from pyinfra.operations import server
server.shell(
    name="With token=t0p-s3cret-name",
    commands=["echo password=t0p-s3cret-out", "mysql -pt0p-s3cret-arg --version || true"],
    _env={"DB_PASSWORD": "t0p-s3cret-env"},
)
"""
HOSTS = "@fake/a,@fake/b,@fake/c,@local"


def test_each_operation_is_recorded_as_pyinfra_counts_it(pyinfra: Pyinfra) -> None:
    """Name, changed, success, output; nested ones inside; an ignored failure is a failure."""
    done = pyinfra.run("@local", pyinfra.file(MIXED), "-y")
    assert done.returncode == 0, done.stderr
    assert pyinfra.operations() == [
        ("Say hello", True, True),
        ("Put the first time", True, True),
        ("Put the second time", False, True),
        ("Inner", True, True),
        ("Outer", True, True),
        ("Ignored", False, False),
        ("server.shell", True, True),
    ]
    assert pyinfra.reported() == recap(done.stderr)
    hello, *_, ignored, _ = pyinfra.history()
    assert (hello["stdout"], hello["stderr"], ignored["stderr"]) == ("hello", "oops", "why")
    assert pyinfra.chaos.call("report", "validate", "chaos_report.json").returncode == 0


def test_a_nested_operation_stands_below_its_own(pyinfra: Pyinfra) -> None:
    """Its parent is the operation that called it, and its time is not counted twice."""
    pyinfra.run("@local", pyinfra.file(MIXED), "-y")
    started = {one["name"]: one for one in pyinfra.chaos.records("operation.started")}
    assert started["Inner"]["parent"] == started["Outer"]["op"]
    process = pyinfra.chaos.records("process.started")[0]["span_id"]
    assert {one["parent"] for name, one in started.items() if name != "Inner"} == {process}
    host = pyinfra.report()["hosts"]["@local"]
    durations = {entry["operation"]: entry["duration"] for entry in host["history"]}
    assert durations["Inner"] <= durations["Outer"]
    assert host["duration"] == pytest.approx(sum(durations.values()) - durations["Inner"], abs=1e-3)


@pytest.mark.parametrize("deploy", [MIXED, RAISES], ids=["mixed", "raises"])
def test_pyinfra_prints_what_it_prints_without_us(pyinfra: Pyinfra, deploy: str) -> None:
    """Byte for byte, tracebacks included: no frame of ours is in them."""
    file = pyinfra.file(deploy)
    bare = pyinfra.bare("@local", file, "-y")
    (pyinfra.chaos.cwd / "there.txt").unlink(missing_ok=True)
    ours = pyinfra.run("@local", file, "-y")
    assert ours.returncode == bare.returncode
    assert ours.stdout == bare.stdout
    assert _timeless(ours.stderr) == _timeless(bare.stderr)


def _timeless(output: bytes) -> str:
    """Without addresses and times of day, which differ from run to run."""
    text = re.sub(r"0x[0-9a-f]+", "0x", output.decode())
    return re.sub(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME", text)


def test_operations_keep_their_hashes(pyinfra: Pyinfra) -> None:
    """pyinfra makes them from its call stack, where nothing of ours stands; we use them whole."""
    file = pyinfra.file(MIXED)
    bare, ours = (call("@local", file, "-y", "--debug") for call in (pyinfra.bare, pyinfra.run))
    hashes = re.findall(rb"opHash=(\S+)", bare.stderr)
    assert hashes and hashes == re.findall(rb"opHash=(\S+)", ours.stderr)
    recorded = pyinfra.chaos.records("operation.started")
    assert {one["attributes"]["pyinfra.hash"].encode() for one in recorded} == set(hashes)


def test_an_exception_in_an_operation_is_its_failure(pyinfra: Pyinfra) -> None:
    """pyinfra calls nobody back then; its type and text stand where stderr is empty."""
    done = pyinfra.run("@local", pyinfra.file(RAISES), "-y")
    assert done.returncode == 1
    assert pyinfra.operations() == [("Fine", True, True), ("Explodes", False, False)]
    assert pyinfra.history()[1]["stderr"] == "RuntimeError: exploded"


def test_ctrl_c_marks_the_run_though_pyinfra_exits_with_0(pyinfra: Pyinfra) -> None:
    """The run counts as interrupted, what had ended by then as done. (Whether the operation that
    is under way may end, is pyinfra's affair: 3.10 lets it.)"""
    command = "kill -INT $(cat pid); sleep 2"
    file = pyinfra.file(HELLO + f'server.shell(name="Sleeps", commands=["{command}"])\n')
    script = pyinfra.chaos.script(f'#!/bin/sh\necho $$ >pid\nexec {pyinfra.command} "$@"\n')
    done = answered(lambda: pyinfra.chaos.run(script, "@local", file, "-y"))
    assert (done.returncode, done.stdout) == (0, b"Exiting upon user request!\n")
    assert b"chaos-otel: failure" in done.stderr
    assert pyinfra.report()["summary"]["status"] == "failure"
    assert pyinfra.operations()[0] == ("Say hello", True, True)
    assert [one["reason"] for one in pyinfra.chaos.records("interrupted")]


@pytest.mark.parametrize("options", [(), ("--parallel", "1"), ("--no-wait",)], ids=" ".join)
def test_every_host_has_its_own_operations(newest: Pyinfra, options: tuple[str, ...]) -> None:
    """Totals are those of the recap, which counts as errors what a failed host did not come to."""
    done = newest.run(HOSTS, newest.file(SOME_FAIL), "-y", *options)
    assert newest.reported() == recap(done.stderr)
    for host in HOSTS.split(","):
        names = [name for name, _, _ in newest.operations(host)]
        some = ["Some"] if host in ("@local", "@fake/b") else []
        assert names == ["All", f"Named after {host}", *some, "Last"]
    failed = [name for name, _, success in newest.operations() if not success]
    assert failed == ["Some", "Last"]
    assert newest.history()[-1]["stderr"].startswith("not run: ")
    assert newest.history()[-1]["duration"] == 0.0


def test_serial_hosts_one_by_one(newest: Pyinfra) -> None:
    """A host is through before the next begins."""
    done = newest.run("@fake/a,@fake/b", newest.file(HELLO + HELLO), "-y", "--serial")
    assert newest.reported() == recap(done.stderr)
    hosts = [one["host"] for one in newest.chaos.records("operation.started")]
    assert hosts in (["@fake/a"] * 2 + ["@fake/b"] * 2, ["@fake/b"] * 2 + ["@fake/a"] * 2)


def test_retries_are_counted(newest: Pyinfra) -> None:
    """Tries, those allowed, and whether the last one went well; the output is the last one's."""
    done = newest.run("@local", newest.file(FLAKY), "-y")
    assert done.returncode == 0, done.stderr
    flaky, hopeless = newest.history()
    assert flaky["stdout"] == "try 3"
    found = [entry["retry_statistics"]["retry_info"] for entry in (flaky, hopeless)]
    assert [tuple(one.values()) for one in found] == [(2, 4, True, True), (1, 1, True, False)]
    retried = [one["message"] for one in newest.chaos.records("event")]
    assert retried == ["retry 1 of 4", "retry 2 of 4", "retry 1 of 1"]


def test_a_host_that_cannot_be_reached_is_an_event(newest: Pyinfra) -> None:
    """As in the recap, it has no operation; the run has failed, and says which host it was."""
    newest.chaos.env["SSH_AUTH_SOCK"] = ""
    inventory = newest.file('hosts = ["@local", ("nowhere.invalid", {"ssh_port": 1})]', "inv.py")
    done = newest.run(inventory, newest.file(HELLO), "-y")
    assert done.returncode == 1
    assert newest.reported() == recap(done.stderr)
    (event,) = newest.chaos.records("event")
    assert event["attributes"]["server.address"] == "nowhere.invalid"
    assert newest.report()["summary"]["status"] == "failure"


def test_secrets_in_operations_are_not_recorded(pyinfra: Pyinfra) -> None:
    """Global arguments stay out; arguments, names and outputs go through the redactor."""
    pyinfra.run("@local", pyinfra.file(SECRETS), "-y")
    (started,) = pyinfra.chaos.records("operation.started")
    assert started["attributes"]["pyinfra.function"] == "pyinfra.operations.server.shell"
    assert "mysql" in started["attributes"]["pyinfra.argument.commands"]
    journal = pyinfra.chaos.journals()[-1].read_text()
    assert "t0p-s3cret" not in journal + json.dumps(pyinfra.report())


def test_long_output_is_kept_within_the_limit(newest: Pyinfra) -> None:
    """Head and tail, what is missing counted, as for output that is captured."""
    file = newest.file(
        "from pyinfra.operations import server\n"
        'server.shell(name="Long", commands=["seq 1 300000"])\n'
    )
    newest.run("@local", file, "-y")
    text = newest.history()[0]["stdout"]
    assert text.startswith("1\n2\n") and text.endswith("\n300000")
    assert "bytes left out" in text and len(text) < 70_000
