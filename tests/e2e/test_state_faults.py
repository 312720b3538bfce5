"""The state folder in every bad shape: the command runs as ever, one line tells."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.e2e.installed import Installed
from tests.e2e.unnoticed import as_user, give_to, need, run_unnoticed

SOMEBODY, SOMEBODY_ELSE = 54_321, 54_322
OLD = "the report of an earlier run"


@pytest.fixture
def installed(tmp_path: Path) -> Installed:
    """The installed command in a world of its own."""
    return Installed(tmp_path)


def _old_report(installed: Installed) -> Path:
    path = installed.cwd / "chaos_report.json"
    path.write_text(OLD)
    return path


def _assert_new_report(installed: Installed) -> None:
    """The new one, whole, though the state folder was of no use."""
    assert installed.call("report", "validate", "chaos_report.json").returncode == 0
    assert installed.history()[0]["stdout"] == "out\nmore\n"


def _mounted(path: Path, options: str, *more: str) -> tuple[str, ...]:
    """Start a command with a file system of its own at `path`."""
    path.mkdir(exist_ok=True)
    inner = "".join(f"{one} && " for one in (f'mount -t tmpfs -o {options} none "$0"', *more))
    around = ("unshare", "-m", "sh", "-c", f'{inner}exec "$@"', str(path))
    tried = subprocess.run([*around, "true"], capture_output=True, check=False)
    if tried.returncode:
        need(f"to mount: {tried.stderr.decode(errors='replace').strip()}")
    return around


FILL = 'dd if=/dev/zero of="$0/fill" bs=4096 count=1024 >/dev/null 2>&1; :'


def test_a_full_state_folder(installed: Installed) -> None:
    """The run is kept in memory, its report is written, one line says what is full."""
    _old_report(installed)
    said = run_unnoticed(installed, around=_mounted(installed.state, "size=64k", FILL))
    assert "no space" in said and str(installed.state) in said
    _assert_new_report(installed)


def test_a_state_folder_without_a_free_inode(installed: Installed) -> None:
    """ENOSPC for a folder."""
    around = _mounted(installed.state, "nr_inodes=3", 'touch "$0/a" "$0/b" 2>&1; :')
    assert "no space" in run_unnoticed(installed, around=around)
    _assert_new_report(installed)


def test_a_state_folder_that_fills_up_in_the_middle(installed: Installed) -> None:
    """What is lost is told; what is written is in the report, and its status is the command's."""
    fill_up = "dd if=/dev/zero of=../state/fill bs=4096 count=1024 2>&1 | sed -n /x/p"
    script = (
        f"echo begun; sleep 1; {fill_up}; i=0; while [ $i -lt 3000 ]; do echo $i; i=$((i+1)); done"
    )
    around = _mounted(installed.state, "size=2m")
    said = run_unnoticed(installed, around=around, command=("sh", "-c", script))
    assert "no space" in said
    assert installed.call("report", "validate", "chaos_report.json").returncode == 0
    assert installed.history()[0]["stdout"].startswith("begun\n")
    assert installed.report()["summary"]["status"] == "success"


def test_no_room_for_the_report(installed: Installed) -> None:
    """The old one stays, nothing is left beside it, one line names it."""
    place = installed.cwd / "reports"
    put_old = f'echo -n "{OLD}" >"$0/r.json"'
    around = _mounted(place, "size=64k", put_old, FILL)
    look = ("sh", "-c", '"$@"; s=$?; ls -A reports; cat reports/r.json; exit $s', "sh")
    ours = installed.bare(
        *around, *look, installed.command, "run", "-q", "--report", "reports/r.json", "--",
        "sh", "-c", "echo out; exit 7", timeout=60,
    )  # fmt: skip
    assert (ours.returncode, ours.stdout) == (7, f"out\nfill\nr.json\n{OLD}".encode())
    assert ours.stderr.count(b"\n") == 1 and b"no space" in ours.stderr


def test_a_report_folder_that_may_only_be_read(installed: Installed) -> None:
    """EROFS: the old report stays."""
    place = installed.cwd / "reports"
    remount = 'mount -o remount,ro "$0"'
    around = _mounted(place, "size=64k", f'echo -n "{OLD}" >"$0/r.json"', remount)
    said = run_unnoticed(
        installed,
        around=around,
        options=("--report", "reports/r.json"),
        command=("sh", "-c", "cat reports/r.json"),
    )
    assert "read-only" in said and "r.json" in said


def test_a_state_folder_that_may_only_be_read(installed: Installed) -> None:
    """EROFS."""
    around = _mounted(installed.state, "size=64k,ro")
    assert "read-only" in run_unnoticed(installed, around=around)
    _assert_new_report(installed)


def test_a_used_state_folder_that_may_only_be_read(installed: Installed) -> None:
    """EROFS where runs, reports and key are there already."""
    installed.run("true")
    here = str(installed.state)
    bind = f'mount --bind "{here}" "{here}" && mount -o remount,bind,ro "{here}"'
    around = ("unshare", "-m", "sh", "-c", f'{bind} && exec "$@"', "sh")
    if subprocess.run([*around, "true"], capture_output=True, check=False).returncode:
        need("to mount")
    assert "read-only" in run_unnoticed(installed, around=around)
    _assert_new_report(installed)


def test_a_state_folder_of_somebody_else(installed: Installed) -> None:
    """Neither used nor changed."""
    installed.state.mkdir()
    around = as_user(SOMEBODY)
    give_to(SOMEBODY, installed.cwd, installed.home, installed.runtime)
    give_to(SOMEBODY_ELSE, installed.state)
    installed.state.chmod(0o777)
    said = run_unnoticed(installed, around=around)
    assert "belongs to user" in said
    assert list(installed.state.iterdir()) == []
    assert installed.state.stat().st_mode & 0o777 == 0o777
    _assert_new_report(installed)


def test_a_home_that_may_not_be_written_to(installed: Installed) -> None:
    """A user without a home of his own, as services often are."""
    del installed.env["CHAOS_OTEL_STATE_DIR"]
    around = as_user(SOMEBODY)
    give_to(SOMEBODY, installed.cwd, installed.runtime)
    assert "permission denied" in run_unnoticed(installed, around=around)
    _assert_new_report(installed)


@pytest.mark.parametrize("home", [None, "", "relative", "/nonexistent/home", "/dev/null"])
def test_no_home(installed: Installed, home: str | None) -> None:
    """Unset, empty, relative, missing, not a folder: the run is kept in memory."""
    del installed.env["CHAOS_OTEL_STATE_DIR"]
    del installed.env["HOME"]
    if home is not None:
        installed.env["HOME"] = home
    around = as_user(SOMEBODY) if home == "/nonexistent/home" else ()
    give_to(SOMEBODY if around else os.geteuid(), installed.cwd, installed.runtime)
    assert "memory" in run_unnoticed(installed, around=around)
    _assert_new_report(installed)
    assert not (installed.cwd / "relative").exists()


def test_a_run_in_memory_can_be_recovered_and_is_not_kept_for_ever(installed: Installed) -> None:
    """Memory is no archive: a run that was delivered leaves it."""
    installed.env["CHAOS_OTEL_STATE_DIR"] = "/dev/null/state"
    assert "memory" in run_unnoticed(installed)
    _assert_new_report(installed)


def _symlink(path: Path) -> None:
    elsewhere = path.with_name("elsewhere")
    elsewhere.mkdir()
    path.symlink_to(elsewhere)


def _dangling(path: Path) -> None:
    path.symlink_to(path.with_name("elsewhere"))


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as made:
        made.bind(f"/proc/self/fd/{(fd := os.open(path.parent, os.O_RDONLY))}/{path.name}")
    os.close(fd)


def _device(path: Path) -> None:
    if os.geteuid():
        need("root: a device")
    os.mknod(path, 0o600 | 0o020000, os.makedev(1, 3))


def _file(path: Path) -> None:
    path.write_bytes(b"mine")


INSTEAD: dict[str, Callable[[Path], None]] = {
    "symlink": _symlink,
    "dangling": _dangling,
    "file": _file,
    "fifo": os.mkfifo,
    "socket": _socket,
    "device": _device,
}


@pytest.mark.parametrize("what", INSTEAD)
@pytest.mark.parametrize("place", ["", "runs", "reports"])
def test_something_else_in_a_folders_place(installed: Installed, place: str, what: str) -> None:
    """A damaged folder moves aside, a link or anything else is left alone; the report is there."""
    _old_report(installed)
    path = installed.state / place
    path.parent.mkdir(exist_ok=True)
    INSTEAD[what](path)
    said = run_unnoticed(installed)
    assert str(path) in said
    moved = list(path.parent.glob(f"{path.name}.corrupt-*"))
    if what == "file":
        assert path.is_dir() and moved[0].read_bytes() == b"mine"
    else:
        assert not moved and os.path.lexists(path)
    elsewhere = path.with_name("elsewhere")
    assert not elsewhere.exists() or list(elsewhere.iterdir()) == []
    _assert_new_report(installed)


@pytest.mark.parametrize("what", INSTEAD)
def test_something_else_in_the_keys_place(installed: Installed, what: str) -> None:
    """No pseudonym then; nothing is read from it or written to it."""
    installed.state.mkdir()
    path = installed.state / "user.key"
    INSTEAD[what](path)
    run_unnoticed(installed)
    assert "user.hash" not in installed.records("run.started")[0]["attributes"]
    assert what != "file" or path.read_bytes() == b"mine"
    assert not path.with_name("elsewhere").is_file()
    _assert_new_report(installed)


@pytest.mark.parametrize("what", INSTEAD)
def test_something_else_in_the_reports_own_place(installed: Installed, what: str) -> None:
    """A file is replaced; anything else stays what it is, and one line tells."""
    path = installed.cwd / "chaos_report.json"
    INSTEAD[what](path)
    kind = os.lstat(path).st_mode
    said = run_unnoticed(installed)
    if what == "file":
        assert not said
        _assert_new_report(installed)
        return
    assert "chaos_report.json" in said
    assert os.lstat(path).st_mode == kind
    assert list(installed.cwd.glob(".chaos*")) == []


def test_a_report_in_a_folder_that_is_not_there(installed: Installed) -> None:
    """Told; nobody makes it."""
    said = run_unnoticed(installed, options=("--report", "none/r.json"))
    assert "there is no folder" in said
    assert not (installed.cwd / "none").exists()


def test_a_report_that_cannot_be_written_is_told_of_once_more(installed: Installed) -> None:
    """Each later run told of it. Now the next one puts it beside the journal, and says where."""
    run_unnoticed(installed, options=("--report", "none/r.json"))
    aside = installed.journals()[0].with_name("chaos_report.json")
    said = run_unnoticed(installed)
    assert "there is no folder" in said and said.endswith(f"it lies in {aside}")
    assert aside.is_file()
    assert run_unnoticed(installed) == ""


@pytest.mark.parametrize("runtime", ["", "relative", "/nonexistent/run", "/dev/null", "/"])
def test_a_runtime_folder_that_is_none(installed: Installed, runtime: str) -> None:
    """Then /dev/shm serves."""
    uid = _nobody_elses_uid()
    if runtime == "/":  # a folder, and not ours
        around = as_user(uid)
        give_to(uid, installed.cwd, installed.home, installed.cwd.parent)
    else:
        around = ()
    installed.env["XDG_RUNTIME_DIR"] = runtime
    try:
        assert run_unnoticed(installed, around=around) == ""
        _assert_new_report(installed)
    finally:
        shutil.rmtree(f"/dev/shm/chaos-otel-{uid}", ignore_errors=True)


def _nobody_elses_uid() -> int:
    """Its folder in /dev/shm is deleted by the test that made it, under no other test's run."""
    return 60_000 + os.getpid() % 5_000


@pytest.mark.parametrize("trap", ["symlink", "folder", "file"])
def test_a_trap_in_dev_shm(installed: Installed, tmp_path: Path, trap: str) -> None:
    """The name can be guessed: what another user put there is neither followed nor written to."""
    uid = _nobody_elses_uid()
    around = as_user(uid)
    give_to(uid, installed.cwd, installed.home, tmp_path)
    prey = tmp_path / "prey"
    prey.mkdir()
    give_to(uid, prey)
    del installed.env["XDG_RUNTIME_DIR"]
    path = Path(f"/dev/shm/chaos-otel-{uid}")
    try:
        if trap == "symlink":
            path.symlink_to(prey)
        elif trap == "folder":
            path.mkdir(mode=0o777)
            path.chmod(0o777)
        else:
            path.write_bytes(b"")
            path.chmod(0o666)
        os.lchown(path, SOMEBODY_ELSE, SOMEBODY_ELSE)
        said = run_unnoticed(installed, around=around)
        assert str(path) in said
        assert list(prey.iterdir()) == []
        assert trap != "folder" or list(path.iterdir()) == []
        assert trap != "file" or path.read_bytes() == b""
    finally:
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


@pytest.mark.parametrize("mode", [0o777, 0o000, 0o500])
def test_folders_of_ours_with_other_rights(installed: Installed, mode: int) -> None:
    """What is ours is made private again, and used."""
    installed.run("true")
    ours = [installed.state, installed.state / "runs", installed.runtime / "chaos-otel"]
    for folder in ours:
        folder.chmod(mode)
    assert run_unnoticed(installed) == ""
    assert {folder.stat().st_mode & 0o777 for folder in ours} == {0o700}
    _assert_new_report(installed)


def test_a_working_folder_that_is_gone(installed: Installed) -> None:
    """Deleted under the command: it runs and is recorded, there is no place for a report. The one
    that was, `/`, is nobody's wish."""
    gone = installed.cwd / "gone"
    around = ("sh", "-c", 'mkdir "$0" && cd "$0" && rmdir "$0" && exec "$@"', str(gone))
    said = run_unnoticed(installed, around=around)
    assert f"there is no folder {gone} (deleted)" in said
    assert installed.records("run.ended")


def test_a_state_folder_deleted_under_a_run(installed: Installed) -> None:
    """The open journal is enough for the report."""
    command = ("sh", "-c", 'sleep 0.5; rm -rf "$0"; echo out; exit 7', str(installed.state))
    run_unnoticed(installed, command=command)
