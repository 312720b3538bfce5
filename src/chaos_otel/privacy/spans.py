"""What a detector returns, and how what it found is masked; knows no pattern."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

MASK = "[REDACTED]"
MASK_BYTES = MASK.encode("ascii")

WORD_ENDS = " \t\"'"
LINE_END = "\n"


class Found(NamedTuple):
    """A secret at `start` up to `end`.

    `reach` is where that begins which gives it away (the key, the option, the scheme): whoever cuts
    the text between `reach` and `end` hides the secret from us. One of the characters `ends` ends
    it: where a very long line is cut, what follows belongs to it up to there.
    """

    reach: int
    start: int
    end: int
    ends: str = WORD_ENDS


def masked(text: str, found: Sequence[Found]) -> tuple[str, int]:
    """The text with one mask for each stretch of secrets that overlap or touch, and how many."""
    stretches = merged(found)
    parts: list[str] = []
    at = 0
    for start, end in stretches:
        parts += text[at:start], MASK
        at = end
    parts.append(text[at:])
    return "".join(parts), len(stretches)


def merged(found: Sequence[Found]) -> list[tuple[int, int]]:
    """The stretches of secrets, in order, apart from each other; empty ones are left out."""
    stretches: list[tuple[int, int]] = []
    for start, end in sorted((one.start, one.end) for one in found if one.start < one.end):
        if stretches and start <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], max(end, stretches[-1][1]))
        else:
            stretches.append((start, end))
    return stretches
