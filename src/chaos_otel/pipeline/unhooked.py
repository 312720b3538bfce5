"""Tells of tools that ran under the command and that our hooks could not get into.

Loaded in `deliver` only. Knows tools by how their processes are called; nothing of what a hook
does.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Final

# tool, as its hook and its program and its Python module are called → what to do without the hook
REMEDIES: Final[Mapping[str, str]] = {
    "pyinfra": (
        "pyinfra's operations are not in the report: python -I, env -i, sudo or another PYTHONPATH "
        'kept our hook out; put "$(chaos-otel pyinfra-hook)" in front of the deploy file, or have '
        "sudo keep PYTHONPATH and CHAOS_OTEL_INBOX"
    ),
    "ansible-playbook": (
        "Ansible's tasks are not in the report: python -I, env -i, sudo or another PYTHONPATH kept "
        "our callback out; have sudo keep PYTHONPATH and CHAOS_OTEL_INBOX, or put chaos-otel run "
        "inside"
    ),
}


def tool_of(argv: Sequence[str]) -> str:
    """The tool that a process with this command line is; empty for none that we know."""
    words = list(argv)
    name = _base(words.pop(0)) if words else ""
    if name.startswith("python"):
        name = _script(words)
    return name if name in REMEDIES else ""


def unhooked(seen: Iterable[str], hooks: Collection[str]) -> list[str]:
    """One line for each tool that was seen and whose hook did not report."""
    return [REMEDIES[tool] for tool in sorted(set(seen)) if tool and tool not in hooks]


def _script(words: Sequence[str]) -> str:
    """What a Python with these arguments runs: a module or a script by its name."""
    rest = iter(words)
    for word in rest:
        if word == "-c":
            return ""
        if word.startswith("-m"):
            return (word[2:] or next(rest, "")).partition(".")[0]
        if word in ("-W", "-X"):
            next(rest, "")
        elif not word.startswith("-"):
            return _base(word)
    return ""


def _base(path: str) -> str:
    return path.rpartition("/")[2]
