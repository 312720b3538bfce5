"""Folders and files that only we may use."""

from __future__ import annotations

import os
import stat
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from chaos_otel.config import folders
from chaos_otel.config.environment import Environment
from chaos_otel.errors import StateError

_STRANGER = 65534


def _env(**values: object) -> Environment:
    return Environment.of_block([f"{name}={value}".encode() for name, value in values.items()])


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def _as_stranger(work: Callable[[], None]) -> None:
    """Run `work` in a child with another user id; its assertion errors become ours."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to become another user")
    pid = os.fork()
    if pid == 0:
        status = 1
        try:
            os.setgroups([])
            os.setgid(_STRANGER)
            os.setuid(_STRANGER)
            work()
            status = 0
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(status)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0


@pytest.fixture
def open_tmp(tmp_path: Path) -> Path:
    """A folder that every user can reach and write to (pytest's own are closed to others)."""
    for folder in (tmp_path, *tmp_path.parents):
        if folder.stat().st_uid != os.geteuid() or _mode(folder) & 0o005 == 0o005:
            continue
        folder.chmod(_mode(folder) | 0o055)
    tmp_path.chmod(0o777)
    return tmp_path


def test_the_state_folder_is_the_one_that_was_asked_for(tmp_path: Path) -> None:
    """CHAOS_OTEL_STATE_DIR beats XDG_STATE_HOME beats HOME."""
    home = _env(HOME=tmp_path)
    xdg = _env(HOME=tmp_path, XDG_STATE_HOME="/x/state")
    asked = _env(HOME=tmp_path, XDG_STATE_HOME="/x/state", CHAOS_OTEL_STATE_DIR="/y")
    assert folders.state_folder(home) == f"{tmp_path}/.local/state/chaos-otel"
    assert folders.state_folder(xdg) == "/x/state/chaos-otel"
    assert folders.state_folder(asked) == "/y"


def test_a_relative_state_folder_is_made_absolute() -> None:
    """The run may change its folder; the state stays where it was."""
    assert folders.state_folder(_env(CHAOS_OTEL_STATE_DIR="here")) == os.path.abspath("here")


def test_a_relative_xdg_value_is_ignored(tmp_path: Path) -> None:
    """The XDG specification: paths that are not absolute are invalid and to be ignored."""
    env = _env(HOME=tmp_path, XDG_STATE_HOME="relative", XDG_CONFIG_HOME="relative")
    assert folders.state_folder(env) == f"{tmp_path}/.local/state/chaos-otel"
    assert folders.config_folder(env) == f"{tmp_path}/.config/chaos-otel"


@pytest.mark.parametrize("home", [{}, {"HOME": ""}, {"HOME": "relative"}])
def test_without_a_home_the_error_tells_what_to_set(home: dict[str, str]) -> None:
    """No HOME, or one that is no absolute path: what to do stands in the message."""
    with pytest.raises(StateError, match=r"HOME is not set.*CHAOS_OTEL_STATE_DIR"):
        folders.state_folder(_env(**home))


def test_the_runtime_folder_is_the_session_s_where_it_is_ours(tmp_path: Path) -> None:
    """XDG_RUNTIME_DIR counts if it is a folder of ours, else memory shared by all."""
    mine, shared = f"{tmp_path}/chaos-otel", f"/dev/shm/chaos-otel-{os.geteuid()}"
    assert folders.runtime_folder(_env(XDG_RUNTIME_DIR=tmp_path)) == mine
    assert folders.runtime_folder(_env(XDG_RUNTIME_DIR=tmp_path / "missing")) == shared
    assert folders.runtime_folder(_env()) == shared


def test_a_runtime_folder_of_somebody_else_is_not_used(open_tmp: Path) -> None:
    """`su` keeps XDG_RUNTIME_DIR of the first user; what is theirs is not used."""

    def work() -> None:
        found = folders.runtime_folder(_env(XDG_RUNTIME_DIR=open_tmp))
        assert found == f"/dev/shm/chaos-otel-{_STRANGER}"

    _as_stranger(work)


def test_a_private_folder_is_made_with_all_above_it(tmp_path: Path) -> None:
    """Every folder that is made is 0700, whatever the umask."""
    path = tmp_path / "a" / "b" / "c"
    before = os.umask(0o777)
    try:
        assert folders.private_folder(str(path)) == str(path)
    finally:
        os.umask(before)
    assert [_mode(p) for p in (path, path.parent, path.parent.parent)] == [0o700] * 3


def test_a_private_folder_is_tightened(tmp_path: Path) -> None:
    """A folder of ours that others may enter is closed to them."""
    path = tmp_path / "open"
    path.mkdir(mode=0o755)
    folders.private_folder(str(path))
    assert _mode(path) == 0o700


def test_a_link_in_its_place_is_refused(tmp_path: Path) -> None:
    """A link may lead to a place that somebody else chose; what it leads to stays as it was."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.mkdir(mode=0o755)
    link.symlink_to(target)
    with pytest.raises(StateError, match=r"link is a symbolic link, not a folder; move it away"):
        folders.private_folder(str(link))
    assert _mode(target) == 0o755


def test_a_file_in_its_place_is_refused(tmp_path: Path) -> None:
    """The message names what stands there and what to do."""
    path = tmp_path / "file"
    path.write_text("")
    with pytest.raises(StateError, match=r"file is a file, not a folder.*CHAOS_OTEL_STATE_DIR"):
        folders.private_folder(str(path))


@pytest.mark.parametrize("above", ["file", "dangling"])
def test_what_cannot_be_made_is_an_error_of_ours(tmp_path: Path, above: str) -> None:
    """A file or a dangling link above it: one error with a remedy, and no endless attempt."""
    (tmp_path / "file").write_text("")
    (tmp_path / "dangling").symlink_to(tmp_path / "nowhere")
    with pytest.raises(StateError, match=r"cannot use the folder .*CHAOS_OTEL_STATE_DIR"):
        folders.private_folder(str(tmp_path / above / "a" / "b"))


def test_a_folder_of_another_user_is_refused(open_tmp: Path) -> None:
    """Who owns the folder can read what is written to it: refused, and not changed."""
    foreign = open_tmp / "foreign"
    foreign.mkdir()
    foreign.chmod(0o777)

    def work() -> None:
        with pytest.raises(StateError, match=f"belongs to user {os.stat(foreign).st_uid}"):
            folders.private_folder(str(foreign))

    _as_stranger(work)
    assert _mode(foreign) == 0o777


def test_a_folder_that_cannot_be_made_is_an_error_of_ours(open_tmp: Path) -> None:
    """No permission to write where the state is to be: named, with a remedy."""
    closed = open_tmp / "closed"
    closed.mkdir(mode=0o755)

    def work() -> None:
        with pytest.raises(StateError, match="permission denied"):
            folders.private_folder(str(closed / "state"))

    _as_stranger(work)


def test_a_private_file_is_ours_alone_and_closed_on_exec(tmp_path: Path) -> None:
    """A new file is 0600 and does not reach the command."""
    path = tmp_path / "file"
    fd = folders.open_private(str(path), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        assert _mode(path) == 0o600
        assert not os.get_inheritable(fd)
        assert os.get_blocking(fd)
    finally:
        os.close(fd)


def test_an_open_file_of_ours_is_tightened(tmp_path: Path) -> None:
    """A file that others may read is closed to them before we write to it."""
    path = tmp_path / "file"
    path.write_text("old")
    path.chmod(0o644)
    os.close(folders.open_private(str(path), os.O_RDONLY))
    assert _mode(path) == 0o600
    assert path.read_text() == "old"


def test_a_file_is_truncated_when_asked(tmp_path: Path) -> None:
    """O_TRUNC works, though after the check."""
    path = tmp_path / "file"
    path.write_text("old")
    os.close(folders.open_private(str(path), os.O_WRONLY | os.O_TRUNC))
    assert path.read_text() == ""


def test_a_link_to_a_file_is_not_followed(tmp_path: Path) -> None:
    """Not even with O_TRUNC: the file that it leads to stays whole."""
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("precious")
    link.symlink_to(target)
    with pytest.raises(StateError, match="is a symbolic link"):
        folders.open_private(str(link), os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    assert target.read_text() == "precious"


def test_a_fifo_in_its_place_does_not_hold_us(tmp_path: Path) -> None:
    """Opening a FIFO waits for its other end; we are not made to wait."""
    path = tmp_path / "fifo"
    os.mkfifo(path)
    with pytest.raises(StateError, match="is a FIFO, not a file"):
        folders.open_private(str(path), os.O_RDONLY)


def test_missing_and_existing_are_answers(tmp_path: Path) -> None:
    """A reader may ask whether a file is there, a maker whether it was first."""
    path = str(tmp_path / "file")
    with pytest.raises(FileNotFoundError):
        folders.open_private(path, os.O_RDONLY)
    os.close(folders.open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
    with pytest.raises(FileExistsError):
        folders.open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)


def test_a_file_of_another_user_is_refused(open_tmp: Path) -> None:
    """A file that another user made and opened to all may be a trap; it is not even truncated."""
    foreign = open_tmp / "foreign"
    foreign.write_text("theirs")
    foreign.chmod(0o666)

    def work() -> None:
        with pytest.raises(StateError, match="belongs to user"):
            folders.open_private(str(foreign), os.O_WRONLY | os.O_TRUNC)

    _as_stranger(work)
    assert foreign.read_text() == "theirs"


def test_refusals_leave_no_descriptor_open(tmp_path: Path) -> None:
    """A refused file is closed again."""
    (tmp_path / "folder").mkdir()
    before = os.listdir("/proc/self/fd")
    for _ in range(20):
        with pytest.raises(StateError, match="is a folder, not a file"):
            folders.open_private(str(tmp_path / "folder"), os.O_RDONLY)
    assert os.listdir("/proc/self/fd") == before


def test_quarantine_moves_the_folder_whole(tmp_path: Path) -> None:
    """The damaged folder is kept, beside the place that is free again, named by the time in UTC."""
    path = tmp_path / "state"
    path.mkdir()
    (path / "journal").write_text("x")
    moved = folders.quarantine(str(path), wall_ns=1_700_000_000 * 10**9)
    assert moved == f"{path}.corrupt-20231114T221320"
    assert Path(moved, "journal").read_text() == "x"
    assert not path.exists()


def test_quarantine_replaces_nothing(tmp_path: Path) -> None:
    """Twice in one second gives two folders."""
    path = tmp_path / "state"
    moved = []
    for number in range(3):
        path.mkdir()
        (path / "which").write_text(str(number))
        moved.append(folders.quarantine(str(path), wall_ns=0))
    assert [Path(folder, "which").read_text() for folder in moved] == ["0", "1", "2"]


def test_quarantine_of_what_is_gone_is_an_error(tmp_path: Path) -> None:
    """Another process may have been faster; the caller hears of it."""
    with pytest.raises(StateError, match="cannot move the damaged folder"):
        folders.quarantine(str(tmp_path / "gone"))
