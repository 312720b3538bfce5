"""The command's words as bytes."""

from __future__ import annotations

import subprocess
import sys

from chaos_otel.runner.command import own_arguments

SHOW = (
    "import sys; from chaos_otel.runner.command import own_arguments; "
    "print(own_arguments(int(sys.argv[1])))"
)


def test_the_last_words_byte_for_byte() -> None:
    """Empty ones and what is no text included."""
    words = [b"3", b"--", b"\xff\xe4", b"", b"a\nb"]
    done = subprocess.run([sys.executable, "-c", SHOW, *words], capture_output=True, check=True)
    assert done.stdout.strip() == repr(words[-3:]).encode()


def test_none_asked_for() -> None:
    """No words."""
    assert own_arguments(0) == []
