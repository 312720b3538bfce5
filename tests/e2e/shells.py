"""The shells that the library is for, and a listener that stands where capture would."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import pytest

from chaos_otel import emit
from chaos_otel.clock import now
from chaos_otel.records import Damage, Record
from chaos_otel.sources.inbox import InboxDecoder, Parsed

LIBRARY = Path(emit.__file__).with_name("utils.sh")
TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
OUTSIDE = "0" * 16
NONCE = "5ca1ab1e"
_MARK = re.compile(rb"\x1b_chaos:" + NONCE.encode() + rb":([0-9a-f]{16})\x1b\\")

SHELLS: Mapping[str, tuple[str, ...]] = {
    "bash": ("bash",),
    "bash-posix": ("bash", "--posix"),
    "dash": ("dash",),
    "busybox": ("busybox", "ash"),
    "zsh": ("zsh", "-f"),
    "zsh-ksh": ("zsh", "--emulate", "ksh", "-f"),
    "mksh": ("mksh",),
    "ksh93": ("ksh93",),
}
_T = TypeVar("_T", bound=Record)


@dataclass(frozen=True)
class Heard:
    """What a script did: its status, its outputs with their marks, its inbox."""

    status: int
    out: bytes
    err: bytes
    parsed: tuple[Parsed, ...]

    @property
    def records(self) -> list[Record]:
        """All records, in order."""
        return [one.record for one in self.parsed]

    def all(self, kind: type[_T]) -> list[_T]:
        """The records of one kind."""
        return [record for record in self.records if isinstance(record, kind)]

    def one(self, kind: type[_T]) -> _T:
        """The only record of its kind."""
        (record,) = self.all(kind)
        return record

    @property
    def stdout(self) -> bytes:
        """Without marks."""
        return _MARK.sub(b"", self.out)

    @property
    def stderr(self) -> bytes:
        """Without marks."""
        return _MARK.sub(b"", self.err)


def whose(output: bytes) -> list[tuple[str, bytes]]:
    """The non-empty pieces of an output, each with the operation that its last mark names."""
    parts = [OUTSIDE.encode(), *_MARK.split(output)]
    pieces = zip(parts[::2], parts[1::2], strict=True)
    return [(op.decode(), text) for op, text in pieces if text]


class Listener:
    """Runs scripts as `chaos-otel run` would: with an inbox, marks and a trace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.inbox = folder / "inbox"
        self.env = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "CHAOS_OTEL_INBOX": str(self.inbox),
            "CHAOS_OTEL_MARKS": f"{NONCE}:{folder / 'out'}:{folder / 'err'}",
            "TRACEPARENT": f"00-{TRACE}-{SPAN}-01",
        }

    def run(self, shell: str, script: str, *, prelude: str = "", wrap: Iterable[str] = ()) -> Heard:
        """Source the library behind `prelude` and run `script`; a shell that is not there skips."""
        path = self.folder / "script.sh"
        path.write_bytes(f"{prelude}\n. {LIBRARY}\n{script}\n".encode("utf-8", "surrogateescape"))
        return self.run_file(shell, path, wrap=wrap)

    def run_file(self, shell: str, path: Path, *, wrap: Iterable[str] = ()) -> Heard:
        """Run a script file."""
        command = [*wrap, *SHELLS[shell], str(path)]
        need(SHELLS[shell][0])
        self.inbox.write_bytes(b"")
        with (self.folder / "out").open("wb") as out, (self.folder / "err").open("wb") as err:
            done = subprocess.run(
                command,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                env=self.env,
                cwd=self.folder,
                timeout=240,
                check=False,
            )
        return Heard(done.returncode, self._read("out"), self._read("err"), self._parsed())

    def _read(self, name: str) -> bytes:
        return (self.folder / name).read_bytes()

    def _parsed(self) -> tuple[Parsed, ...]:
        decoder = InboxDecoder(now, since_mono_ns=0)
        return (*decoder.feed(self.inbox.read_bytes()), *decoder.finish())


def need(program: str) -> None:
    """Skip where a program is missing; where CI is set that is a failure."""
    if shutil.which(program) is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is missing")
        pytest.skip(f"{program} is missing")


def assert_undamaged(heard: Heard) -> None:
    """Every line was whole."""
    assert heard.all(Damage) == []
