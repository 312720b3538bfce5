"""The documents are about the program that is here."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from chaos_otel.cli.app import COMMANDS, app
from chaos_otel.cli.output import NAME
from chaos_otel.config.table import SETTINGS

from .command_reference import commands, options, reference

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*/README.md")])
_BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"\[[^\]]*\]\(([^)#\s]+)(?:#[^)]*)?\)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _shell_lines(path: Path) -> Iterator[str]:
    """The lines of a document's shell blocks that a reader might type."""
    for language, block in _BLOCK.findall(path.read_text()):
        if language in ("bash", "sh", "console"):
            yield from (line.removeprefix("$ ") for line in block.splitlines())


def test_the_command_reference_is_the_commands() -> None:
    """Every command and every option, in their own words; `make docs` writes it anew."""
    assert (ROOT / "docs" / "commands.md").read_text() == reference()


def test_every_option_says_its_default() -> None:
    """Where an option takes a value that is set without it, its help ends with that."""
    with click.Context(app, info_name=NAME) as ctx:
        found = dict(commands(app, ctx))
    by_flag = {setting.flag: setting for setting in SETTINGS if setting.flag}
    for option in options(found[f"{NAME} run"]):
        setting = by_flag.get(option.opts[0])
        assert setting is not None, f"{option.opts[0]} is no setting"
        if not option.is_flag and setting.default and setting.name not in ("tags",):
            assert (option.help or "").rstrip().endswith("]"), option.opts[0]


def test_every_flag_of_a_setting_is_an_option_of_run() -> None:
    """What the table of settings promises can be typed."""
    with click.Context(app, info_name=NAME) as ctx:
        found = dict(commands(app, ctx))
    typed = {name for option in options(found[f"{NAME} run"]) for name in option.opts}
    assert {setting.flag for setting in SETTINGS if setting.flag} <= typed


def test_every_setting_and_variable_stands_in_the_docs() -> None:
    """docs/environment.md names each key, each variable, and no variable twice as a setting."""
    text = (ROOT / "docs" / "environment.md").read_text()
    for setting in SETTINGS:
        for word in (*setting.env, setting.key):
            assert f"`{word}`" in text or not word, word


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_commands_in_documents_exist(path: Path) -> None:
    """What a reader types from a shell block is a command of ours, or a word of the Makefile."""
    targets = re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    for line in _shell_lines(path):
        for word in re.findall(r"\bchaos-otel ([a-z-]+)\b", line):
            assert word in COMMANDS, f"{line!r}: chaos-otel has no {word}"
        for word in re.findall(r"^\s*make ([a-z-]+)", line):
            assert word in targets, f"{line!r}: make has no {word}"


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_links_lead_somewhere(path: Path) -> None:
    """Every relative link of a document names a file that is here."""
    for target in _LINK.findall(path.read_text()):
        if "://" not in target and not target.startswith("mailto:"):
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=_name)
def test_tests_that_documents_name_exist(path: Path) -> None:
    """A promise points at the test that proves it."""
    for file, function in re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", path.read_text()):
        assert (ROOT / file).exists(), file
        assert not function or f"def {function}(" in (ROOT / file).read_text(), function


def test_make_alone_lists_its_words() -> None:
    """Each with what it does."""
    if shutil.which("make") is None:
        pytest.skip("needs make")
    listed = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    for word in ("demo", "test", "bench", "format", "docs", "clean"):
        assert re.search(rf"^make {word} +\w", listed, re.MULTILINE), word
