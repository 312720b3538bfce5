"""What we say: one-liners on stderr, answers on stdout, colour only where somebody can see it.

Quick to import. Knows no command.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import NoReturn, TextIO

NAME = "chaos-otel"
_COLOURS = {"red": 31, "green": 32, "yellow": 33}


def say(text: str) -> None:
    """One line on stderr, with our name in front; lost without a word where nobody can read it."""
    stream = sys.stderr
    if stream is None:  # closed when we were started
        return
    try:
        stream.write(f"{NAME}: {printable(text)}\n")
        stream.flush()
    except (OSError, ValueError):
        pass


def write_lines(lines: Iterable[str]) -> None:
    """Lines on stderr as they are; lost without a word where nobody can read them."""
    stream = sys.stderr
    if stream is None:
        return
    try:
        stream.write("".join(f"{line}\n" for line in lines))
        stream.flush()
    except (OSError, ValueError):
        pass


def painter(colour: bool) -> Callable[[str, str], str]:
    """A function that puts a text in a colour, or, without `colour`, leaves it as it is."""
    return _paint if colour else _leave


def _paint(text: str, colour: str) -> str:
    return f"\x1b[{_COLOURS[colour]}m{text}\x1b[0m"


def _leave(text: str, colour: str) -> str:
    return text


def answer(text: str) -> None:
    """A text on stdout, with a line end; bytes that are not UTF-8 leave as they came."""
    stream = sys.stdout
    if stream is None:
        return
    stream.flush()
    stream.buffer.write(f"{text}\n".encode("utf-8", "surrogateescape"))
    stream.buffer.flush()


def wants_colour(variables: Mapping[str, str], stream: TextIO | None) -> bool:
    """Whether somebody sees colour on `stream` and has not said no (no-color.org, TERM=dumb)."""
    if stream is None or variables.get("NO_COLOR") or variables.get("TERM") == "dumb":
        return False
    try:
        return stream.isatty()
    except ValueError:
        return False


def printable(text: str) -> str:
    """The text on one line, with what steers a terminal, or is no character, written as `\\xNN`."""
    if text.isprintable():
        return text
    return "".join(one if one.isprintable() else _escaped(one) for one in text)


def forget_unwritten() -> None:
    """Drop what stdout could not take: the interpreter would try again at its end, and complain."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except (OSError, ValueError):
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, sys.__stdout__.fileno() if sys.__stdout__ else 1)
        os.close(null)


def die_interrupted() -> NoReturn:
    """End by SIGINT, as a program without a handler does: a script around us then stops, too."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.kill(os.getpid(), signal.SIGINT)
    os._exit(128 + signal.SIGINT)  # it is blocked: what a shell would say of it


def _escaped(character: str) -> str:
    return ascii(character)[1:-1]
