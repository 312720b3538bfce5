"""`chaos-otel collector-config export`: what installs with us, and nobody's changes lost."""

from __future__ import annotations

from pathlib import Path

from .conftest import Caller

ROOT = Path(__file__).parents[2]
OURS = ROOT / "collector-config"
FILES = {
    path.relative_to(OURS).as_posix(): path.read_bytes()
    for path in OURS.rglob("*")
    if path.is_file()
} | {"docs/alerts.md": (ROOT / "docs" / "alerts.md").read_bytes()}


def _there(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_all_files_are_written_as_they_are(call: Caller) -> None:
    """Byte for byte, with the page that the alerts name; each path on stdout."""
    done = call("collector-config", "export", "new/folder")
    assert done.returncode == 0, done.stderr
    assert _there(call.project / "new" / "folder") == FILES
    assert sorted(done.stdout.split()) == sorted(f"new/folder/{name}" for name in FILES)


def test_a_file_that_was_changed_stays(call: Caller) -> None:
    """It is named, and the status is 1; the others are written; a second time as well."""
    call("collector-config", "export", ".")
    (call.project / "agent.yaml").write_text("mine")
    (call.project / "gateway.yaml").unlink()
    for _ in range(2):
        done = call("collector-config", "export", ".")
        assert done.returncode == 1
        assert "left as they are: agent.yaml; --force" in done.stderr
        assert _there(call.project) == FILES | {"agent.yaml": b"mine"}


def test_force_replaces_what_was_changed(call: Caller) -> None:
    """And only what is ours: a file of another name stays."""
    (call.project / "agent.yaml").write_text("mine")
    (call.project / "override.yaml").write_text("mine, too")
    done = call("collector-config", "export", ".", "--force")
    assert done.returncode == 0, done.stderr
    assert _there(call.project) == FILES | {"override.yaml": b"mine, too"}


def test_a_folder_that_cannot_be_written_is_told(call: Caller) -> None:
    """Status 1, the path, the reason and what to do."""
    (call.project / "file").touch()
    done = call("collector-config", "export", "file/below")
    assert (done.returncode, done.stdout) == (1, "")
    assert "file/below" in done.stderr and "choose a folder" in done.stderr
