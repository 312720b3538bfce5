"""Machine lines leave what is kept of the output and come back as records, in order."""

from __future__ import annotations

from chaos_otel import clock
from chaos_otel.pipeline.machine_lines import MachineLines
from chaos_otel.pipeline.output_store import OutputStore
from chaos_otel.privacy.redact import Redactor
from chaos_otel.records import Damage, Event, Tag
from chaos_otel.sources.chaos_lines import LINE_BYTES_MAX

STEP, ROOT = "a" * 16, "f" * 16
FACT = b'CHAOS_EVENT::{"type": "fact", "command": "uname"}\n'


def kept(store: OutputStore) -> dict[tuple[str, int], bytes]:
    return {key: rest.head + rest.tail for key, rest in store.end_all()}


def lines(store: OutputStore) -> MachineLines:
    return MachineLines(store, Redactor(), clock=clock.now, since_mono_ns=0)


def test_machine_lines_are_no_kept_output() -> None:
    """People's lines stay, each with its operation; stderr is not looked at."""
    store = OutputStore(1000, root=ROOT)
    store.add(1, "", b"one\n" + FACT + b"two\n")
    store.add(1, STEP, FACT + b"three")
    store.add(2, "", FACT)
    assert [line.op for line in store.take_lines()] == ["", STEP]
    assert kept(store) == {("", 1): b"one\ntwo\n", (STEP, 1): b"three", ("", 2): FACT}


def test_the_beginning_of_no_machine_line_stays_with_its_operation() -> None:
    """A step's last bytes may look like the beginning of one; its end gives them back."""
    store = OutputStore(1000, root=ROOT)
    store.add(1, STEP, b"x\nCHAOS_")
    store.mark(1, "")
    store.add(1, "", b"EVENT::\n")
    assert kept(store) == {(STEP, 1): b"x\nCHAOS_", ("", 1): b"EVENT::\n"}


def test_only_what_was_listened_to_is_told() -> None:
    """What comes afterwards waits: the inbox has to be read to its end before."""
    store = OutputStore(1000)
    heard = lines(store)
    store.add(1, "", b"CHAOS_RUN_ID::1\n")
    assert heard.next() is None
    heard.listen()
    store.add(1, "", FACT)
    assert isinstance(heard.next(), Tag)
    assert heard.next() is None
    heard.listen()
    assert isinstance(heard.next(), Event)


def test_the_end_tells_all_that_is_left() -> None:
    """A last line without an end, and how much could not be held."""
    store = OutputStore(1000)
    store.add(1, "", b"CHAOS_EVENT::" + bytes(LINE_BYTES_MAX) + b"\n" + FACT[:-1])
    event, damage = lines(store).finish()
    assert isinstance(event, Event)
    assert isinstance(damage, Damage) and damage.count == 1
    assert damage.size_bytes > LINE_BYTES_MAX
