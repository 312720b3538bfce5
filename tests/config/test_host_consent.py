"""The host's file, /etc/chaos-otel/config.toml: believed only if root wrote it, and alone could."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaos_otel.config import files
from chaos_otel.config.destinations import destinations
from chaos_otel.config.environment import Environment
from chaos_otel.config.host_consent import host_grants, parse_key
from chaos_otel.config.settings import Loaded, load

GRANT = '[consent]\ngrant = ["otlp https://C.example:443/"]\n'


@pytest.fixture
def system_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file where the host's would be; only root's own counts."""
    if os.geteuid() != 0:
        pytest.skip("only root can write a file that is root's")
    path = tmp_path / "etc" / "config.toml"
    path.parent.mkdir(mode=0o755)
    path.write_text(GRANT)
    path.chmod(0o644)
    monkeypatch.setattr(files, "SYSTEM_FILE", str(path))
    return path


def loaded(**variables: str) -> Loaded:
    env = Environment.of_block([os.fsencode(f"{k}={v}") for k, v in variables.items()])
    return load(env, {}, "/nowhere")


def test_root_grants_for_all_users(system_file: Path) -> None:
    """In the one way that a destination is named."""
    found = loaded()
    assert found.warnings == []
    assert host_grants(found.files) == (frozenset(("otlp https://c.example",)), [])


def test_the_host_s_settings_are_the_weakest(system_file: Path) -> None:
    """It may hold settings and destinations too; a user's file and variables beat it."""
    system_file.write_text('environment = "prod"\n[destinations.all]\nurl = "https://h.example"\n')
    found = loaded()
    assert found.settings.environment == "prod"
    assert loaded(CHAOS_OTEL_ENVIRONMENT="mine").settings.environment == "mine"
    assert [one.key for one in destinations(found, Environment.of_block([])).destinations] == [
        "otlp https://h.example"
    ]


@pytest.mark.parametrize("mode", [0o664, 0o646, 0o666])
def test_a_file_that_others_can_write_is_ignored(system_file: Path, mode: int) -> None:
    """With a warning."""
    system_file.chmod(mode)
    assert host_grants(loaded().files)[0] == frozenset()
    assert "others than root" in str(loaded().warnings)


@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_a_folder_that_others_can_write_is_ignored(system_file: Path, mode: int) -> None:
    """They could put another file in its place."""
    system_file.parent.chmod(mode)
    assert host_grants(loaded().files)[0] == frozenset()
    assert "others than root" in str(loaded().warnings)


def test_a_file_that_is_not_root_s_is_ignored(system_file: Path) -> None:
    """Whoever it belongs to speaks for himself at most."""
    os.chown(system_file, 1, -1)
    assert host_grants(loaded(SUDO_UID="1").files)[0] == frozenset()
    assert "belongs to user 1" in str(loaded().warnings)


def test_no_variable_names_another_file() -> None:
    """Whoever sets the environment does not speak for the host."""
    assert files.SYSTEM_FILE == "/etc/chaos-otel/config.toml"


@pytest.mark.parametrize(
    "text",
    [
        "consent = true",
        "[consent]\ngrant = true",
        '[consent]\ngrant = ["https://c.example"]',
        '[consent]\ngrant = ["otlp c.example"]',
        '[consent]\ngrant = ["smtp https://c.example"]',
        "[consent]\ngrant = [5]",
    ],
)
def test_what_grants_nothing(system_file: Path, text: str) -> None:
    """One problem that says how to write it."""
    system_file.write_text(text)
    granted, problems = host_grants(loaded().files)
    assert granted == frozenset()
    assert len(problems) == 1
    assert problems[0].remedy


def test_a_destination_has_one_name() -> None:
    """However it is written; a password is no part of it."""
    assert parse_key(" otlp  https://U:p@C.example:443/x/ ") == "otlp https://c.example/x"
