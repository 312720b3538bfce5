"""What Ansible knows of a task and its result, in the words of an inbox line.

Beside `tasks.py`, loaded by path into Ansible's own Python (3.8 or later). Reads Ansible's objects,
changes none and keeps none. What `no_log` hides is not looked at.
"""

from __future__ import annotations

import json
from typing import Any

TEXT_CHARACTERS_MAX = 1 << 20
PIECE_CHARACTERS = 1 << 17
VALUE_CHARACTERS_MAX = 500
LABEL_CHARACTERS_MAX = 200
ARGUMENTS_MAX = 30
_CUT_MARK = "\n[… {} characters left out …]\n"
_HIDDEN = "hidden by no_log"
_DEFAULT_RETRIES = 3  # where a task has `until` and does not say


def task(one: Any, *, play: str) -> dict[str, str]:
    """Where a task stands and what it does; nothing of its arguments, which are templates yet."""
    pairs = {"ansible.action": str(one.action)}
    if play:
        pairs["ansible.play"] = play
    if one._role is not None:
        pairs["ansible.role"] = str(one._role.get_name())
    if type(one).__name__.startswith("Handler"):
        pairs["ansible.handler"] = "true"
    return pairs


def result(one: Any, data: dict[str, Any]) -> dict[str, Any]:
    """What is known of it only now: arguments as the module got them, and where it ran."""
    pairs = {} if hidden(one, data) else _arguments(data)
    elsewhere = one.delegate_to
    if isinstance(elsewhere, str) and "{" not in elsewhere:
        pairs["ansible.delegate_to"] = str(elsewhere)
    if isinstance(data.get("rc"), int) and data["rc"] > 0:
        pairs["exit"] = data["rc"]
    return pairs


def hidden(one: Any, data: dict[str, Any]) -> bool:
    """Whether `no_log` hides it: Ansible censors such results itself; we do not rely on that."""
    return one.no_log is True or bool(data.get("_ansible_no_log")) or "censored" in data


def label(one: Any, data: dict[str, Any]) -> str:
    """What stands for an item of a loop."""
    if hidden(one, data):
        return _HIDDEN
    found = data.get("_ansible_item_label", data.get(data.get("ansible_loop_var", "item")))
    return _text(found)[:LABEL_CHARACTERS_MAX]


def max_retries(data: dict[str, Any], fields: dict[str, Any]) -> int:
    """How many tries after the first it could have had; only of a task that may have several the
    result counts them."""
    most = fields.get("retries")
    if "attempts" not in data:
        return 0
    return max(0, most) if isinstance(most, int) else _DEFAULT_RETRIES


def message(one: Any, data: dict[str, Any]) -> str:
    """Why it failed."""
    if hidden(one, data):
        return _HIDDEN
    failed = [item for item in _items(data) if item.get("failed") or item.get("unreachable")]
    if failed:
        return "\n".join(f"{label(one, item)}: {_said(item)}" for item in failed)
    return _said(data)


def outputs(one: Any, data: dict[str, Any], *, failed: bool) -> list[tuple[int, str]]:
    """What it printed, by stream, in pieces that a line can hold however they are escaped.

    Of a loop what its items printed. A result that has no stdout has its `msg` there, which is what
    Ansible shows; that of a failure is its message.
    """
    if hidden(one, data):
        return []
    items = [item for item in _items(data) if not hidden(one, item)]
    parts = [(item, bool(item.get("failed"))) for item in items] or [(data, failed)]
    out = "\n".join(text for text in (_stdout(*part) for part in parts) if text)
    err = "\n".join(text for text in (_stderr(part[0]) for part in parts) if text)
    return [
        (stream, text[start : start + PIECE_CHARACTERS])
        for stream, text in ((1, _cut(out)), (2, _cut(err)))
        for start in range(0, len(text), PIECE_CHARACTERS)
    ]


def _items(data: dict[str, Any]) -> list[dict[str, Any]]:
    """The results of a loop; some modules have another thing of that name."""
    found = data.get("results")
    if not isinstance(found, list):
        return []
    return [one for one in found if isinstance(one, dict) and "ansible_loop_var" in one]


def _stdout(data: dict[str, Any], failed: bool) -> str:
    printed = _text(data.get("stdout") or data.get("module_stdout"))
    return printed if printed or failed or data.get("skipped") else _said(data)


def _stderr(data: dict[str, Any]) -> str:
    return _text(data.get("stderr") or data.get("module_stderr"))


def _said(data: dict[str, Any]) -> str:
    return _text(data.get("msg") or data.get("reason"))


def _arguments(data: dict[str, Any]) -> dict[str, Any]:
    """Secrets among them are masked by the module's own specification, by Ansible."""
    invocation = data.get("invocation")
    given = invocation.get("module_args") if isinstance(invocation, dict) else None
    if not isinstance(given, dict):
        return {}
    known = [(name, value) for name, value in given.items() if value is not None]
    return {
        f"ansible.argument.{name}": _shown(str(name), value)[:VALUE_CHARACTERS_MAX]
        for name, value in known[:ARGUMENTS_MAX]
    }


def _shown(name: str, value: Any) -> str:
    """Of an environment the names of its variables: their values may be secrets."""
    if isinstance(value, dict) and "env" in name:
        return ", ".join(sorted(map(str, value)))
    return _text(value)


def _text(value: Any) -> str:
    if value is None:
        return ""
    return str(value) if isinstance(value, (str, int, float)) else json.dumps(value, default=str)


def _cut(text: str) -> str:
    """Both ends of a text that is too long to send."""
    over = len(text) - TEXT_CHARACTERS_MAX
    if over <= 0:
        return text
    half = TEXT_CHARACTERS_MAX // 2
    return text[:half] + _CUT_MARK.format(over) + text[-half:]
