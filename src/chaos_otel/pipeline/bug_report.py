"""What becomes of an error that nobody expected: a file that can be sent to us as it is.

It must not hold what people typed: of the call only our own words are kept.
"""

from __future__ import annotations

import os
from collections.abc import Sequence

from chaos_otel import __version__, clock
from chaos_otel.config.environment import Environment
from chaos_otel.config.folders import open_private, private_folder, stamp, state_folder
from chaos_otel.errors import StateError

_FOLDER = "errors"
_TEXT = """\
# chaos-otel: an error that should not have happened

| | |
|---|---|
| chaos-otel | {version} |
| Python | {python} |
| system | {system} |
| time | {time} UTC |
| call | `{call}` |

## What happened

{error}

```
{traceback}```

## What I did

(please say what you ran and what you expected)
"""


def write_bug_report(error: BaseException, argv: Sequence[str], env: Environment) -> str:
    """Write the report of an error into the state folder, 0600; returns its path.

    Empty where it cannot be written: there is nothing more to be done about an error then.
    """
    moment = stamp(clock.now().wall_ns)
    try:
        folder = private_folder(os.path.join(private_folder(state_folder(env)), _FOLDER))
        path = os.path.join(folder, f"{moment}-{os.getpid()}.md")
        fd = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    except (StateError, OSError):
        return ""
    try:
        with open(fd, "w", encoding="utf-8", errors="backslashreplace") as file:
            file.write(_text(error, argv, stamp=moment))
    except OSError:  # also what comes of closing it
        return ""
    return path


def our_words(argv: Sequence[str]) -> str:
    """The call without its values: command names and option names, then how much was left out."""
    kept: list[str] = []
    left_out = 0
    for number, word in enumerate(argv):
        if word == "--":
            left_out += len(argv) - number - 1
            kept.append(word)
            break
        if word.startswith("-"):
            kept.append(word.partition("=")[0] if word.startswith("--") else word[:2])
        elif len(kept) == number and number < 2 and word.isidentifier():
            kept.append(word)
        else:
            left_out += 1
    return " ".join(
        ["chaos-otel", *kept, f"({left_out} more)"] if left_out else ["chaos-otel", *kept]
    )


def _text(error: BaseException, argv: Sequence[str], *, stamp: str) -> str:
    import platform
    import traceback

    # the message of an exception may quote a value that somebody typed; the frames do not
    return _TEXT.format(
        version=__version__,
        python=platform.python_version(),
        system=platform.platform(),
        time=stamp,
        call=our_words(argv),
        error=f"`{type(error).__name__}`",
        traceback="".join(traceback.format_tb(error.__traceback__)),
    )
