"""Servers and tools that are Go programs, built by version from the Go module registry and kept.

A variable or a program on the PATH wins over a build. Where there is neither such a program nor
`go`, the test skips with that reason, and fails if CI is set.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
from tests.e2e.kept import cache, cannot, kept

MANIFEST = Path(__file__).parent.parent / "collector" / "manifest.yaml"
KAFKA = MANIFEST.parent / "kafka"
BUILDER = "go.opentelemetry.io/collector/cmd/builder@v0.155.0"
# 0.316.0 needs modules that the Go module proxy does not give out
PROMETHEUS = "github.com/prometheus/prometheus@v0.315.0"
# what is cached can be removed again
FLAGS = ("-buildvcs=false", "-modcacherw")
BUILD_S = 1500
# for tests that may be the first to need one
may_build = pytest.mark.timeout(2 * BUILD_S)


def otelcol() -> str:
    """An OpenTelemetry Collector with the parts that collector-config/ uses, and a file exporter:
    $OTELCOL, else `otelcol` on the PATH, else built from tests/collector/manifest.yaml."""
    given = os.environ.get("OTELCOL") or shutil.which("otelcol")
    if given:
        return given
    return str(_built("otelcol", _make_collector, BUILDER, MANIFEST.read_text()) / "otelcol")


def otlp_prometheus() -> str:
    """A Prometheus with an OTLP receiver, which Debian's may be too old for: $OTLP_PROMETHEUS, else
    built; `promtool` of the same version lies beside it."""
    given = os.environ.get("OTLP_PROMETHEUS")
    if given:
        return given
    return str(_built("prometheus", _make_prometheus, PROMETHEUS) / "prometheus")


def kafka() -> str:
    """A broker in memory, of franz-go's, as tests/collector/kafka makes it."""
    recipe = [path.read_text() for path in sorted(KAFKA.iterdir())]
    return str(_built("kafka", _make_kafka, *recipe) / "kafka")


def go_tool(package: str) -> str:
    """The program of `package@version`, as `go install` makes it."""
    name = package.partition("@")[0].rpartition("/")[2]
    return str(_built(name, lambda folder: _install(folder, package), package) / name)


def _built(name: str, make: Callable[[Path], None], *recipe: str) -> Path:
    digest = hashlib.sha256("\n".join(recipe).encode()).hexdigest()[:16]
    return kept(f"go-{name}-{digest}", make)


def _make_collector(folder: Path) -> None:
    _install(folder, BUILDER)
    shutil.copy(MANIFEST, folder / "manifest.yaml")
    # -e: what only the tests of a part import may be missing at the proxy
    flags = {"GOFLAGS": " ".join((*FLAGS, "-e"))}
    _run(
        [str(folder / "builder"), "--config=manifest.yaml", "--ldflags=-s -w"],
        cwd=folder,
        variables=flags,
    )
    (folder / "dist" / "otelcol").rename(folder / "otelcol")
    shutil.rmtree(folder / "dist")


def _make_prometheus(folder: Path) -> None:
    """`go install` refuses modules with a `replace`, so the source is unpacked and built."""
    folder.mkdir()
    told = _run(["go", "mod", "download", "-json", PROMETHEUS], cwd=folder)
    source = folder / "source"
    shutil.copytree(json.loads(told)["Dir"], source, copy_function=shutil.copyfile)
    for path in (source, *source.rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    words = ["go", "build", "-trimpath", "-ldflags=-s -w", "-tags=remove_all_sd"]
    _run([*words, "-o", f"{folder}/", "./cmd/prometheus", "./cmd/promtool"], cwd=source)
    shutil.rmtree(source)


def _make_kafka(folder: Path) -> None:
    folder.mkdir()
    _run(["go", "build", "-trimpath", "-o", str(folder / "kafka"), "."], cwd=KAFKA)


def _install(folder: Path, package: str) -> None:
    folder.mkdir(exist_ok=True)
    variables = {"GOBIN": str(folder)}
    _run(["go", "install", "-trimpath", package], cwd=folder, variables=variables)


def _run(words: list[str], *, cwd: Path, variables: Mapping[str, str] | None = None) -> str:
    if not shutil.which("go"):
        cannot("needs the Go toolchain, or the program itself (OTELCOL, OTLP_PROMETHEUS)")
    done = subprocess.run(
        ["nice", *words],
        cwd=cwd,
        env=_environment() | dict(variables or {}),
        capture_output=True,
        text=True,
        timeout=BUILD_S,
    )
    if done.returncode:
        cannot(f"cannot build with {' '.join(words)}: {done.stderr[-500:]}")
    return done.stdout


def _environment() -> dict[str, str]:
    """Go's own caches lie beside what is built, for nothing of a test may touch a home."""
    home = cache() / "go-home"
    home.mkdir(exist_ok=True)
    theirs = ("XDG_CACHE_HOME", "XDG_CONFIG_HOME", "GOENV", "GOBIN", "GOWORK", "GOOS", "GOARCH")
    kept_ones = {name: os.environ[name] for name in os.environ if name not in theirs}
    return {**kept_ones, "HOME": str(home), "GOWORK": "off", "GOFLAGS": " ".join(FLAGS)}
