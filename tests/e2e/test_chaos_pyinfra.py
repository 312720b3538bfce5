"""A program runs real pyinfra, and prints, as Ch-aOS does: told twice, counted once."""

from __future__ import annotations

import pytest
from tests.e2e.installed import Installed
from tests.e2e.pyinfra_runs import NEWEST
from tests.e2e.tool_venv import tool_venv

# pyinfra calls back before an operation is complete: what is printed here knows no output
PROGRAM = """
import json, sys, time
from pyinfra.api import BaseStateCallback, Config, Inventory, State
from pyinfra.api.connect import connect_all
from pyinfra.api.operation import add_op
from pyinfra.api.operations import run_ops
from pyinfra.context import ctx_state
from pyinfra.operations import server

first = sys.argv[1] == "first"
report = {}

def tell(state, host, op_hash, success):
    (name,) = state.get_op_meta(op_hash).names
    line = {"type": "progress", "host": host.name, "operation": name, "changed": success,
            "success": success}
    output = {"stdout": "", "stderr": "" if success else "Operation Failed."}
    if first:
        line |= {"retry_count": 0, "duration": 0.0, "logs": {}}
        statistics = output | {"retry_attempts": 0, "max_retries": 0, "retry_info": None}
        entry = {"operation": name, "changed": success, "success": success, "duration": 0.25}
        entry |= output | {"retry_statistics": statistics}
        report.setdefault(host.name, {"history": []})["history"].append(entry)
    else:
        meta = {"executed": False, "maybe_change": True, "hash": "=" + op_hash}
        line |= {"duration": 0.25, "timestamp": time.time(), "logs": output, "diff": "",
                 "operation_arguments": {"operation_meta": meta, "parent_op_hash": None},
                 "retry_statistics": {}}
    print("CHAOS_EVENT::" + json.dumps(line), flush=True)

class Telemetry(BaseStateCallback):
    @staticmethod
    def operation_host_success(state, host, op_hash, retry_count=0):
        tell(state, host, op_hash, True)

    @staticmethod
    def operation_host_error(state, host, op_hash, retry_count=0, max_retries=0):
        tell(state, host, op_hash, False)

state = State(Inventory((["@local", "@fake/web1"], {})), Config())
state.add_callback_handler(Telemetry())
with ctx_state.use(state):
    connect_all(state)
    for name in ("Say one", "Say two"):
        add_op(state, server.shell, name=name, commands=["echo " + name])
    why = ["echo why >&2; exit 3"]
    local = state.inventory.get_host("@local")
    add_op(state, server.shell, name="Fails", commands=why, _ignore_errors=True, host=local)
    run_ops(state)
if first:
    print("CHAOS_REPORT::" + json.dumps({"summary": {"status": "failure"}, "hosts": report}))
"""


@pytest.fixture(scope="module")
def python() -> str:
    """The Python of an environment with pyinfra."""
    return str(tool_venv(f"pyinfra=={NEWEST}") / "python")


def _names(chaos: Installed, host: str) -> list[str]:
    return [entry["operation"] for entry in chaos.history(host)]


@pytest.mark.parametrize("version", ["0.7", "first"])
def test_the_hook_has_the_truth_and_nothing_is_counted_twice(
    chaos: Installed, python: str, version: str
) -> None:
    """Names, hosts, output from the hook; its duration, not the printed one; each once."""
    chaos.env |= {"PYINFRA_FAKE_DELAY": "0", "PYINFRA_FAKE_DELAY_JITTER": "0"}
    (chaos.cwd / "apply.py").write_text(PROGRAM)
    done = chaos.run(python, "apply.py", version)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(b"CHAOS_EVENT::") == 5
    assert _names(chaos, "@local") == ["Say one", "Say two", "Fails"]
    assert _names(chaos, "@fake/web1") == ["Say one", "Say two"]
    history = chaos.history()
    assert history[0]["stdout"].strip() == "Say one"
    assert (history[2]["stderr"].strip(), history[2]["success"]) == ("why", False)
    assert all(entry["duration"] != 0.25 for entry in history)


@pytest.mark.parametrize("version", ["0.7", "first"])
def test_without_the_hook_the_lines_count(chaos: Installed, python: str, version: str) -> None:
    """`--no-inject`: the operations are there, as they were printed."""
    chaos.env |= {"PYINFRA_FAKE_DELAY": "0", "PYINFRA_FAKE_DELAY_JITTER": "0"}
    (chaos.cwd / "apply.py").write_text(PROGRAM)
    done = chaos.call("run", "--no-inject", "--", python, "apply.py", version)
    assert done.returncode == 0, done.stderr
    assert _names(chaos, "@local") == ["Say one", "Say two", "Fails"]
    assert [entry["duration"] for entry in chaos.history()] == [0.25] * 3
    assert chaos.history()[2]["stderr"] == "Operation Failed."
