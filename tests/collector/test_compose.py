"""compose.yaml, as far as it can be checked without an engine for containers."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.e2e.go_builds import go_tool, may_build

COMPOSE_GO = "github.com/compose-spec/compose-go/v2/cmd@v2.9.1"
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


@may_build
def test_it_follows_the_compose_specification(tmp_path: Path) -> None:
    """The library that Docker Compose reads files with takes it, and would not take any file."""
    check = go_tool(COMPOSE_GO)
    wrong = tmp_path / "compose.yaml"
    wrong.write_text("services: {one: {image: some:1.0.0, restarts: always}}\n")
    for path, said in ((FOLDER / "compose.yaml", ""), (wrong, "restarts")):
        done = subprocess.run([check, path.name], cwd=path.parent, capture_output=True, text=True)
        assert (done.returncode == 0) == (said == ""), done.stderr
        assert said in done.stderr
