"""`chaos-otel run` from end to end: what it writes, what it says, what it hands on."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from tests.e2e.installed import Installed, wait_for
from tests.e2e.steps import step


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def test_a_command_without_steps_is_itself_the_one_operation(installed: Installed) -> None:
    """Its name, result and both outputs stand in the report."""
    done = installed.run("sh", "-c", "echo out; echo err >&2; exit 7")
    assert (done.returncode, done.stdout) == (7, b"out\n")
    assert done.stderr.startswith(b"err\n")
    (entry,) = installed.history()
    assert (entry["operation"], entry["success"]) == ("sh", False)
    assert (entry["stdout"], entry["stderr"]) == ("out\n", "err\n")
    assert installed.report()["summary"]["status"] == "failure"


def test_steps_stand_in_the_report_in_order_with_their_own_output(installed: Installed) -> None:
    """Output belongs to the step that printed it; what is printed outside belongs to none."""
    script = installed.script(
        "\n".join(
            (
                "#!/bin/sh",
                "echo before",
                step(1, "echo one; echo uno >&2"),
                "echo between",
                step(2, "echo two", result="fail"),
                "echo after",
            )
        )
    )
    done = installed.run(script)
    assert done.stdout == b"before\none\nbetween\ntwo\nafter\n"
    entries = [
        (one["operation"], one["success"], one["stdout"], one["stderr"])
        for one in installed.history()
    ]
    assert entries == [("step 1", True, "one\n", "uno\n"), ("step 2", False, "two\n", "")]
    outside = [one["text"] for one in installed.records("output") if not one["op"]]
    assert "".join(outside) == "before\nbetween\nafter\n"


def test_the_report_is_private_and_nothing_is_left_in_memory(installed: Installed) -> None:
    """0600, and the raw inbox goes with the run."""
    installed.run("true")
    assert (installed.cwd / "chaos_report.json").stat().st_mode & 0o777 == 0o600
    wait_for(lambda: not [one for one in installed.runtime.rglob("*") if one.is_file()])


def test_the_summary_says_what_happened_on_stderr(installed: Installed) -> None:
    """Result, operations by outcome, where the report is; no colour where there is no terminal."""
    done = installed.run(installed.script("#!/bin/sh\n" + step(1, ":") + "\n" + step(2, ":")))
    text = done.stderr.decode()
    assert done.stdout == b""
    assert re.search(r"^chaos-otel: success  deploy.sh  in ", text, re.MULTILINE)
    assert "2 in all, 2 ok" in text
    assert str(installed.cwd / "chaos_report.json") in text
    assert "\x1b" not in text


def test_quiet_says_nothing_and_no_report_writes_none(installed: Installed) -> None:
    """Both options do what they are called."""
    done = installed.call("run", "--quiet", "--no-report", "--", "sh", "-c", "echo hi")
    assert (done.stdout, done.stderr) == (b"hi\n", b"")
    assert not (installed.cwd / "chaos_report.json").exists()
    assert installed.records("run.ended")[0]["exit_code"] == 0


def test_no_wait_leaves_at_once_and_the_report_follows(installed: Installed) -> None:
    """The report is written by the process that stays."""
    assert installed.call("run", "--no-wait", "--", "true").returncode == 0
    wait_for((installed.cwd / "chaos_report.json").exists)


def test_a_command_that_cannot_start_leaves_no_run_behind(installed: Installed) -> None:
    """127, one line, no report, no journal, nothing in memory."""
    done = installed.run("no-such-command-anywhere")
    assert done.returncode == 127
    assert done.stderr.count(b"\n") == 1
    assert not (installed.cwd / "chaos_report.json").exists()
    assert installed.journals() == []
    assert [one for one in installed.runtime.rglob("*") if one.is_file()] == []


def test_the_opt_outs_beat_every_flag(installed: Installed) -> None:
    """The command is exec'd: its parent is ours, nothing is recorded, one line says so."""
    for name, value in (
        ("TELEMETRY_ENABLED", "false"),
        ("DO_NOT_TRACK", "1"),
        ("OTEL_SDK_DISABLED", "true"),
    ):
        installed.env[name] = value
        done = installed.call("run", "--report", "r.json", "--", "sh", "-c", "exit 9")
        del installed.env[name]
        assert done.returncode == 9
        assert done.stderr.count(b"\n") == 1 and name.encode() in done.stderr
    assert not installed.state.exists()
    assert not (installed.cwd / "r.json").exists()


def test_an_opt_out_still_keeps_the_timeout(installed: Installed) -> None:
    """`--timeout` is about the command, not about telemetry."""
    installed.env["DO_NOT_TRACK"] = "1"
    done = installed.call("run", "--timeout", "0.3", "--", "sleep", "600")
    assert done.returncode == 124


def test_a_wrapper_in_a_wrapper_is_one_operation_of_one_trace(installed: Installed) -> None:
    """One report, one run; the inner command's output belongs to the inner operation."""
    inner = [installed.command, "run", "--name", "inner", "--", "sh", "-c", "echo deep; exit 4"]
    done = installed.run("sh", "-c", 'echo top; "$@"; echo rc=$?', "sh", *inner)
    assert done.stdout == b"top\ndeep\nrc=4\n"
    (entry,) = installed.history()
    assert (entry["operation"], entry["success"], entry["stdout"]) == ("inner", False, "deep\n")
    assert len(installed.journals()) == 1


def test_the_trace_of_the_caller_is_joined_and_passed_on(installed: Installed) -> None:
    """Same trace id, our process as the parent, state and baggage as they came."""
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    installed.env |= {
        "TRACEPARENT": f" 00-{trace.upper()}-{span}-01 ",
        "TRACESTATE": "vendor=value,other=1",
        "BAGGAGE": "key=value, broken member ,k2=v2;meta=1",
    }
    done = installed.run("sh", "-c", 'echo "$TRACEPARENT|$TRACESTATE|$BAGGAGE"')
    parent, state, baggage = done.stdout.decode().strip().split("|")
    process = installed.records("process.started")[0]["span_id"]
    assert parent == f"00-{trace}-{process}-01"
    assert state == "vendor=value,other=1"
    assert baggage == "key=value,k2=v2;meta=1"
    started = installed.records("run.started")[0]
    assert (started["trace_id"], started["parent_span_id"]) == (trace, span)


def test_a_damaged_trace_context_is_not_passed_on(installed: Installed) -> None:
    """Strict out: a new trace begins, what is malformed is dropped."""
    installed.env |= {"TRACEPARENT": "00-zz-1-1", "TRACESTATE": "a=1", "BAGGAGE": "=,="}
    script = 'echo "$TRACEPARENT|${TRACESTATE-unset}|${BAGGAGE-unset}"'
    parent, state, baggage = installed.run("sh", "-c", script).stdout.decode().strip().split("|")
    assert re.fullmatch(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01", parent)
    assert (state, baggage) == ("unset", "unset")


def test_no_inject_gives_the_command_the_trace_context_alone(installed: Installed) -> None:
    """No variable with our name."""
    done = installed.call("run", "--no-inject", "--", "env")
    names = {line.partition(b"=")[0] for line in done.stdout.splitlines()}
    assert b"TRACEPARENT" in names
    added = names - {name.encode() for name in installed.env} - {b"PWD", b"_", b"SHLVL"}
    assert added == {b"TRACEPARENT"}


def test_what_is_said_of_the_run_is_recorded(installed: Installed) -> None:
    """Name, version, environment, tags, working folder, argv, host and a pseudonym of the user."""
    installed.call(
        "run", "--name", "api", "--script-version", "v2", "--environment", "staging",
        "--tag", "region=eu", "--", "sh", "-c", ":", "word",
    )  # fmt: skip
    started = installed.records("run.started")[0]
    assert (started["name"], started["version"]) == ("api", "v2")
    assert (started["environment"], started["tags"]) == ("staging", {"region": "eu"})
    assert (started["cwd"], started["argv"]) == (str(installed.cwd), ["sh", "-c", ":", "word"])
    assert started["attributes"]["host.name"]
    assert re.fullmatch(r"[0-9a-f]{16}", started["attributes"]["user.hash"])


def test_the_limit_keeps_head_and_tail_and_says_what_is_missing(installed: Installed) -> None:
    """The command's own output is whole; the report has both ends and the count in between."""
    script = 'i=0; while [ $i -lt 5000 ]; do echo "line $i"; i=$((i+1)); done'
    whole = installed.bare("sh", "-c", script).stdout
    done = installed.call("run", "--output-limit", "1000", "--", "sh", "-c", script)
    assert done.stdout == whole
    kept = installed.history()[0]["stdout"]
    assert kept.startswith("line 0\nline 1\n") and kept.endswith("line 4999\n")
    (left_out,) = map(int, re.findall(r"(\d+) bytes", kept))
    assert abs(len(whole) - 1000 - left_out) <= 20
    assert len(kept) < 1200


def test_what_the_command_used_is_recorded(installed: Installed) -> None:
    """CPU time, context switches and the peak of a program larger than we are."""
    program = "x = bytearray(200_000_000); sum(range(3_000_000))"
    installed.run("python3", "-S", "-c", program)
    ended = installed.records("run.ended")[0]
    assert ended["cpu_user_s"] > 0
    assert 200_000_000 < ended["memory_peak_bytes"] < 2_000_000_000
    assert ended["disk_used_bytes"] > 0


def test_a_report_is_what_json_would_write(installed: Installed) -> None:
    """Byte for byte `json.dumps(…, indent=4)`, with any text in it."""
    installed.run("printf", "%s", 'quote " back \\ tab \t nul-free \x01 ünï 🎉')
    text = (installed.cwd / "chaos_report.json").read_text()
    assert text == json.dumps(json.loads(text), indent=4)


def test_any_tag_of_a_wrapper_inside_a_wrapper(installed: Installed) -> None:
    """`kind` and `self` were taken for words of our own, and the inner run was not recorded."""
    inner = (installed.command, "run", "--tag", "kind=x", "--tag", "self=y", "--", "echo", "hi")
    done = installed.call("run", "-q", "--", *inner)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"hi\n", b"")
    attributes = installed.records("operation.started")[0]["attributes"]
    assert (attributes["kind"], attributes["self"]) == ("x", "y")


def test_the_summary_steers_no_terminal(installed: Installed) -> None:
    """Neither by the run's name, which may be long, too, nor by the report's: both were printed as
    they were."""
    name = "a\n\x1b[31m" + "n" * 1000
    done = installed.call("run", "--name", name, "--report", "\x1br.json", "--", "true")
    lines = done.stderr.decode().splitlines()
    assert "\x1b" not in done.stderr.decode()
    assert len(lines) == 3 and all(len(line) < 200 for line in lines[:2])
    assert lines[2].endswith("\\x1br.json")
    assert installed.records("run.started")[0]["name"] == name
