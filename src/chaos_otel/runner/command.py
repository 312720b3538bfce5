"""The command's words, byte for byte as they were given to us."""

from __future__ import annotations

import os
import sys


def own_arguments(count: int) -> list[bytes]:
    """The last `count` words that we were called with, as bytes.

    Python's decoding can be undone in most locales, not in all; where the kernel does not tell
    (no /proc), it is undone all the same.
    """
    if count <= 0:
        return []
    decoded = [os.fsencode(word) for word in sys.argv[-count:]]
    try:
        with open("/proc/self/cmdline", "rb") as file:
            words = file.read().split(b"\0")[:-1]
    except OSError:
        return decoded
    return words[-count:] if len(words) > count else decoded
