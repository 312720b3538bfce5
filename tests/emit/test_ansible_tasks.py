"""What the callback plugin remembers: tasks that run, and nothing of those that have ended."""

from __future__ import annotations

import tracemalloc
from pathlib import Path
from types import SimpleNamespace

import pytest

from chaos_otel.clock import Moment
from chaos_otel.emit import lines
from chaos_otel.emit.ansible import facts
from chaos_otel.emit.ansible.tasks import Tasks
from chaos_otel.records import OperationEnded, OperationStarted, Record
from chaos_otel.sources.inbox import InboxDecoder

NOW = Moment(wall_ns=1_795_291_972_000_000_000, mono_ns=1 << 62)


class Play:
    """Tasks and the inbox that they tell; `counts` is what a recap would count."""

    def __init__(self, inbox: Path) -> None:
        inbox.touch()
        self.inbox = inbox
        self.counted: dict[str, set[str]] = {}
        self.tasks = Tasks(str(inbox), self.counted, lines=lines, facts=facts)

    def counts(self, host: str, *words: str) -> None:
        self.counted[host] = set(words)

    def records(self) -> list[Record]:
        decoder = InboxDecoder(lambda: NOW, since_mono_ns=0)
        return [one.record for one in decoder.feed(self.inbox.read_bytes()) + decoder.finish()]

    def ended(self) -> list[tuple[str, bool, bool, bool]]:
        """Result, success, changed, counted of each that has ended."""
        return [
            (one.attributes.get("ansible.result", ""), one.success, one.changed, one.counted)
            for one in self.records()
            if isinstance(one, OperationEnded)
        ]


@pytest.fixture
def play(tmp_path: Path) -> Play:
    return Play(tmp_path / "inbox")


def task(uuid: str = "1", name: str = "Task") -> SimpleNamespace:
    """As much of a task of Ansible's as is read."""
    return SimpleNamespace(
        _uuid=uuid,
        _role=None,
        action="debug",
        delegate_to=None,
        no_log=False,
        get_name=lambda: name,
    )


@pytest.mark.parametrize(
    ("words", "said", "expected"),
    [
        (("ok",), "ok", ("ok", True, False, True)),
        (("ok", "changed"), "ok", ("changed", True, True, True)),
        (("failures",), "failed", ("failed", False, False, True)),
        (("ok", "ignored", "changed"), "failed", ("ignored", True, True, True)),
        (("rescued",), "failed", ("rescued", False, False, False)),
        (("dark",), "unreachable", ("unreachable", False, False, True)),
        (("ok", "ignored"), "unreachable", ("ignored", True, False, True)),
        (("skipped",), "skipped", ("skipped", True, False, False)),
        ((), "skipped", ("skipped", True, False, False)),
    ],
)
def test_the_recap_says_what_became_of_a_task(
    play: Play, words: tuple[str, ...], said: str, expected: tuple[str, bool, bool, bool]
) -> None:
    """Success, changed and whether it counts follow from what the recap counts."""
    play.tasks.started("web", task())
    play.counts("web", *words)
    play.tasks.ended("web", task(), {"msg": "said"}, said=said, fields={})
    assert play.ended() == [expected]


def test_an_include_ends_when_its_file_is_loaded(play: Play) -> None:
    """Each further file is one more, and one without files ends with the next task of its host."""
    include, after = task("1", "Include"), task("2", "After")
    play.tasks.started("web", include)
    play.tasks.ended("web", include, {}, said="ok", fields={})
    assert not play.ended()
    for _ in "12":
        play.counts("web", "ok")
        play.tasks.included("web", include, "file.yml")
    assert play.ended() == [("ok", True, False, True)] * 2
    play.tasks.started("web", include)
    play.tasks.ended("web", include, {}, said="ok", fields={})
    play.tasks.started("web", after)
    assert play.ended()[2:] == [("", True, False, False)]
    play.tasks.over()
    assert len(play.ended()) == 4


def test_a_name_is_the_one_that_was_printed(play: Play) -> None:
    """Ansible prints it filled in, and may go back to its template."""
    play.tasks.announced(task("1", "Hello world"))
    play.tasks.started("web", task("1", "Hello {{ who }}"))
    play.tasks.started("db", task("2", "Another"))
    names = [one.name for one in play.records() if isinstance(one, OperationStarted)]
    assert names == ["Hello world", "Another"]


def test_results_are_not_kept(play: Play) -> None:
    """The memory of ten thousand tasks with large results is that of one."""
    play.tasks = Tasks("/nonexistent", play.counted, lines=lines, facts=facts)

    def run(count: int) -> int:
        for number in range(count):
            one = task(str(number), f"Task {number}")
            play.tasks.announced(one)
            play.tasks.started("web", one)
            play.counts("web", "ok")
            play.tasks.ended("web", one, {"stdout": f"{number}" * 500}, said="ok", fields={})
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = run(100)
        assert run(10_000) - before < 50_000
    finally:
        tracemalloc.stop()
    assert not play.counted
