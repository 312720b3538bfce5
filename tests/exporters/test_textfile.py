"""A file for node_exporter: whole or not there, and readable."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from chaos_otel.errors import MetricsError
from chaos_otel.exporters.textfile import write_textfile


def test_everybody_may_read_it_whatever_the_umask(tmp_path: Path) -> None:
    """node_exporter has a user of its own."""
    before = os.umask(0o077)
    try:
        path = write_textfile(str(tmp_path), b"x 1\n")
    finally:
        os.umask(before)
    assert path == f"{tmp_path}/chaos_otel.prom"
    assert os.stat(path).st_mode & 0o777 == 0o644


def test_a_reader_never_sees_half_of_it(tmp_path: Path) -> None:
    """It is one of the two, whole, while it is replaced again and again."""
    texts = [b"a 1\n" * 50_000, b"b 2\n" * 80_000]
    path = write_textfile(str(tmp_path), texts[0])
    over = threading.Event()

    def write() -> None:
        for number in range(100):
            write_textfile(str(tmp_path), texts[number % 2])
        over.set()

    writing = threading.Thread(target=write)
    writing.start()
    reads = 0
    while not over.is_set():
        assert Path(path).read_bytes() in texts
        reads += 1
    writing.join()
    assert reads
    assert os.listdir(tmp_path) == ["chaos_otel.prom"]


def test_a_link_in_its_place_is_replaced_and_not_followed(tmp_path: Path) -> None:
    """The folder may be one that others write to."""
    victim = tmp_path / "victim"
    victim.write_text("precious")
    folder = tmp_path / "textfiles"
    folder.mkdir()
    (folder / "chaos_otel.prom").symlink_to(victim)
    (folder / f".chaos_otel.prom.{os.getpid()}").symlink_to(victim)
    write_textfile(str(folder), b"x 1\n")
    assert victim.read_text() == "precious"
    assert (folder / "chaos_otel.prom").read_bytes() == b"x 1\n"
    assert os.listdir(folder) == ["chaos_otel.prom"]


def test_what_cannot_be_written_leaves_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk gives a short write first; then there is the old file, no other, and a reason."""
    write_textfile(str(tmp_path), b"old 1\n")
    answers = iter([3])

    def write(fd: int, data: bytes) -> int:
        count = next(answers, 0)
        if not count:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return count

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(MetricsError, match="no space left on device"):
            write_textfile(str(tmp_path), b"new 2\n")
    assert (tmp_path / "chaos_otel.prom").read_bytes() == b"old 1\n"
    assert os.listdir(tmp_path) == ["chaos_otel.prom"]


@pytest.mark.parametrize("folder", ["/proc/none", "/dev/null"])
def test_a_folder_that_is_none_is_told_with_a_remedy(folder: str) -> None:
    """In one line."""
    with pytest.raises(MetricsError, match="node_exporter reads") as refused:
        write_textfile(folder, b"x 1\n")
    assert "\n" not in str(refused.value)
