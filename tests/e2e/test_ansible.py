"""`chaos-otel run -- ansible-playbook …` with ansible-core from PyPI: one operation per host and
task."""

from __future__ import annotations

import json

import pytest
from tests.e2e.ansible_runs import NEWEST, VERSIONS, Ansible, recap
from tests.e2e.installed import Installed
from tests.e2e.tool_venv import tool_venv

MIXED = """
- name: A play
  hosts: localhost
  connection: local
  gather_facts: false
  vars: {who: world}
  tasks:
    - {name: "Hello {{ who }}", raw: echo hello; echo oops >&2}
    - {name: Unchanged, raw: echo same, changed_when: false}
    - {name: Skipped, raw: echo never, when: false}
    - {name: Ignored, raw: "echo why >&2; exit 3", ignore_errors: true}
    - debug: {msg: [one, two]}
    - block:
        - {name: Breaks, raw: "echo half; exit 4"}
        - {name: Never reached, raw: "true"}
      rescue:
        - {name: Rescues, raw: echo rescued, notify: Handler}
      always:
        - {name: Always, debug: {msg: always}}
    - {name: Fails, raw: "echo bad >&2; exit 5"}
    - {name: Not run, raw: "true"}
  handlers:
    - {name: Handler, debug: {msg: handled}}
"""
LOOP = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Loop
      raw: "sleep 0.1; echo is {{ item.name }}; test {{ item.name }} != bad"
      loop: [{name: good}, {name: left}, {name: bad}]
      loop_control: {label: "the {{ item.name }}"}
      when: item.name != 'left'
      ignore_errors: true
    - name: All skipped
      raw: "true"
      loop: [1, 2]
      when: false
"""
FLAKY = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - name: Flaky
      raw: echo x >>tries; echo try $(wc -l <tries); test $(wc -l <tries) = 3
      register: tried
      until: tried.rc == 0
      retries: 4
      delay: 0
    - {name: At once, raw: "true", register: done, until: done.rc == 0, retries: 2}
    - name: Hopeless
      raw: "false"
      register: tried
      until: tried.rc == 0
      retries: 1
      delay: 0
      ignore_errors: true
"""
SECRETS = """
- hosts: localhost
  connection: local
  gather_facts: false
  tasks:
    - {name: Hidden, command: "echo {{ word }}", no_log: true}
    - {name: Hidden items, raw: "echo {{ item }}", loop: ["{{ word }}", "{{ word }}"], no_log: true}
    - name: Hidden failure
      raw: "echo {{ word }} >&2; exit 1"
      no_log: true
      ignore_errors: true
    - {name: Redacted, command: "echo password={{ word }}"}
  vars: {word: "{{ lookup('env', 'WORD') }}"}
"""
EVERYTHING = """
- name: Included, delegated, waited for
  hosts: a,b
  gather_facts: false
  tasks:
    - {name: Both files, include_tasks: "{{ item }}", loop: [one.yml, two.yml]}
    - {name: A role, include_role: {name: app}}
    - {name: No file, include_tasks: "missing.yml", when: inventory_hostname == 'b'}
    - {name: Elsewhere, raw: "true", delegate_to: c}
    - {name: Once, raw: "true", run_once: true}
    - {name: Waited for, command: sleep 1, async: 20, poll: 1}
    - {name: Started, command: sleep 0, async: 20, poll: 0}
"""
SOME_FAIL = """
- name: First
  hosts: all
  strategy: {strategy}
  gather_facts: false
  tasks:
    - {{name: All, raw: "true"}}
    - {{name: "Named {{{{ inventory_hostname }}}}", debug: {{msg: hi}}}}
    - {{name: Some, raw: exit 9, when: inventory_hostname == 'b'}}
    - {{name: Optional, raw: "true", ignore_unreachable: true}}
    - {{name: Last, raw: "true", notify: Handler}}
  handlers:
    - {{name: Handler, raw: "true"}}
"""


@pytest.fixture(params=VERSIONS)
def ansible(request: pytest.FixtureRequest, chaos: Installed) -> Ansible:
    """Each version in turn."""
    return Ansible(tool_venv(f"ansible-core=={request.param}"), chaos)


@pytest.fixture
def newest(chaos: Installed) -> Ansible:
    """The newest version that runs on this Python."""
    return Ansible(tool_venv(f"ansible-core=={NEWEST}"), chaos)


def test_each_task_is_recorded_as_the_recap_counts_it(ansible: Ansible) -> None:
    """Name as printed, changed, success, output; ignored failures went well, rescued and skipped
    ones are left out, handlers are tasks."""
    done = ansible.run(ansible.file(MIXED))
    assert done.returncode == 2, done.stderr
    assert ansible.operations() == [
        ("Hello world", True, True),
        ("Unchanged", False, True),
        ("Ignored", True, True),
        ("debug", False, True),
        ("Rescues", True, True),
        ("Always", False, True),
        ("Fails", False, False),
    ]
    assert ansible.reported() == recap(done.stdout)
    hello, ignored = ansible.entry("Hello world"), ansible.entry("Ignored")
    assert (hello["stdout"], hello["stderr"]) == ("hello\n", "oops\n")
    assert ignored["stderr"] == "why\n"
    assert ansible.entry("debug")["stdout"] == '["one", "two"]'
    assert ansible.entry("Fails")["stderr"] == "bad\n"
    assert ansible.chaos.call("report", "validate", "chaos_report.json").returncode == 0


def test_what_the_report_leaves_out_is_in_the_trace(newest: Ansible) -> None:
    """Skipped and rescued tasks, with what became of them and what they printed."""
    newest.run(newest.file(MIXED))
    ended = newest.chaos.records("operation.ended")
    left_out = {
        one["name"]: one["attributes"]["ansible.result"]
        for one in ended
        if not one.get("counted", True)
    }
    assert left_out == {"Skipped": "skipped", "Breaks": "rescued"}
    breaks = newest.ended("Breaks")
    assert (breaks["success"], breaks["exit_code"]) == (False, 4)
    printed = newest.chaos.records("output")
    assert [one["text"] for one in printed if one["op"] == breaks["op"]] == ["half\n"]
    assert newest.ended("Hello world")["attributes"]["ansible.result"] == "changed"
    (hello, *_) = newest.chaos.records("operation.started")
    assert hello["attributes"] == {"ansible.action": "raw", "ansible.play": "A play"}


@pytest.mark.parametrize("options", [(), ("-v",)], ids=" ".join)
def test_ansible_prints_what_it_prints_without_us(
    ansible: Ansible, options: tuple[str, ...]
) -> None:
    """Byte for byte, and it leaves with the same status."""
    words = (ansible.file(MIXED), "--forks", "1", *options)
    bare, ours = ansible.bare(*words), ansible.run(*words)
    assert (ours.returncode, ours.stdout, ours.stderr) == (
        bare.returncode,
        bare.stdout,
        bare.stderr,
    )


def test_nothing_speaks_of_us_where_ansible_is_talkative(newest: Ansible) -> None:
    """Up to -vvvv; with one more Ansible names every plugin that it has."""
    done = newest.run(newest.file(MIXED), "-vvvv")
    assert b"chaos_otel" not in done.stdout
    assert newest.reported() == recap(done.stdout)


@pytest.mark.parametrize("from_environment", [False, True])
def test_the_users_own_callbacks_are_kept(ansible: Ansible, from_environment: bool) -> None:
    """Those of ansible.cfg: a folder of plugins, one that has to be enabled, another stdout; and
    those of the environment."""
    plugin = (
        "from ansible.plugins.callback import CallbackBase\n"
        "class CallbackModule(CallbackBase):\n"
        "    CALLBACK_VERSION, CALLBACK_TYPE = 2.0, 'aggregate'\n"
        "    CALLBACK_NAME, CALLBACK_NEEDS_ENABLED = '{name}', {needed}\n"
        "    def v2_playbook_on_stats(self, stats):\n"
        "        open('{name}', 'w').close()\n"
    )
    (ansible.chaos.cwd / "mine").mkdir()
    for name, needed in (("enabled", True), ("plain", False), ("other", True)):
        ansible.file(plugin.format(name=name, needed=needed), f"mine/{name}.py")
    if from_environment:
        ansible.chaos.env |= {
            "ANSIBLE_CALLBACK_PLUGINS": "mine",
            "ANSIBLE_CALLBACKS_ENABLED": "enabled",
            "ANSIBLE_STDOUT_CALLBACK": "minimal",
        }
    else:
        settings = "callback_plugins=mine\ncallbacks_enabled=enabled\nstdout_callback=minimal\n"
        ansible.file("[defaults]\n" + settings, "ansible.cfg")
    words = (ansible.file(MIXED), "--forks", "1")
    bare, ours = ansible.bare(*words), ansible.run(*words)
    assert (ours.returncode, ours.stdout, ours.stderr) == (
        bare.returncode,
        bare.stdout,
        bare.stderr,
    )
    there = [name for name in ("enabled", "plain", "other") if (ansible.chaos.cwd / name).exists()]
    assert there == ["enabled", "plain"]
    assert ansible.operations()[0] == ("Hello world", True, True)


@pytest.mark.parametrize("strategy", ["linear", "free"])
def test_every_host_has_its_own_operations(ansible: Ansible, strategy: str) -> None:
    """Totals are the recap's, of hosts that fail and of those that are not there, too."""
    done = ansible.run(ansible.file(SOME_FAIL.format(strategy=strategy)))
    assert ansible.reported() == recap(done.stdout)
    assert [name for name, _, _ in ansible.operations("b")][-1:] == ["Some"]
    assert ansible.operations("gone") == [("All", False, False)]
    assert "nobody there" in ansible.chaos.history("gone")[0]["stderr"]
    for host in "ac":
        names = [name for name, _, _ in ansible.operations(host)]
        # a name with a variable is printed as the first host's, and is so for all
        assert names in (
            ["All", f"Named {first}", "Optional", "Last", "Handler"] for first in ("abc")
        )


def test_an_unreachable_host_may_be_ignored(newest: Ansible) -> None:
    """Then it counts as the recap counts it: well."""
    text = (
        "- hosts: gone\n  gather_facts: false\n  ignore_unreachable: true\n"
        "  tasks: [{name: Try, raw: 'true'}]\n"
    )
    done = newest.run(newest.file(text))
    assert newest.reported() == recap(done.stdout)
    assert newest.operations("gone") == [("Try", False, True)]
    assert "nobody there" in newest.chaos.history("gone")[0]["stderr"]


def test_several_playbooks_are_one_run(newest: Ansible) -> None:
    """Each task in its own play, none mixed, totals those of the last recap, which counts
    on."""
    for name in ("one.yml", "two.yml"):
        newest.file(
            f"- name: Play of {name}\n  hosts: a,b\n  gather_facts: false\n"
            "  tasks:\n    - {name: Same name, raw: 'true'}\n"
            "    - {name: Include, include_tasks: more.yml}\n",
            name,
        )
    newest.file("- {name: More, debug: {msg: more}}\n", "more.yml")
    done = newest.run("one.yml", "two.yml")
    assert newest.reported() == recap(done.stdout)
    plays = [
        (one["attributes"]["ansible.play"], one["host"])
        for one in newest.chaos.records("operation.started")
        if one["name"] == "Same name"
    ]
    assert sorted(plays) == [(f"Play of {n}.yml", h) for n in ("one", "two") for h in "ab"]


def test_includes_roles_delegation_and_waiting(ansible: Ansible) -> None:
    """Each file of an include counts, as in the recap; a delegated task stays with its host."""
    ansible.file("- {name: First, debug: {msg: 1}}\n", "one.yml")
    ansible.file("- {name: Second, debug: {msg: 2}}\n", "two.yml")
    (ansible.chaos.cwd / "roles/app/tasks").mkdir(parents=True)
    ansible.file("- {name: Of the role, raw: echo in role}\n", "roles/app/tasks/main.yml")
    done = ansible.run(ansible.file(EVERYTHING))
    assert ansible.reported() == recap(done.stdout)
    # the recap of older versions does not count the include of a role
    assert [one for one in ansible.operations("a") if one[0] != "A role"] == [
        ("Both files", False, True),
        ("Both files", False, True),
        ("First", False, True),
        ("Second", False, True),
        ("app : Of the role", True, True),
        ("Elsewhere", True, True),
        ("Once", True, True),
        ("Waited for", True, True),
        ("Started", True, True),
    ]
    assert ansible.operations("b")[-1] == ("No file", False, False)
    assert "missing.yml" in ansible.chaos.history("b")[-1]["stderr"]
    assert ansible.ended("Elsewhere")["attributes"]["ansible.delegate_to"] == "c"
    roles = [
        one["attributes"].get("ansible.role")
        for one in ansible.chaos.records()
        if one["kind"] == "operation.started" and one["name"] == "app : Of the role"
    ]
    assert roles == ["app", "app"]
    assert ansible.entry("Waited for", "a")["duration"] >= 1
    assert not [
        one
        for one in ansible.chaos.records("operation.started")
        if one["op"] not in {end["op"] for end in ansible.chaos.records("operation.ended")}
    ]


def test_items_of_a_loop_stand_below_their_task(ansible: Ansible) -> None:
    """As operations of the trace, each with its output and a time of its own; the report has the
    task, with what its items printed."""
    done = ansible.run(ansible.file(LOOP))
    assert ansible.operations() == [("Loop", True, True)]
    assert ansible.reported() == recap(done.stdout)
    assert ansible.entry("Loop")["stdout"] == "is good\n\nis bad\n"
    started = {one["name"]: one for one in ansible.chaos.records("operation.started")}
    names = [f"Loop (item=the {name})" for name in ("good", "left", "bad")]
    assert [name for name in started if name in names] == names
    assert {started[name]["parent"] for name in names} == {started["Loop"]["op"]}
    ended = [ansible.ended(name) for name in names]
    results = [one["attributes"]["ansible.result"] for one in ended]
    assert results == ["ok", "skipped", "failed"]
    assert not any(one["counted"] for one in ended)
    moments = [(started[name]["mono_ns"], ansible.ended(name)["mono_ns"]) for name in names]
    assert moments[0][1] - moments[0][0] >= 100_000_000
    assert [end for _, end in moments[:-1]] == [start for start, _ in moments[1:]]


def test_tasks_are_told_as_they_happen(newest: Ansible) -> None:
    """The start of a task before what its command does, its end before the next one's start."""
    show = "cat $CHAOS_OTEL_INBOX | tr '\\\\0' '\\\\n' | grep -c ."
    text = (
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n"
        f"    - {{name: One, raw: 'sleep 0.3; echo done'}}\n    - {{name: Two, raw: \"{show}\"}}\n"
    )
    newest.run(newest.file(text))
    kinds = [
        (one["kind"], one["name"])
        for one in newest.chaos.records()
        if one["kind"].startswith("operation.")
    ]
    assert kinds == [
        (kind, name) for name in ("One", "Two") for kind in ("operation.started", "operation.ended")
    ]
    one, two = newest.chaos.records("operation.started")
    assert two["mono_ns"] - one["mono_ns"] >= 300_000_000
    assert newest.entry("One")["duration"] >= 0.3


def test_retries_are_counted(ansible: Ansible) -> None:
    """Tries, those allowed, and whether the last one went well; the output is the last one's."""
    done = ansible.run(ansible.file(FLAKY))
    assert ansible.reported() == recap(done.stdout)
    assert ansible.entry("Flaky")["stdout"] == "try 3\n"
    found = [
        entry["retry_statistics"]["retry_info"] for entry in ansible.chaos.history("localhost")
    ]
    assert [tuple(one.values()) for one in found] == [
        (2, 4, True, True),
        (0, 2, False, None),
        (1, 1, True, True),
    ]
    said = [one["message"] for one in ansible.chaos.records("event") if one["type"] == "warning"]
    assert said == ["retry 1 of 4", "retry 2 of 4", "retry 1 of 1"]


def test_no_log_is_respected(ansible: Ansible) -> None:
    """No argument, no output, no item; what is not hidden so goes through the redactor."""
    ansible.chaos.env["WORD"] = "t0p-s3cret"
    done = ansible.run(ansible.file(SECRETS))
    assert ansible.reported() == recap(done.stdout)
    journal = ansible.chaos.journals()[-1].read_text()
    assert "t0p-s3cret" not in journal + json.dumps(ansible.chaos.report())
    assert "Hidden items (item=hidden by no_log)" in journal
    assert ansible.entry("Hidden")["stdout"] == ""
    assert ansible.entry("Hidden failure")["stderr"] == "hidden by no_log"
    assert "ansible.argument._raw_params" in ansible.ended("Redacted")["attributes"]
    assert list(ansible.ended("Hidden")["attributes"]) == ["ansible.result"]


def test_a_check_is_counted_as_ansible_counts_it(newest: Ansible) -> None:
    """What would change has changed, what is not checked is skipped."""
    text = (
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n  tasks:\n"
        "    - {name: Write, copy: {content: text, dest: there.txt}}\n"
        "    - {name: Raw, raw: 'true'}\n"
    )
    done = newest.run(newest.file(text), "--check")
    assert newest.reported() == recap(done.stdout)
    assert newest.operations() == [("Write", True, True)]
    assert not (newest.chaos.cwd / "there.txt").exists()


def test_without_a_task_the_command_is_the_operation(newest: Ansible) -> None:
    """Nothing to do, or a playbook that is none."""
    for text, well in (("- hosts: localhost\n  gather_facts: false\n", True), ("nonsense", False)):
        assert (newest.run(newest.file(text)).returncode == 0) is well
        assert newest.operations("@local") == [("ansible-playbook", False, well)]


def test_what_a_task_starts_does_not_inherit_us(ansible: Ansible) -> None:
    """PYTHONPATH is what it was, and the plugin's folder is no setting of the environment."""
    show = (
        "echo ${PYTHONPATH-unset}/${CHAOS_OTEL_PYTHONPATH-unset}/${ANSIBLE_CALLBACK_PLUGINS-unset}"
    )
    text = (
        "- hosts: localhost\n  connection: local\n  gather_facts: false\n"
        f"  tasks: [raw: '{show}']\n"
    )
    ansible.chaos.env.pop("PYTHONPATH", None)
    ansible.run(ansible.file(text))
    assert ansible.chaos.history("localhost")[0]["stdout"] == "unset/unset/unset\n"


def test_where_the_hook_cannot_load_one_line_says_so(newest: Ansible) -> None:
    """As for pyinfra; the playbook runs all the same."""
    text = MIXED.replace("echo same", "sleep 2")
    words = ["env", "-i", f"PATH={newest.chaos.env['PATH']}", "LC_ALL=C.UTF-8"]
    words.append(f"HOME={newest.chaos.home}")
    done = newest.chaos.run(*words, newest.command, newest.file(text))
    lines = [line for line in done.stderr.splitlines() if b"Ansible's tasks" in line]
    assert len(lines) == 1 and lines[0].startswith(b"chaos-otel: ")
    assert b"PLAY RECAP" in done.stdout
