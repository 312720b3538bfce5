"""What it costs an Ansible playbook that each of its tasks is recorded."""

from __future__ import annotations

import json
import statistics

from bench.place import Place
from bench.row import Row
from bench.timing import wall_s
from bench.tools import tool

VERSION = "2.19.14"
TASKS = 500

_TASK = "    - debug: {{msg: {number}}}\n"
_PLAY = "- hosts: localhost\n  gather_facts: false\n  tasks:\n"


def measure(place: Place, *, quick: bool) -> list[Row]:
    """Trivial tasks on this machine; in turns, so that a busy machine disturbs both alike."""
    text = _PLAY + "".join(_TASK.format(number=number) for number in range(TASKS))
    (place.folder / "site.yml").write_text(text)
    place.env.setdefault("LC_ALL", "C.UTF-8")  # Ansible starts with no other
    bare = [f"{tool('ansible-core', VERSION)}/ansible-playbook", "site.yml"]
    ours = place.wrapped(*bare)
    wall_s(place, bare), wall_s(place, ours)
    took_s = [(wall_s(place, ours), wall_s(place, bare)) for _ in range(3 if quick else 7)]
    slower = statistics.median(with_us / without for with_us, without in took_s)
    more_ms = statistics.median(with_us - without for with_us, without in took_s) * 1e3
    report = json.loads((place.folder / "chaos_report.json").read_bytes())
    told = report["summary"]["successful_operations"]
    note = "" if told == TASKS else f"the report has {told} of {TASKS} tasks"
    what = f"Ansible, {TASKS} tasks: "
    return [
        Row(what + "wall time", "without us", slower, "×", 1.05, note=note),
        Row(what + "added to a task", "without us", more_ms / TASKS, "ms", 1),
    ]
