"""The ways in which pyinfra is started, those where our hook is kept out included."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from tests.e2e.pyinfra_runs import Pyinfra, answered

HELLO = """
from pyinfra.operations import server
server.shell(name="Say hello", commands=["echo hello; echo oops >&2"])
"""
PROGRAM = """
from gevent import monkey
monkey.patch_all()
from pyinfra.api import Config, Inventory, State
from pyinfra.api.connect import connect_all
from pyinfra.api.operation import add_op
from pyinfra.api.operations import run_ops
from pyinfra.operations import server

state = State(Inventory((["@local"], {})), Config())
connect_all(state)
add_op(state, server.shell, name="Say hello", commands=["echo hello"])
run_ops(state)
"""


def test_a_dry_run_runs_nothing(newest: Pyinfra) -> None:
    """The command itself is the one operation then."""
    done = newest.run("@local", newest.file(HELLO), "--dry")
    assert done.returncode == 0
    assert newest.operations() == [("pyinfra", False, True)]


def test_a_command_is_an_operation_too(newest: Pyinfra) -> None:
    """`exec`."""
    newest.run("@local", "exec", "--", "echo", "hi")
    assert newest.operations() == [("server.shell", True, True)]
    assert newest.history()[0]["stdout"] == "hi"


def test_pyinfra_is_found_wherever_it_is_started(pyinfra: Pyinfra) -> None:
    """By a Python, from a shell script, from a program in another Python."""
    file = pyinfra.file(HELLO)
    words = f"{pyinfra.python} {pyinfra.command} @local {file} -y"
    script = pyinfra.chaos.script(f"#!/bin/sh\n{words} 2>/dev/null\necho done\n")
    program = f"import subprocess; subprocess.run({words.split()!r})"
    for command in (words.split(), [script], ["python3", "-c", program]):
        assert pyinfra.chaos.call("run", "--quiet", "--", *command).returncode == 0
        assert pyinfra.operations() == [("Say hello", True, True)]


def test_a_program_that_uses_pyinfra(pyinfra: Pyinfra) -> None:
    """Its API, without the command line."""
    pyinfra.file(PROGRAM, "program.py")
    done = pyinfra.chaos.run(pyinfra.python, "program.py")
    assert done.returncode == 0, done.stderr
    assert pyinfra.operations() == [("Say hello", True, True)]


def test_operations_stand_below_the_step_that_started_pyinfra(newest: Pyinfra) -> None:
    """And the step's time, which is theirs too, is not counted twice."""
    words = f"{newest.command} @local {newest.file(HELLO)} -y"
    library = newest.chaos.call("shell-lib").stdout.decode().strip()
    script = f'#!/bin/bash\n. "{library}"\ntelemetry_step "Deploy" -- {words}\n'
    newest.chaos.run(newest.chaos.script(script))
    deploy, hello = newest.chaos.records("operation.started")
    assert (deploy["name"], hello["name"], hello["parent"]) == ("Deploy", "Say hello", deploy["op"])
    host = newest.report()["hosts"]["@local"]
    durations = {entry["operation"]: entry["duration"] for entry in host["history"]}
    assert host["duration"] == durations["Deploy"]


def test_pyinfra_as_a_module(newest: Pyinfra) -> None:
    """`python -m pyinfra`, which older versions do not stand themselves."""
    command = [newest.python, "-m", "pyinfra", "@local", newest.file(HELLO), "-y"]
    assert newest.chaos.run(*command).returncode == 0
    assert newest.operations() == [("Say hello", True, True)]


def test_what_an_operation_starts_does_not_inherit_us(pyinfra: Pyinfra) -> None:
    """PYTHONPATH is what it was: unset, empty or anything."""
    variables = "${PYTHONPATH-unset}/${CHAOS_OTEL_PYTHONPATH-unset}"
    show = f'server.shell(name="Show", commands=["echo {variables}"])'
    file = pyinfra.file("from pyinfra.operations import server\n" + show)
    for before, expected in ((None, "unset"), ("", ""), ("/some:/where", "/some:/where")):
        pyinfra.chaos.env.pop("PYTHONPATH", None)
        if before is not None:
            pyinfra.chaos.env["PYTHONPATH"] = before
        pyinfra.run("@local", file, "-y")
        assert pyinfra.history()[0]["stdout"] == f"{expected}/unset"


def test_where_the_hook_cannot_load_one_line_says_so(newest: Pyinfra) -> None:
    """Also of a pyinfra in the middle of a script; and nothing where the user wanted no hook."""
    file = newest.file(HELLO + 'server.shell(name="Slow", commands=["sleep 2"])\n')
    isolated = [newest.python, "-I", "-m", "pyinfra", "@local", file, "-y"]
    inside = ["sh", "-c", 'env -i PATH="$PATH" "$@"; true', "sh", newest.command, *isolated[4:]]
    for command in (isolated, inside):
        done = answered(partial(newest.chaos.run, *command))
        lines = [line for line in done.stderr.splitlines() if b"pyinfra-hook" in line]
        assert len(lines) == 1 and lines[0].startswith(b"chaos-otel: ")
    done = newest.chaos.call("run", "--no-inject", "--", *isolated)
    assert b"pyinfra-hook" not in done.stderr


def test_the_hook_file_does_what_the_hook_does(pyinfra: Pyinfra) -> None:
    """Given in front of the deploy, for several hosts or one; twice is as good as once."""
    hook = pyinfra.chaos.call("pyinfra-hook").stdout.decode().strip()
    assert Path(hook).name == "hook.py"
    words = (pyinfra.command, "@local", hook, hook, pyinfra.file(HELLO), "-y")
    for isolated in (("-I",), ()):
        done = pyinfra.chaos.run(pyinfra.python, *isolated, *words)
        assert done.returncode == 0 and b"pyinfra-hook" not in done.stderr
        assert pyinfra.operations() == [("Say hello", True, True)]
    assert pyinfra.chaos.bare(pyinfra.python, *words).returncode == 0
