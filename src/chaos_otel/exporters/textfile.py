"""A metrics file for node_exporter's textfile collector: whole or not there, readable by all.

Knows a folder and the text, nothing of where that comes from.
"""

from __future__ import annotations

import os

from chaos_otel.errors import MetricsError

FILE = "chaos_otel.prom"
# node_exporter has a user of its own
MODE = 0o644


def write_textfile(folder: str, text: bytes) -> str:
    """Put `text` into FOLDER/chaos_otel.prom by one rename; returns that path.

    A reader sees the old file or the new one. MetricsError where it cannot be written, and then
    nothing has changed.
    """
    path = f"{folder}/{FILE}"
    fresh = f"{folder}/.{FILE}.{os.getpid()}"  # node_exporter takes what ends with .prom
    try:
        _write(fresh, text)
        try:
            os.replace(fresh, path)
        except OSError:
            os.unlink(fresh)
            raise
    except OSError as error:
        raise MetricsError(
            f"cannot write {path} ({(error.strerror or str(error)).lower()})",
            hint="name a folder that you may write to and node_exporter reads "
            "(--collector.textfile.directory)",
        ) from error
    return path


def _write(path: str, text: bytes) -> None:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
    try:
        fd = os.open(path, flags, MODE)
    except FileExistsError:
        os.unlink(path)  # of one that was killed, long ago: it had our process id
        fd = os.open(path, flags, MODE)
    try:
        os.fchmod(fd, MODE)  # whatever the umask took
        rest = memoryview(text)
        while rest:
            rest = rest[os.write(fd, rest) :]
    except OSError:
        os.unlink(path)
        raise
    finally:
        os.close(fd)
