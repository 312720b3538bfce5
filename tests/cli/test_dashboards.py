"""`chaos-otel dashboards export`: the dashboards that install with us, as files for Grafana."""

from __future__ import annotations

import json
from pathlib import Path

from .conftest import Caller

OURS = Path(__file__).parents[2] / "grafana" / "dashboards"
FILES = sorted(path.name for path in OURS.glob("*.json"))


def _names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_the_dashboards_are_written_as_they_are(call: Caller) -> None:
    """Every file, byte for byte, its path on stdout; a second time replaces what was changed."""
    for _ in range(2):
        done = call("dashboards", "export", "new/folder")
        assert (done.returncode, done.stdout.split()) == (
            0,
            [f"new/folder/{name}" for name in FILES],
        )
        folder = call.project / "new" / "folder"
        assert _names(folder) == FILES
        for path in OURS.glob("*.json"):
            copy = folder / path.name
            assert copy.read_bytes() == path.read_bytes()
            assert copy.stat().st_mode & 0o777 == 0o644
            copy.write_text("an older one")


def test_a_data_source_can_be_chosen(call: Caller) -> None:
    """`--datasource` sets the variable's first choice and nothing else."""
    done = call("dashboards", "export", ".", "--datasource", "mimir-1")
    assert done.returncode == 0, done.stderr
    for path in OURS.glob("*.json"):
        document = json.loads((call.project / path.name).read_text())
        chosen = document["templating"]["list"][0].pop("current")
        assert chosen["value"] == "mimir-1"
        plain = json.loads(path.read_text())
        plain["templating"]["list"][0].pop("current", None)
        assert document == plain


def test_what_loads_them_by_itself_comes_along(call: Caller) -> None:
    """`--provisioning`: the folder as Grafana mounts it, dashboards below it, nothing of ours."""
    done = call("dashboards", "export", "grafana", "--provisioning", "--datasource", "mimir-1")
    assert done.returncode == 0, done.stderr
    folder = call.project / "grafana"
    assert _names(folder) == ["README.md", "dashboards", "provisioning"]
    assert _names(folder / "dashboards") == FILES
    assert b"mimir-1" in (folder / "dashboards" / FILES[0]).read_bytes()
    for name in ("datasources/chaos-otel.yaml", "dashboards/chaos-otel.yaml"):
        ours = OURS.parent / "provisioning" / name
        assert (folder / "provisioning" / name).read_bytes() == ours.read_bytes()


def test_what_is_no_uid_is_refused(call: Caller) -> None:
    """A name with a space: status 2, what to copy instead, and no file."""
    done = call("dashboards", "export", ".", "--datasource", "my Prometheus")
    assert (done.returncode, done.stdout) == (2, "")
    assert "'my Prometheus' is no uid" in done.stderr and "edit/UID" in done.stderr
    assert _names(call.project) == []


def test_a_folder_that_cannot_be_written_is_told(call: Caller) -> None:
    """Status 1, the path, the reason and what to do; no draft is left behind."""
    (call.project / "file").touch()
    done = call("dashboards", "export", "file/below")
    assert (done.returncode, done.stdout) == (1, "")
    assert "cannot write file/below" in done.stderr and "choose a folder" in done.stderr
    assert _names(call.project) == ["file"]
