"""Settings files that are damaged, strange, or somebody else's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from chaos_otel.config.environment import Environment
from chaos_otel.config.files import SettingsFile, read_files
from chaos_otel.config.problem import Problem


def _read(project: Path, **variables: str) -> tuple[list[SettingsFile], list[Problem]]:
    env = Environment.of_block([f"{name}={value}".encode() for name, value in variables.items()])
    return read_files(env, str(project))


def test_no_file_is_no_problem(tmp_path: Path) -> None:
    """Nor is a home that is a file."""
    (tmp_path / "file").write_text("")
    assert _read(tmp_path, HOME=str(tmp_path / "file")) == ([], [])


def test_the_project_comes_first(tmp_path: Path) -> None:
    """Two files: the project's, then the user's from XDG_CONFIG_HOME."""
    (tmp_path / "chaos-otel.toml").write_text("quiet = true\n")
    (tmp_path / "chaos-otel").mkdir()
    (tmp_path / "chaos-otel" / "config.toml").write_text("split = true\n")
    files, problems = _read(tmp_path, XDG_CONFIG_HOME=str(tmp_path))
    assert [(file.project, file.values) for file in files] == [
        (True, {"quiet": True}),
        (False, {"split": True}),
    ]
    assert problems == []


def test_every_key_has_its_line(tmp_path: Path) -> None:
    """Plain, quoted, dotted and below a table; a table that is a setting itself has one too."""
    (tmp_path / "chaos-otel.toml").write_text(
        "quiet = true\n"
        '"split" = true\n'
        "retention . age = '1d'  # dotted\n"
        "\n"
        "[ tags ] # of ours\n"
        "a = 1\n"
        "[other.deep]\n"
        "key = 1\n"
    )
    (file,), _ = _read(tmp_path)
    assert file.values == {
        "quiet": True,
        "split": True,
        "retention.age": "1d",
        "tags": {"a": 1},
        "other.deep.key": 1,
    }
    lines = [file.lines[key] for key in file.values]
    assert lines == [1, 2, 3, 5, 8]


@pytest.mark.parametrize(
    ("content", "place", "message"),
    [
        (b"quiet = true\nnot toml\n", "chaos-otel.toml:2", "is not TOML"),
        (b"quiet = \xff\n", "chaos-otel.toml", "is not UTF-8"),
        (b"a = 1\na = 2\n", "chaos-otel.toml:2", "is not TOML"),
        (b"x = " + b"[" * 100_000, "chaos-otel.toml", "is not TOML"),
        (b"#" * (1 << 20) + b"\n", "chaos-otel.toml", "larger than 1 MiB"),
    ],
)
def test_a_damaged_file_is_one_problem(
    tmp_path: Path, content: bytes, place: str, message: str
) -> None:
    """With the line where the parser knows it; nothing of the file counts."""
    (tmp_path / "chaos-otel.toml").write_bytes(content)
    files, (problem,) = _read(tmp_path)
    assert files == []
    assert problem.place == place
    assert message in problem.message
    assert problem.remedy


def test_a_byte_order_mark_is_no_damage(tmp_path: Path) -> None:
    """Some editors write one."""
    (tmp_path / "chaos-otel.toml").write_bytes(b"\xef\xbb\xbfquiet = true\n")
    (file,), _ = _read(tmp_path)
    assert file.values == {"quiet": True}


@pytest.mark.parametrize("kind", ["fifo", "folder"])
def test_what_is_no_file_does_not_hold_us(tmp_path: Path, kind: str) -> None:
    """A FIFO in the file's place has no writer; we do not wait for one."""
    path = tmp_path / "chaos-otel.toml"
    os.mkfifo(path) if kind == "fifo" else path.mkdir()
    files, (problem,) = _read(tmp_path)
    assert files == []
    assert problem.message == "is not a file"


def test_a_file_of_somebody_else_is_ignored(tmp_path: Path) -> None:
    """In /tmp anybody may leave a chaos-otel.toml; under sudo the caller's own counts."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to give a file away")
    path = tmp_path / "chaos-otel.toml"
    path.write_text("timeout = '1s'\n")
    os.chown(path, 65534, 65534)
    files, (problem,) = _read(tmp_path)
    assert files == []
    assert problem.message == "belongs to user 65534 and is ignored"
    files, problems = _read(tmp_path, SUDO_UID="65534")
    assert [file.values for file in files] == [{"timeout": "1s"}]
    assert problems == []


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=200) | st.text("ab=.[]\"'#\n 1{}", max_size=60).map(str.encode))
def test_no_content_is_an_exception(tmp_path: Path, content: bytes) -> None:
    """Whatever stands in the file: it is read, or it is a problem."""
    (tmp_path / "chaos-otel.toml").write_bytes(content)
    files, problems = _read(tmp_path)
    assert len(files) + len(problems) == 1
