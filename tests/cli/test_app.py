"""The command group: what it answers to what people type, and that no traceback reaches them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import click
import pytest

from chaos_otel import __version__
from chaos_otel.cli.app import COMMANDS, app

from .conftest import COMMAND, Caller

_BREAK = """
import sys
import chaos_otel.config.settings as settings
def broken(*args):
    secret = "hunter2"
    raise {error}
settings.load = broken
import chaos_otel.cli.app
chaos_otel.cli.app.main()
"""


def _broken(call: Caller, *words: str, error: str, **variables: str) -> tuple[int, str]:
    """Call with a part that raises `error`; status and stderr."""
    result = call.python("-c", _BREAK.format(error=error), *words, **variables)
    assert "Traceback" not in result.stderr
    return result.returncode, result.stderr


def test_version(call: Caller) -> None:
    """One line, on stdout."""
    result = call.run([str(COMMAND), "--version"])
    assert (result.returncode, result.stdout, result.stderr) == (
        0,
        f"chaos-otel {__version__}\n",
        "",
    )


@pytest.mark.parametrize("words", [("--help",), ("-h",)])
def test_help_teaches_by_example(call: Caller, words: tuple[str, ...]) -> None:
    """Every command is named, and examples can be copied."""
    result = call(*words)
    assert result.returncode == 0
    assert "Examples:" in result.stdout
    with click.Context(app) as ctx:
        found = {name: app.get_command(ctx, name) for name in COMMANDS}
    for name, command in found.items():
        assert command is not None
        assert (f"\n  {name} " in result.stdout) is not command.hidden


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_s_help_has_an_example(call: Caller, command: str) -> None:
    """`COMMAND --help` and `-h` both teach."""
    long, short = call(command, "--help"), call(command, "-h")
    assert long.returncode == short.returncode == 0
    assert long.stdout == short.stdout
    usage, _, rest = long.stdout.partition("\n")
    assert usage.startswith(f"Usage: chaos-otel {command}")
    assert f"  chaos-otel {command}" in rest or f"$(chaos-otel {command}" in rest


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (("rn",), "no such command: rn. Did you mean run? See chaos-otel --help"),
        (
            ("./deploy.sh",),
            "no such command: ./deploy.sh. To run it: chaos-otel run -- ./deploy.sh."
            " See chaos-otel --help",
        ),
        (("--nope",), "no such option '--nope'. See chaos-otel --help"),
        (
            ("config", "show", "--nope"),
            "no such option '--nope'. See chaos-otel config show --help",
        ),
    ],
)
def test_wrong_usage_is_one_line(call: Caller, words: tuple[str, ...], line: str) -> None:
    """Status 2, and where to read on."""
    result = call(*words)
    assert result.returncode == 2
    assert result.stdout == ""
    # click has changed its own words between versions: only ours are compared to the letter
    assert result.stderr.lower().replace(": --nope", " '--nope'") == f"chaos-otel: {line}\n".lower()


def test_an_error_of_ours_is_one_line_with_advice(call: Caller) -> None:
    """What happened and what to do, and the error's own status."""
    error = "settings.StateError('it is full', hint='make room')"
    status, said = _broken(call, "config", "show", error=error)
    assert (status, said) == (1, "chaos-otel: it is full; make room\n")


def test_an_unexpected_error_is_one_line_and_a_file(call: Caller) -> None:
    """The file is laid out to be sent, 0600, and holds none of the words that were typed."""
    status, said = _broken(call, "config", "show", "--json", error="KeyError(secret)")
    assert status == 1
    (report,) = (call.state / "errors").iterdir()
    assert said == f"chaos-otel: an error of ours (KeyError); the details are in {report}\n"
    assert report.stat().st_mode & 0o777 == 0o600
    text = report.read_text()
    assert f"| chaos-otel | {__version__} |" in text
    assert "| call | `chaos-otel config show --json` |" in text
    assert "in broken" in text
    assert '"hunter2"' not in text.replace('secret = "hunter2"', "")


def test_an_unexpected_error_before_a_command_starts_is_125(call: Caller) -> None:
    """As `env` and `timeout` say that it was they who failed."""
    status, said = _broken(
        call, "run", "--name", "my-name", "--", "true", "my-word", error="ValueError(1)"
    )
    assert status == 125
    assert said.count("\n") == 1
    (report,) = (call.state / "errors").iterdir()
    assert "`chaos-otel run --name -- (3 more)`" in report.read_text()


def test_without_a_place_for_the_file_the_line_is_still_told(call: Caller) -> None:
    """No home: one line all the same."""
    status, said = _broken(call, "config", "show", error="KeyError(1)", HOME="")
    assert (status, said) == (1, "chaos-otel: an error of ours (KeyError)\n")


def test_a_reader_that_goes_away_is_no_error(call: Caller) -> None:
    """`chaos-otel config show | head -1` prints its line and nothing on stderr."""
    read, write = os.pipe()
    os.close(read)
    result = subprocess.run(
        [COMMAND, "config", "show"],
        cwd=call.project,
        env=call.variables,
        stdout=write,
        stderr=subprocess.PIPE,
        timeout=120,
    )
    os.close(write)
    assert result.stderr == b""
    assert result.returncode == 1


@pytest.mark.parametrize("words", ["config show", "--version", "--help"])
def test_a_full_disk_is_told(call: Caller, words: str) -> None:
    """What could not be written is no success."""
    result = call.run(["sh", "-c", f"chaos-otel {words} > /dev/full"])
    assert result.returncode == 1
    assert result.stderr.startswith("chaos-otel: no space left on device")
    assert "Traceback" not in result.stderr


def test_closed_outputs_are_no_error(call: Caller) -> None:
    """Both outputs closed: there is nobody to tell."""
    assert call.run(["sh", "-c", "chaos-otel config show >&- 2>&-"]).returncode == 0
    assert call.run(["sh", "-c", "chaos-otel rn >&- 2>&-"]).returncode == 2


@pytest.mark.parametrize("target", ["click", "chaos_otel.config.settings"])
def test_an_interrupt_ends_us_as_an_interrupt(call: Caller, tmp_path: Path, target: str) -> None:
    """While loading or working: death by SIGINT, so that a script around us stops; no traceback."""
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\n"
        "class Interrupt:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        f"        if name == {target!r}:\n"
        "            raise KeyboardInterrupt\n"
        "sys.meta_path.insert(0, Interrupt())\n"
    )
    result = call("config", "show", PYTHONPATH=str(tmp_path))
    assert result.returncode == -signal.SIGINT
    assert result.stderr.strip() == ""  # a line end closes the ^C that the terminal shows


def test_only_the_called_command_is_loaded() -> None:
    """`--version` loads none of them, `config` not those of `report`."""
    script = (
        "import sys; from chaos_otel.cli.app import app;"
        "app.main(sys.argv[1:], standalone_mode=False);"
        "print([m for m in sys.modules if m.startswith('chaos_otel.cli.')], file=sys.stderr)"
    )

    def loaded(*words: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", script, *words], capture_output=True, text=True, check=True
        ).stderr.strip()

    assert loaded("--version") == "['chaos_otel.cli.output', 'chaos_otel.cli.app']"
    assert "chaos_otel.cli.report" not in loaded("config", "check")


@pytest.mark.parametrize(("words", "status"), [(("run", "--", "true"), 125), (("recover",), 1)])
def test_a_library_that_cannot_be_loaded(
    call: Caller, tmp_path: Path, words: tuple[str, ...], status: int
) -> None:
    """The caller's PYTHONPATH may hold another click: one line, and the status that says it was
    us."""
    (tmp_path / "click.py").write_text("raise ImportError('not this one')\n")
    result = call.run([str(COMMAND), *words], PYTHONPATH=str(tmp_path))
    assert (result.returncode, result.stdout) == (status, "")
    assert result.stderr.startswith("chaos-otel: cannot load a library (not this one)")
    assert result.stderr.count("\n") == 1
