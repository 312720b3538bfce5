"""compose.yaml, as far as it can be checked without an engine for containers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

FOLDER = Path(__file__).parents[2] / "collector-config"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
each = pytest.mark.parametrize("name", SERVICES)


def test_all_parts_are_there() -> None:
    """Collector, Prometheus, Alertmanager, Tempo, Loki, Grafana, and who asks whether they are."""
    wanted = {"collector", "prometheus", "alertmanager", "tempo", "loki", "grafana", "ready"}
    assert SERVICES.keys() == wanted


@each
def test_an_image_is_of_one_version(name: str) -> None:
    """Never `latest`: what was tried is what is started."""
    assert re.fullmatch(r"[\w./-]+:v?\d+\.\d+\.\d+", SERVICES[name]["image"])


@each
def test_it_listens_on_loopback_alone(name: str) -> None:
    """Nobody but this machine gets in: there is no password."""
    assert all(port.startswith("127.0.0.1:") for port in SERVICES[name].get("ports", ()))


@each
def test_what_is_mounted_is_there(name: str) -> None:
    """A file or folder of ours, which the container cannot change, or a volume that is declared."""
    for mount in SERVICES[name].get("volumes", ()):
        source, _, rest = mount.partition(":")
        if source.startswith("."):
            assert (FOLDER / source).exists(), source
            assert rest.endswith(":ro")
        else:
            assert source in COMPOSE["volumes"]


@each
def test_its_health_is_asked(name: str) -> None:
    """By itself, or, where the image has nothing to ask with, by the one that is there for it."""
    asked = json.dumps(SERVICES["ready"]["healthcheck"])
    assert "healthcheck" in SERVICES[name] or f" {name}:" in asked


def test_every_volume_is_used() -> None:
    """None is left from a service that is gone."""
    mounts = [mount for one in SERVICES.values() for mount in one.get("volumes", ())]
    assert {mount.partition(":")[0] for mount in mounts} >= COMPOSE["volumes"].keys()


def test_the_collector_gets_variables_that_its_file_reads() -> None:
    """A renamed variable would be ignored without a word."""
    read = set(re.findall(r"\$\{env:(\w+)", (FOLDER / "gateway.yaml").read_text()))
    assert SERVICES["collector"]["environment"].keys() <= read


def test_docker_compose_accepts_it() -> None:
    """`docker compose config`, where it is installed; the checks above hold without."""
    docker = shutil.which("docker")
    version = [docker or "", "compose", "version"]
    if docker is None or subprocess.run(version, capture_output=True).returncode:
        pytest.skip("docker compose is not installed")
    done = subprocess.run(
        [docker, "compose", "--file", "compose.yaml", "config", "--quiet"],
        cwd=FOLDER,
        capture_output=True,
        text=True,
    )
    assert (done.returncode, done.stderr) == (0, "")
