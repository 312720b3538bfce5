"""Names and messages in every shell: any byte, any length, any locale."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest
from tests.e2e.shells import SHELLS, Listener, assert_undamaged

from chaos_otel.records import Event, OperationEnded, OperationStarted, Tag

pytestmark = pytest.mark.parametrize("shell", SHELLS)

HOSTILE = [
    "two\nlines\n",
    "\n",
    "tab\tand \\t and \\",
    "\\",
    "\\n\\\\n",
    "quotes ' \" ` $(false) $HOME ${x} !",
    "* ? [a-z] ~ {a,b} #",
    " spaces  around ",
    "-n",
    "--",
    "%s %d %%",
    "zwölf Boxkämpfer ✓ 𝄞",
    "&",
    "a=b",
    "\x01\x02\x7f\x1b[31m\r\v\f",
    "x" * 4000,
    "ü" * 1990,
]


@pytest.fixture
def listener(tmp_path: Path) -> Listener:
    """An inbox, outputs that are marked, and a trace."""
    return Listener(tmp_path)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8", "de_DE.UTF-8"])
def test_any_text_arrives_whole(listener: Listener, shell: str, locale: str) -> None:
    """As a name, as a message and as a tag; also in a locale that is not there."""
    listener.env["LC_ALL"] = locale
    lines = []
    for text in HOSTILE:
        word = shlex.quote(text)
        lines += [
            f"telemetry_start_timer {word}",
            f"telemetry_track_info {word} {word}",
            f"telemetry_track_error {word} {word}",
            f"telemetry_add_tag {word} {word}",
        ]
    heard = listener.run(shell, "\n".join(lines))
    assert_undamaged(heard)
    assert (heard.status, heard.stdout) == (0, b"")
    starts, ends = heard.all(OperationStarted), heard.all(OperationEnded)
    assert [one.name for one in starts] == HOSTILE
    assert [(one.name, one.message) for one in ends] == [(text, text) for text in HOSTILE]
    assert [one.op for one in ends] == [one.op for one in starts]
    assert [(one.op, one.message) for one in heard.all(Event)] == [
        (start.op, text) for start, text in zip(starts, HOSTILE, strict=True)
    ]
    assert [(one.key, one.value) for one in heard.all(Tag)] == [(text, text) for text in HOSTILE]


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
def test_every_byte_arrives(listener: Listener, shell: str, locale: str) -> None:
    """1 to 255, as no UTF-8 has them: shown, none lost."""
    listener.env["LC_ALL"] = locale
    every = bytes(range(1, 256))
    text = every.decode("utf-8", "surrogateescape")
    heard = listener.run(
        shell, f'm={shlex.quote(text)}\ntelemetry_start_timer "$m"\ntelemetry_track_error "$m" "$m"'
    )
    assert_undamaged(heard)
    shown = every.decode("utf-8", "backslashreplace")
    assert heard.one(OperationStarted).name == shown
    assert (heard.one(OperationEnded).name, heard.one(OperationEnded).message) == (shown, shown)


@pytest.mark.parametrize("locale", ["C", "C.UTF-8"])
@pytest.mark.parametrize("text", ["0123456789", "\\\t\n'\"$x", "Boxkämpfer ✓ "])
def test_a_hundred_kilobytes_arrive_whole(
    listener: Listener, shell: str, locale: str, text: str
) -> None:
    """In pieces that are one message again, whatever has to be escaped in it."""
    listener.env["LC_ALL"] = locale
    message = text * (100_000 // len(text.encode()))
    (listener.folder / "message").write_text(message)
    heard = listener.run(
        shell,
        'm=$(cat message; echo .)\ntelemetry_start_timer op\ntelemetry_track_error op "${m%.}"\n',
    )
    assert_undamaged(heard)
    assert heard.one(OperationEnded).message.removesuffix("\n") == message.removesuffix("\n")
    assert heard.parsed[-1].marks == (1, 2)


def test_what_is_too_long_is_visibly_cut(listener: Listener, shell: str) -> None:
    """Its beginning arrives, and how much is missing."""
    heard = listener.run(
        shell,
        'm=$(head -c 1500000 /dev/zero | tr "\\\\0" x)\n'
        'telemetry_track_info op "$m"\ntelemetry_track_info op end',
    )
    assert_undamaged(heard)
    long, end = heard.all(Event)
    kept, _, cut = long.message.partition(" [cut: ")
    assert set(kept) == {"x"}
    assert len(kept) >= 100_000
    assert len(kept) + int(cut.removesuffix(" bytes]")) == 1_500_000
    assert end.message == "end"
