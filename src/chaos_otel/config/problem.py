"""What is wrong with a setting: where, what was seen, what to do."""

from __future__ import annotations

from typing import NamedTuple


class Problem(NamedTuple):
    """One thing wrong. `place` is a variable, or a file with a line after a colon."""

    place: str
    message: str
    remedy: str = ""
    key: str = ""

    def __str__(self) -> str:
        line = f"{self.place}: {self.message}"
        return f"{line}; {self.remedy}" if self.remedy else line


def what_and_remedy(said: ValueError | str) -> tuple[str, str]:
    """The two halves of `what is wrong: what to do`, as all say it that read a setting's value."""
    what, _, remedy = str(said).partition(": ")
    return what, remedy
