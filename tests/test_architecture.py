"""The rules of docs/architecture.md that no linter knows."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SOURCE = ROOT / "src" / "chaos_otel"
MODULES = sorted(SOURCE.rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))

# before the command starts there is no time for these
HEAVY = (
    "asyncio",
    "ctypes",
    "http",
    "msgspec",
    "multiprocessing",
    "opentelemetry",
    "psutil",
    "requests",
    "rich",
    "socket",
    "sqlite3",
    "ssl",
    "subprocess",
    "tomllib",
    "urllib.request",
)
READ_ENVIRONMENT = ("os.environ", "os.environb", "os.getenv", "os.getenvb")
SPEAK = ("print", "sys.argv", "sys.exit", "sys.stdout", "sys.stderr", "os._exit", "exit", "quit")
# why they may, each: they do not come back to the command line
SPEAKERS = {
    "cli/": "the command line",
    "__main__.py": "the command line",
    "emit/": "runs in programs that are not ours",
    "pipeline/deliver.py": "is called as a program of its own",
    "pipeline/forward.py": "is called as a program of its own, and ends with requests under way",
    "pipeline/guard.py": "ends that program",
    "pipeline/receive.py": "is called as a program of its own",
    "pipeline/settle.py": "is called as a program of its own",
    "runner/command.py": "finds the command's words, byte for byte, behind ours",
    "runner/leave.py": "leaves as the command did",
    "runner/monitor.py": "is a forked child, which must run nothing else of ours",
    "runner/sentinel.py": "is a forked child, which must run nothing else of ours",
    "runner/spawn.py": "is a forked child, which must run nothing else of ours",
}
READERS = {
    "config/": "tells the others",
    "emit/": "runs in programs that are not ours",
    "pipeline/handover.py": "passes it on to a process of ours, unread",
}


def _relative(path: Path) -> str:
    return path.relative_to(SOURCE).as_posix()


def _names(path: Path) -> Iterator[tuple[int, str]]:
    """Every name that a module uses, dotted, with its line; `from os import x` is `os.x`."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            yield node.lineno, f"{node.value.id}.{node.attr}"
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            yield node.lineno, node.id
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, f"{node.module}.{alias.name}"


def _uses(names: tuple[str, ...], *, except_in: tuple[str, ...]) -> list[str]:
    return [
        f"{_relative(path)}:{line} uses {name}"
        for path in MODULES
        if not _relative(path).startswith(except_in)
        for line, name in _names(path)
        if name in names
    ]


@pytest.mark.parametrize(
    "modules",
    [
        "chaos_otel.cli.app, chaos_otel.cli.run, chaos_otel.pipeline.capture",
        "chaos_otel.config.settings, chaos_otel.config.folders, chaos_otel.config.ci",
    ],
)
def test_what_runs_before_the_command_loads_nothing_heavy(modules: str) -> None:
    """In a fresh interpreter: what `chaos-otel run` imports at the top."""
    loaded = subprocess.run(
        [sys.executable, "-c", f"import {modules}, sys; print(*sys.modules, sep='\\n')"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "chaos_otel.config.settings" in loaded
    found = [
        name for name in loaded if name in HEAVY or name.startswith(tuple(f"{h}." for h in HEAVY))
    ]
    assert found == []


def test_only_config_and_emit_read_the_environment() -> None:
    """All others are told: a value has one origin, and a test can give another one."""
    assert _uses(READ_ENVIRONMENT, except_in=tuple(READERS)) == []


def test_only_the_command_line_speaks_and_exits() -> None:
    """Whatever else goes wrong is raised, and becomes words in one place."""
    assert _uses(SPEAK, except_in=tuple(SPEAKERS)) == []


def test_every_exception_is_still_one() -> None:
    """A file that no longer needs to be excepted is not."""
    for names, excepted in ((SPEAK, SPEAKERS), (READ_ENVIRONMENT, READERS)):
        used = _uses(names, except_in=("/",))
        for prefix in excepted.keys() - {"emit/", "__main__.py"}:
            assert any(use.startswith(prefix) for use in used), prefix


@pytest.mark.parametrize("path", MODULES, ids=_relative)
def test_a_module_says_what_it_is_and_can_be_read_in_one_sitting(path: Path) -> None:
    """A docstring (unless it is an empty package), 300 lines at most, a name of the domain."""
    text = path.read_text()
    if path.name != "__init__.py" or text.strip():
        assert ast.get_docstring(ast.parse(text)), f"{path} has no docstring"
    assert text.count("\n") <= 300
    assert path.stem not in ("utils", "helpers", "common", "manager", "misc")


@pytest.mark.parametrize(
    "path", TESTS, ids=lambda path: path.relative_to(ROOT / "tests").as_posix()
)
def test_every_test_states_its_rule(path: Path) -> None:
    """A test's docstring is what breaks when it fails."""
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    silent = [
        node.name
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, functions)
        and node.name.startswith("test_")
        and not ast.get_docstring(node)
    ]
    assert silent == []


def test_the_import_contracts_hold() -> None:
    """Imports point down, and strangers stay strangers (import-linter, pyproject.toml)."""
    result = subprocess.run(
        [Path(sys.executable).parent / "lint-imports"],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert result.returncode == 0, result.stdout
