"""The library where there is no wrapper, no inbox, or somebody has said no."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from tests.e2e.shells import LIBRARY, NONCE, SHELLS, Listener, assert_undamaged, need

from chaos_otel.records import Flushed, OperationEnded, OperationStarted, RunNamed

pytestmark = pytest.mark.parametrize("shell", SHELLS)

SCRIPT = """
telemetry_init deploy v1
telemetry_start_timer build
telemetry_track_success build
telemetry_step step -- echo said
telemetry_retry 2 again -- false
echo "status $?"
telemetry_record_metric m "$(telemetry_get_duration)"
telemetry_flush
printenv TRACEPARENT
"""
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    """An inbox, outputs that are marked, and a trace."""
    return Listener(tmp_path)


@pytest.fixture
def alone(listener: Listener) -> Listener:
    """Neither inbox nor trace, and a program `opener` that hands out one of both."""
    for name in ("CHAOS_OTEL_INBOX", "CHAOS_OTEL_MARKS", "TRACEPARENT"):
        del listener.env[name]
    opener = listener.folder / "opener"
    opener.write_text(
        f"""#!/bin/sh
        for word; do echo "$word"; done >{listener.folder}/words
        cat >{listener.folder}/stdin
        echo complaint >&2
        printf '%s\\n' {listener.inbox} 0123456789abcdef0123456789abcdef {TRACE}
        """
    )
    opener.chmod(0o755)
    listener.env["CHAOS_OTEL_COMMAND"] = str(opener)
    return listener


def test_init_opens_a_run_of_its_own(alone: Listener, shell: str) -> None:
    """Once; then everything is as under the wrapper, and nothing shows."""
    heard = alone.run(shell, f"set -eu\n{SCRIPT.replace('-- false', '-- :')}\ntelemetry_flush")
    assert (heard.status, heard.stderr) == (0, b"")
    assert heard.stdout.decode().split() == ["said", "status", "0", TRACE]
    words = (alone.folder / "words").read_text().splitlines()
    assert words[0] == "shell-open"
    assert words[1] == "--pid"
    assert words[3:] == ["--name=deploy", "--script-version=v1"]
    assert (alone.folder / "stdin").read_bytes() == b""
    assert_undamaged(heard)
    init = heard.one(RunNamed)
    assert (init.name, init.parent) == ("deploy", "b7ad6b7169203331")
    assert [one.parent for one in heard.all(OperationStarted)] == ["b7ad6b7169203331"] * 3
    assert {one.op for one in heard.all(Flushed)} == {init.op}


def test_the_pid_is_the_scripts(alone: Listener, shell: str) -> None:
    """The run lives as long as the shell that asked for it."""
    heard = alone.run(shell, "telemetry_init a\necho $$")
    assert (alone.folder / "words").read_text().split()[2] == heard.stdout.decode().strip()


def test_a_script_that_it_starts_is_an_operation_of_its_run(alone: Listener, shell: str) -> None:
    """The inbox is handed on."""
    child = alone.folder / "child.sh"
    child.write_text(f". {LIBRARY}\ntelemetry_init child\ntelemetry_step s -- :\ntelemetry_flush\n")
    heard = alone.run(
        shell, f"telemetry_init parent\n{' '.join(SHELLS[shell])} {child}\ntelemetry_flush"
    )
    parent, inner = heard.all(RunNamed)
    assert (parent.name, inner.name) == ("parent", "child")
    assert heard.one(OperationStarted).parent == inner.op


@pytest.mark.parametrize("command", ["/nonexistent/chaos-otel", "/bin/false", "/bin/true", ""])
def test_without_chaos_otel_the_script_goes_on(alone: Listener, shell: str, command: str) -> None:
    """Not there, failing, or answering nonsense: all calls are silent, steps run, getters
    answer."""
    alone.env["CHAOS_OTEL_COMMAND"] = command
    alone.env["PATH"] = "/usr/bin:/bin"
    heard = alone.run(shell, f"{SCRIPT}\nset -eu\ntelemetry_track_error a b\ntelemetry_step x -- :")
    assert (heard.status, heard.stdout, heard.stderr) == (0, b"said\nstatus 1\n", b"")
    assert heard.records == []


@pytest.mark.parametrize(
    "variable",
    [
        "TELEMETRY_ENABLED=false",
        "TELEMETRY_ENABLED=0",
        "TELEMETRY_ENABLED=Off",
        "CHAOS_OTEL_ENABLED=no",
        "DO_NOT_TRACK=1",
        "DO_NOT_TRACK=please",
        "OTEL_SDK_DISABLED=true",
        "OTEL_SDK_DISABLED=TRUE",
    ],
)
def test_who_says_no_is_heard(listener: Listener, shell: str, variable: str) -> None:
    """Nothing is written anywhere, nothing marked; steps run and getters answer."""
    name, _, value = variable.partition("=")
    listener.env[name] = value
    heard = listener.run(shell, SCRIPT)
    assert heard.records == []
    assert (heard.status, heard.err) == (0, b"")
    assert heard.out == f"said\nstatus 1\n{listener.env['TRACEPARENT']}\n".encode()


@pytest.mark.parametrize(
    "variable", ["TELEMETRY_ENABLED=true", "DO_NOT_TRACK=0", "OTEL_SDK_DISABLED=1"]
)
def test_who_says_yes_is_heard(listener: Listener, shell: str, variable: str) -> None:
    """The other values of these variables change nothing."""
    name, _, value = variable.partition("=")
    listener.env[name] = value
    assert len(listener.run(shell, SCRIPT).all(OperationEnded)) == 3


@pytest.mark.parametrize("inbox", ["missing", "folder", "/dev/full", "gone/inbox", "-"])
def test_an_inbox_that_takes_nothing_is_not_noticed(
    listener: Listener, shell: str, inbox: str
) -> None:
    """Not there, no file, full: no message, no file made, no status but the commands'."""
    (listener.folder / "folder").mkdir()
    listener.env["CHAOS_OTEL_INBOX"] = str(listener.folder / inbox)
    before = {path.name for path in listener.folder.iterdir()}
    heard = listener.run(shell, SCRIPT)
    assert (heard.status, heard.stderr) == (0, b"")
    assert heard.stdout.startswith(b"said\nstatus 1\n")
    behind = {path.name for path in listener.folder.iterdir()}
    assert behind - before <= {"script.sh", "out", "err", "inbox"}


def test_an_inbox_of_somebody_else_is_not_noticed(shell: str) -> None:
    """A script that has become another user may not write there."""
    if os.geteuid() != 0:
        pytest.skip("needs root to become somebody else")
    need("setpriv")
    with tempfile.TemporaryDirectory() as name:  # where another user may look
        listener = Listener(Path(name))
        listener.folder.chmod(0o755)
        library = shutil.copy(LIBRARY, listener.folder)
        path = listener.folder / "script.sh"
        path.write_text(f". {library}\n{SCRIPT}")
        listener.inbox.touch(0o600)
        heard = listener.run_file(
            shell, path, wrap=("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")
        )
    assert (heard.status, heard.stderr, heard.records) == (0, b"", [])
    assert heard.stdout.startswith(b"said\nstatus 1\n")


def test_a_full_file_system_is_not_noticed(listener: Listener, shell: str) -> None:
    """The shell's own complaint about it is not the script's."""
    mount = "mount -t tmpfs -o size=4k none full && : >full/inbox || exit"
    fill = "head -c 9999 /dev/zero >full/rest 2>/dev/null"
    wrap = ("unshare", "-m", "sh", "-c", f'{mount}; {fill}; exec "$@"', "sh")
    (listener.folder / "full").mkdir()
    if os.geteuid() != 0 or subprocess.run([*wrap, "true"], cwd=listener.folder).returncode:
        pytest.skip("may not mount")
    listener.env["CHAOS_OTEL_INBOX"] = str(listener.folder / "full/inbox")
    heard = listener.run(shell, SCRIPT, wrap=wrap)
    assert (heard.status, heard.stderr) == (0, b"")
    assert heard.stdout.startswith(b"said\nstatus 1\n")


def test_getters_answer_numbers(listener: Listener, shell: str) -> None:
    """With a point, whatever the locale; durations are those of the timers."""
    listener.env["LC_ALL"] = "de_DE.UTF-8"
    heard = listener.run(
        shell,
        """
        telemetry_init run
        telemetry_start_timer long
        sleep 0.3
        telemetry_start_timer short
        sleep 0.1
        telemetry_track_success short
        for op in long short never ''; do telemetry_get_duration "$op"; done
        telemetry_get_memory_usage
        telemetry_get_cpu_usage
        telemetry_get_disk_usage
        telemetry_get_network_usage
        """,
    )
    values = [float(line) for line in heard.stdout.decode().splitlines()]
    long, short, never, whole, memory, cpu, disk, network = values
    assert 0.4 <= long <= whole
    assert 0.1 <= short <= long - 0.3
    assert never == 0
    assert 0.5 < memory < 1000
    assert cpu >= 0
    assert disk > 1
    assert network >= 0


def test_the_cpu_is_that_of_the_shell_and_its_children(listener: Listener, shell: str) -> None:
    """A child that is busy for most of the time shows."""
    heard = listener.run(
        shell,
        """
        telemetry_init run
        head -c 300000000 /dev/zero | cksum >/dev/null
        telemetry_get_cpu_usage
        """,
    )
    assert float(heard.stdout) > 5


def test_memory_is_the_scripts_also_in_a_substitution(listener: Listener, shell: str) -> None:
    """`$(...)` is another process; the script's own memory is asked for."""
    heard = listener.run(
        shell,
        """
        big=$(head -c 30000000 /dev/zero | tr '\\0' x)
        memory=$(telemetry_get_memory_usage)
        echo "$memory"
        """,
    )
    assert float(heard.stdout) > 29


_DEBUG_CALLS = """
set -eu
telemetry_status --json
telemetry_test_connection otlp 'https://a b'
telemetry_logs -n 3
telemetry_reset
"""


def test_the_debug_calls_call_the_commands_on_stderr(listener: Listener, shell: str) -> None:
    """With their arguments and no input; a command that fails fails no script."""
    words = listener.folder / "chaos"
    words.write_text('#!/bin/sh\nread -r line || printf "<%s>" "$@"; echo\nexit 3\n')
    words.chmod(0o755)
    listener.env["CHAOS_OTEL_COMMAND"] = str(words)
    heard = listener.run(shell, _DEBUG_CALLS)
    assert (heard.status, heard.out) == (0, b"")
    assert heard.stderr.decode().splitlines()[1:] == [
        "<status><--json>",
        "<test-connection><otlp><https://a b>",
        "<logs><-n><3>",
        "<reset>",
    ]
    assert heard.stderr.startswith(b"telemetry: recording run")
    assert NONCE.encode() not in heard.stderr


def test_the_debug_calls_say_that_there_is_no_command(listener: Listener, shell: str) -> None:
    """One line each, on stderr, and nothing of the shell's own."""
    listener.env["CHAOS_OTEL_COMMAND"] = "no-such-chaos"
    heard = listener.run(shell, _DEBUG_CALLS)
    assert (heard.status, heard.out) == (0, b"")
    assert heard.stderr.decode().splitlines()[1:] == [
        f"telemetry: no-such-chaos is not on the PATH, so there is no {word}"
        for word in ("status", "test-connection", "logs", "reset")
    ]


def test_a_clock_without_decimals_will_do(listener: Listener, shell: str) -> None:
    """`date` of some systems knows no %N."""
    if shell not in ("dash", "bash"):
        pytest.skip("asks no program for the time")
    tools = listener.folder / "tools"
    tools.mkdir()
    (tools / "date").write_text('#!/bin/sh\n/bin/date "$1" | sed "s/[.].*/.N/"\n')
    (tools / "date").chmod(0o755)
    listener.env["PATH"] = f"{tools}:{listener.env['PATH']}"
    before = time.time_ns()
    heard = listener.run(
        shell,
        "telemetry_start_timer a\ntelemetry_track_success a\ntelemetry_get_duration a",
        prelude="unset EPOCHREALTIME SRANDOM",
    )
    assert before - 10**9 <= heard.one(OperationEnded).wall_ns <= time.time_ns()
    assert float(heard.stdout) >= 0


def test_an_installed_copy_beside_a_script_is_found(listener: Listener, shell: str) -> None:
    """By a relative path, from another folder, and by a name alone."""
    need(SHELLS[shell][0])
    (listener.folder / "telemetry").mkdir()
    shutil.copy(LIBRARY, listener.folder / "telemetry/utils.sh")
    script = listener.folder / "deploy.sh"
    script.write_text('. "$(dirname "$0")/telemetry/utils.sh"\ntelemetry_step sole -- :\n')
    for path, cwd in (
        ("./deploy.sh", listener.folder),
        ("../deploy.sh", listener.folder / "telemetry"),
    ):
        listener.inbox.write_bytes(b"")
        subprocess.run([*SHELLS[shell], path], cwd=cwd, env=listener.env, check=True)
        assert listener.inbox.read_bytes().count(b"\tsole") == 2
