"""Runs inside Ansible, after the import of its task queue: has it find our callback plugin.

Loaded by path into Ansible's own Python (3.8 or later). The plugin's folder is added to those that
are configured, which a variable of the environment would replace; a plugin that does not ask to be
enabled is loaded beside the user's own.
"""

from __future__ import annotations

import os
import time
import types
from typing import Any


def hook(task_queue: Any, inbox: str) -> None:
    """Add the folder. `task_queue` is the module `ansible.executor.task_queue_manager`."""
    here = os.path.dirname(os.path.abspath(__file__))
    task_queue.callback_loader.add_directory(os.path.join(here, "callback_plugins"))
    lines = types.ModuleType("_chaos_otel_lines")
    path = os.path.join(here, "..", "lines.py")
    with open(path, encoding="utf-8") as file:
        exec(compile(file.read(), path, "exec"), lines.__dict__)
    now = lines.stamp(time.time_ns(), time.clock_gettime_ns(time.CLOCK_MONOTONIC))
    lines.append(inbox, lines.encode("H", now, "ansible-playbook"))
