"""Completion in the real shells: our words, and behind `--` the command's own."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pexpect
import pytest

from .conftest import Caller

_SHELLS = {
    "bash": ["bash", "--norc", "--noprofile", "-i"],
    "zsh": ["zsh", "-f", "-i"],
    "fish": ["fish", "--no-config", "-i"],
}
_LOAD = {
    "bash": "source <(chaos-otel completion bash)",
    "zsh": "autoload -Uz compinit; compinit -u -D; source <(chaos-otel completion zsh)",
    "fish": "chaos-otel completion fish | source",
}
_READY = "echo rea''dy"  # not what the terminal echoes while it is typed


@contextmanager
def _shell(name: str, call: Caller) -> Iterator[pexpect.spawn[str]]:
    program, *words = _SHELLS[name]
    if shutil.which(program) is None:
        if "CI" in os.environ and name != "fish":
            pytest.fail(f"{name} is missing")
        pytest.skip(f"needs {name}")
    child = pexpect.spawn(
        program,
        words,
        cwd=str(call.project),
        env={**call.variables, "TERM": "dumb" if name != "fish" else "xterm", "PS1": "% "},
        encoding="utf-8",
        codec_errors="replace",
        timeout=60,
        dimensions=(24, 200),
    )
    try:
        child.sendline(f"{_LOAD[name]}; {_READY}")
        child.expect("ready")
        yield child
    finally:
        child.close(force=True)


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_commands_options_and_what_follows_the_dashes(name: str, call: Caller) -> None:
    """The line that Tab completed is run by `echo`: what it prints is what the user would get."""
    (call.project / "zebra-file").write_text("")
    with _shell(name, call) as shell:
        for typed, completed in [
            ("chaos-otel conf", "chaos-otel config"),
            ("chaos-otel config che", "chaos-otel config check"),
            ("chaos-otel run --scri", "chaos-otel run --script-version"),
            ("chaos-otel completion fi", "chaos-otel completion fish"),
            ("chaos-otel run -- cat zeb", "chaos-otel run -- cat zebra-file"),
            ("chaos-otel run --name x -- wc zeb", "wc zebra-file"),
        ]:
            shell.send(f"{typed}\t")
            shell.expect_exact(completed.rpartition(" ")[2].removeprefix(typed.rpartition(" ")[2]))
            shell.send("\x03")


@pytest.mark.parametrize("name", ["bash", "zsh", "fish"])
def test_the_script_is_well_formed(name: str, call: Caller) -> None:
    """Printed on stdout with nothing else, and read by its shell without a word."""
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}")
    printed = call("completion", name)
    assert (printed.returncode, printed.stderr) == (0, "")
    (call.project / "script").write_text(printed.stdout)
    read = call.run([name, "-n", "script"])
    assert (read.returncode, read.stdout, read.stderr) == (0, "", "")


def test_another_shell_is_refused(call: Caller) -> None:
    """With the names of those that are known."""
    result = call("completion", "tcsh")
    assert result.returncode == 2
    assert "'bash', 'zsh', 'fish'" in result.stderr
