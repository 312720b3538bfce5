"""What pyinfra knows of one operation, in the words of an inbox line.

Beside `watch.py`, which loads it by path into pyinfra's own Python (3.8 or later). Reads pyinfra's
objects, changes none, and asks for no `repr` of what is not a plain value.
"""

from __future__ import annotations

import sys
from typing import Any

TEXT_CHARACTERS_MAX = 1 << 20
PIECE_CHARACTERS = 1 << 17
VALUE_CHARACTERS_MAX = 500
ARGUMENTS_MAX = 30
ELEMENTS_MAX = 20
_CUT_MARK = "\n[… {} characters left out …]\n"
_PLAIN = (str, int, float, bool, type(None))


def name(names: set[str], data: Any) -> str:
    """The operation's name on this host: hosts may give one operation several."""
    if len(names) > 1:
        own = str(data.global_arguments.get("name") or "")
        names = {name for name in names if name == own or name.endswith(" | " + own)} or names
    return ", ".join(sorted(names))


def result(data: Any) -> dict[str, Any]:
    """How it went. `_success` is None where an exception kept it from its end."""
    meta, arguments = data.operation_meta, data.global_arguments
    ok = meta._success is True
    retries = getattr(meta, "_retry_attempts", 0)
    pairs: dict[str, Any] = {
        "changed": ok and bool(meta._commands),
        "attempts": retries + 1 if retries else None,
        "max_retries": getattr(meta, "_max_retries", 0) or None,
    }
    if not ok and arguments.get("_ignore_errors"):
        pairs["pyinfra.ignored_error"] = True
    return {"ok": ok, "message": "" if ok else _failure(meta), "pairs": pairs}


def _failure(meta: Any) -> str:
    if meta._success is not None:
        return "the operation failed; what pyinfra says about it is in its own output"
    error = sys.exc_info()[1]
    return f"{type(error).__name__}: {error}" if error is not None else "it did not come to an end"


def call(data: Any) -> dict[str, str]:
    """The function that was called and its arguments, as far as they are plain values.

    They stand in the closure of the generator that pyinfra keeps. Global arguments such as `_env`
    and `_sudo_password` are not among them: they hold secrets.
    """
    made = data.command_generator
    cells = dict(zip(made.__code__.co_freevars, made.__closure__ or ()))  # noqa: B905
    try:
        func, args, kwargs = (cells[name].cell_contents for name in ("func", "args", "kwargs"))
    except (KeyError, ValueError):
        return {}
    named = dict(zip(func.__code__.co_varnames[: func.__code__.co_argcount], args))  # noqa: B905
    named.update(kwargs)
    called = {"pyinfra.function": f"{func.__module__}.{func.__qualname__}"}
    for name, value in list(named.items())[:ARGUMENTS_MAX]:
        shown = sorted(map(str, value)) if "env" in name and isinstance(value, dict) else value
        called[f"pyinfra.argument.{name}"] = _shown(shown)[:VALUE_CHARACTERS_MAX]
    return called


def _shown(value: Any, *, deep: bool = True) -> str:
    """A plain value as it is, of others only the type: their `repr` is code that is not ours.

    `type` and not `isinstance`: pyinfra marks secrets by classes of their own.
    """
    if type(value) in _PLAIN:
        return str(value)
    if deep and type(value) in (list, tuple, set):
        return ", ".join(_shown(one, deep=False) for one in list(value)[:ELEMENTS_MAX])
    if deep and type(value) is dict:
        items = list(value.items())[:ELEMENTS_MAX]
        return ", ".join(f"{key}={_shown(one, deep=False)}" for key, one in items)
    return f"<{type(value).__name__}>"


def outputs(data: Any) -> list[tuple[int, str]]:
    """What its commands printed, by stream, in pieces that a line can hold however they are
    escaped; nothing where it did not come to its end."""
    meta = data.operation_meta
    if meta._success is None:
        return []
    printed = ((1, meta.stdout_lines), (2, meta.stderr_lines))
    texts = [(stream, _cut("\n".join(lines))) for stream, lines in printed if lines]
    return [
        (stream, text[start : start + PIECE_CHARACTERS])
        for stream, text in texts
        for start in range(0, len(text), PIECE_CHARACTERS)
    ]


def _cut(text: str) -> str:
    """Both ends of a text that is too long to send."""
    over = len(text) - TEXT_CHARACTERS_MAX
    if over <= 0:
        return text
    half = TEXT_CHARACTERS_MAX // 2
    return text[:half] + _CUT_MARK.format(over) + text[-half:]
