"""What a wheel installs, in an environment that has never seen the checkout."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest
from tests.e2e.kept import cannot

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The command of a fresh environment with a wheel of this checkout; what it depends on is taken
    from ours."""
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    built = [*pip, "wheel", "-q", "--no-deps", "--wheel-dir", str(folder), str(ROOT)]
    done = subprocess.run(built, capture_output=True, text=True, timeout=250)
    if done.returncode:
        cannot(f"cannot build a wheel: {done.stderr[-300:]}")
    (wheel,) = folder.glob("*.whl")
    environment = folder / "environment"
    venv.create(environment, with_pip=False)
    (packages,) = environment.glob("lib/python*/site-packages")
    # a line in a .pth file adds a folder, but not the .pth files in it: not our editable self
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n")
    python = str(environment / "bin" / "python")
    install = [*pip, "--python", python, "install", "-q", "--no-deps", "--no-index", str(wheel)]
    subprocess.run(install, check=True, capture_output=True, timeout=120)
    return environment / "bin" / "chaos-otel"


def _export(command: Path, *words: str, cwd: Path) -> dict[str, bytes]:
    done = subprocess.run([command, *words], cwd=cwd, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return {name: (cwd / name).read_bytes() for name in done.stdout.split()}


def test_it_is_the_wheel_that_answers(installed: Path) -> None:
    """The library's path lies in the environment, not in the checkout."""
    done = subprocess.run([installed, "shell-lib"], capture_output=True, text=True, check=True)
    assert done.stdout.startswith(str(installed.parents[1]))


def test_the_wheel_has_the_collector_configurations(installed: Path, tmp_path: Path) -> None:
    """Each file of collector-config/, and the page that the alerts name."""
    found = _export(installed, "collector-config", "export", "out", cwd=tmp_path)
    there = ROOT / "collector-config"
    wanted = {f"out/{path.relative_to(there)}": path for path in there.rglob("*.y*ml")}
    wanted |= {
        "out/README.md": there / "README.md",
        "out/docs/alerts.md": ROOT / "docs" / "alerts.md",
    }
    assert found == {name: path.read_bytes() for name, path in wanted.items()}


def test_the_wheel_has_the_dashboards(installed: Path, tmp_path: Path) -> None:
    """Each of grafana/dashboards, and with --provisioning what compose.yaml mounts."""
    found = _export(installed, "dashboards", "export", "out", "--provisioning", cwd=tmp_path)
    for part in ("dashboards", "provisioning"):
        for path in (ROOT / "grafana" / part).rglob("*.[jy]*"):
            name = path.relative_to(ROOT / "grafana")
            assert found[f"out/{name}"] == path.read_bytes()
    assert not any(name.endswith(".py") for name in found)
