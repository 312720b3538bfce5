"""The revision of a folder, compared with what git itself says."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos_otel import semconv
from chaos_otel.config.revision import revision

_GIT_ENV = {
    "PATH": os.environ["PATH"],
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": "/dev/null",
    **{f"GIT_{who}_{what}": "x@y" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
}


def git(folder: Path, *words: str) -> str:
    result = subprocess.run(
        ["git", "-C", str(folder), *words], env=_GIT_ENV, capture_output=True, text=True, check=True
    )
    return result.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    if shutil.which("git") is None and "CI" not in os.environ:
        pytest.skip("needs git")
    folder = tmp_path / "repository"
    folder.mkdir()
    git(folder, "init", "-q", "-b", "trunk/one")
    git(folder, "commit", "-q", "--allow-empty", "-m", "first")
    git(folder, "remote", "add", "other", "https://other/x")
    git(folder, "remote", "add", "origin", "https://me:hunter2@host/o/r.git")
    return folder


def test_a_branch_with_its_revision_and_origin(repository: Path) -> None:
    """From any folder below; the address without who reads it."""
    below = repository / "a" / "b"
    below.mkdir(parents=True)
    expected = {
        semconv.VCS_REF_HEAD_NAME: "trunk/one",
        semconv.VCS_REF_HEAD_TYPE: "branch",
        semconv.VCS_REF_HEAD_REVISION: git(repository, "rev-parse", "HEAD"),
        semconv.VCS_REPOSITORY_URL: "https://host/o/r",
    }
    assert revision(str(repository)) == expected
    assert revision(str(below)) == expected


def test_packed_refs(repository: Path) -> None:
    """After `git gc` a branch has no file of its own."""
    git(repository, "pack-refs", "--all")
    assert not (repository / ".git" / "refs" / "heads" / "trunk" / "one").exists()
    found = revision(str(repository))
    assert found[semconv.VCS_REF_HEAD_REVISION] == git(repository, "rev-parse", "HEAD")


def test_a_detached_head(repository: Path) -> None:
    """As CI systems check out: a revision and no branch."""
    git(repository, "checkout", "-q", "--detach")
    found = revision(str(repository))
    assert found[semconv.VCS_REF_HEAD_REVISION] == git(repository, "rev-parse", "HEAD")
    assert semconv.VCS_REF_HEAD_NAME not in found


def test_a_work_tree_of_its_own(repository: Path, tmp_path: Path) -> None:
    """Its `.git` is a file; the refs and remotes are with the others."""
    git(repository, "worktree", "add", "-q", "-b", "side", str(tmp_path / "tree"))
    git(tmp_path / "tree", "commit", "-q", "--allow-empty", "-m", "second")
    found = revision(str(tmp_path / "tree"))
    assert found[semconv.VCS_REF_HEAD_NAME] == "side"
    assert found[semconv.VCS_REF_HEAD_REVISION] == git(tmp_path / "tree", "rev-parse", "HEAD")
    assert found[semconv.VCS_REPOSITORY_URL] == "https://host/o/r"


def test_before_the_first_commit(tmp_path: Path) -> None:
    """A branch without a revision."""
    (tmp_path / ".git").mkdir()
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/heads/main\n")
    assert revision(str(tmp_path)) == {
        semconv.VCS_REF_HEAD_NAME: "main",
        semconv.VCS_REF_HEAD_TYPE: "branch",
    }


def test_outside_of_a_repository(tmp_path: Path) -> None:
    """Nothing; nor for a folder that is gone."""
    assert revision(str(tmp_path)) == {}
    assert revision(str(tmp_path / "gone")) == {}


def test_a_head_that_leads_elsewhere_is_not_followed(tmp_path: Path) -> None:
    """A strange repository cannot make us read another file."""
    (tmp_path / ".git").mkdir()
    (tmp_path / "secret").write_text("a" * 40)
    (tmp_path / ".git" / "HEAD").write_text("ref: refs/../../secret\n")
    assert revision(str(tmp_path)) == {}


def test_fifos_do_not_hold_us(tmp_path: Path) -> None:
    """A FIFO in place of git's files has no writer; we do not wait for one."""
    (tmp_path / ".git").mkdir()
    os.mkfifo(tmp_path / ".git" / "HEAD")
    os.mkfifo(tmp_path / ".git" / "config")
    assert revision(str(tmp_path)) == {}


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=80), st.binary(max_size=80), st.booleans())
def test_damage_never_raises(tmp_path: Path, head: bytes, config: bytes, link: bool) -> None:
    """Whatever stands in git's files."""
    folder = tmp_path / f"damaged-{link}"
    (folder / "git").mkdir(parents=True, exist_ok=True)
    (folder / "git" / "HEAD").write_bytes(head)
    (folder / "git" / "config").write_bytes(b'[remote "x"]\nurl=' + config)
    (folder / "git" / "commondir").write_bytes(config)
    (folder / ".git").write_bytes(b"gitdir: " + (config if link else b"git"))
    assert isinstance(revision(str(folder)), dict)


def test_no_folder_has_no_revision(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where the folder that we are in was deleted."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    assert revision("") == {}
