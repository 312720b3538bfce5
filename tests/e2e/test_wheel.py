"""What installs with the program is in the wheel, and comes out of it as it is here."""

from __future__ import annotations

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from tests.e2e.tool_venv import tool_venv

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def unpacked(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this source, built by its own builder and unpacked as pip does."""
    folder = tmp_path_factory.mktemp("wheel")
    hatchling = str(tool_venv("hatchling") / "hatchling")
    command = [hatchling, "build", "-t", "wheel", "-d", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


@pytest.mark.parametrize(
    ("words", "ours", "wanted"),
    [
        (("dashboards", "export", "out", "--provisioning"), "grafana", "dashboards/errors.json"),
        (("collector-config", "export", "out"), "collector-config", "rules/deployments.yml"),
    ],
)
def test_files_come_out_of_an_installed_wheel(
    unpacked: Path, tmp_path: Path, words: tuple[str, ...], ours: str, wanted: str
) -> None:
    """Both exports, with no checkout beside them: every file byte for byte."""
    program = f"import sys; sys.path.insert(0, {str(unpacked)!r}); from chaos_otel.cli import main"
    command = [sys.executable, "-c", f"{program}; main()", *words]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    out = tmp_path / "out"
    names = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert wanted in names
    for name in names:
        here = next(place / name for place in (ROOT / ours, ROOT) if (place / name).exists())
        assert (out / name).read_bytes() == here.read_bytes(), name


def test_the_generator_stays_here(unpacked: Path) -> None:
    """Nobody needs Python source of dashboards where they are only used."""
    assert not list((unpacked / "chaos_otel" / "_bundled").rglob("*.py"))


def test_the_schema_of_event_documents_is_there(unpacked: Path) -> None:
    """Where the docs say that it lies."""
    name = "exporters/event_document.schema.json"
    installed = unpacked / "chaos_otel" / name
    assert installed.read_bytes() == (ROOT / "src" / "chaos_otel" / name).read_bytes()
