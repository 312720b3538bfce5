"""The Python API in real programs under the installed command, and the documents about it."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
from tests.e2e.installed import Installed

DOCUMENT = Path(__file__).parents[2] / "docs" / "python-api.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```$", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def test_operations_of_a_program_stand_in_the_report(installed: Installed) -> None:
    """Name, host, change, failure with its exception, and what each printed, print's buffer
    included: outside of an operation belongs to none."""
    program = (
        "import sys, subprocess, chaos_otel\n"
        "print('before')\n"
        "with chaos_otel.operation('copy', host='web-1') as this:\n"
        "    print('copying'); print('warned', file=sys.stderr)\n"
        "    subprocess.run(['echo', 'below'])\n"
        "    with chaos_otel.operation('inner', host='web-1'): print('deep')\n"
        "    print('copied')\n"
        "    this.changed()\n"
        "print('between')\n"
        "try:\n"
        "    with chaos_otel.operation('migrate'): raise ValueError('locked')\n"
        "except ValueError: pass\n"
        "print('after')\n"
    )
    done = installed.run(sys.executable, "-c", program)
    assert done.returncode == 0
    assert done.stdout == b"before\nbelow\ncopying\ndeep\ncopied\nbetween\nafter\n"
    inner, copy = installed.history("web-1")
    (migrate,) = installed.history()
    assert (inner["operation"], inner["stdout"]) == ("inner", "deep\n")
    assert (copy["operation"], copy["changed"], copy["stderr"]) == ("copy", True, "warned\n")
    assert copy["stdout"] == "below\ncopying\ncopied\n"
    assert (migrate["success"], migrate["stderr"]) == (False, "ValueError: locked")
    outside = [one["text"] for one in installed.records("output") if not one["op"]]
    assert "".join(outside) == "before\nbetween\nafter\n"


def test_many_operations_and_their_output_are_exact(installed: Installed) -> None:
    """Each of 2,000 gets its own line and nothing else, whatever is buffered."""
    program = (
        "import chaos_otel\n"
        "for n in range(2000):\n"
        "    with chaos_otel.operation(f'step {n}'): print('line', n)\n"
        "    print('between')\n"
    )
    installed.run(sys.executable, "-c", program)
    entries = [(one["operation"], one["stdout"]) for one in installed.history()]
    assert entries == [(f"step {n}", f"line {n}\n") for n in range(2000)]


def test_one_file_for_both_outputs_keeps_its_order(installed: Installed) -> None:
    """With stderr going where stdout goes there is one channel, and one mark on it."""
    program = (
        "import sys, chaos_otel\n"
        "with chaos_otel.operation('both'):\n"
        "    print('out', flush=True); print('err', file=sys.stderr)\n"
        "print('after')\n"
    )
    command = [installed.command, "run", "--", sys.executable, "-c", program]
    done = installed.bare("sh", "-c", '"$@" 2>&1', "sh", *command)
    assert b"out\nerr\nafter\n" in done.stdout
    (entry,) = installed.history()
    assert (entry["stdout"], entry["stderr"]) == ("out\nerr\n", "")


def test_a_redirected_output_gets_no_mark(installed: Installed) -> None:
    """Marks are only for what capture takes them out of."""
    program = "import chaos_otel\nwith chaos_otel.operation('x'): print('hi')\n"
    installed.run("sh", "-c", '"$@" >out.txt', "sh", sys.executable, "-c", program)
    assert (installed.cwd / "out.txt").read_bytes() == b"hi\n"


def test_shell_and_python_steps_are_children_of_one_another(installed: Installed) -> None:
    """A program that a shell step starts is inside of it, and a script that it starts is inside
    of its operation."""
    library = installed.call("shell-lib").stdout.decode().strip()
    script = installed.script(f'. "{library}"\ntelemetry_step inner -- echo deep\n', "inner.sh")
    program = (
        "import subprocess, chaos_otel\n"
        "with chaos_otel.operation('middle'):\n"
        f"    subprocess.run(['sh', {script!r}], check=True)\n"
    )
    python = installed.script(f"#!{sys.executable}\n{program}", "middle.py")
    outer = installed.script(f'. "{library}"\ntelemetry_step outer -- {python}\n', "outer.sh")
    installed.run("sh", outer)
    started = {one["name"]: one for one in installed.records("operation.started")}
    process = installed.records("process.started")[0]["span_id"]
    assert started["outer"].get("parent", "") in ("", process)
    assert started["middle"]["parent"] == started["outer"]["op"]
    assert started["inner"]["parent"] == started["middle"]["op"]


@pytest.mark.parametrize("number", range(len(SNIPPETS)))
def test_every_snippet_of_the_document_runs(installed: Installed, number: int) -> None:
    """Each is a whole program: it ends with status 0, alone and under the command, and its
    operations stand in the report."""
    path = installed.script(SNIPPETS[number], "program.py")
    bare = installed.bare(sys.executable, path)
    assert bare.returncode == 0, bare.stderr
    done = installed.run(sys.executable, path)
    assert (done.returncode, done.stdout) == (0, bare.stdout), done.stderr
    named = set(re.findall(r'operation\(\s*"([^"{]+)"', SNIPPETS[number]))
    history = [one for host in installed.report()["hosts"].values() for one in host["history"]]
    assert named <= {one["operation"] for one in history}


def test_the_document_has_snippets() -> None:
    """Or the test above would prove nothing."""
    assert len(SNIPPETS) >= 4
