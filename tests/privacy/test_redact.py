"""The redactor on single pieces of text: what it finds, what it leaves, what it promises."""

from __future__ import annotations

import shlex
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.privacy.corpus import CANARIES, ENVIRONMENT, ORDINARY, VALUE_FROM, Canary

from chaos_otel.privacy.exact import Secret
from chaos_otel.privacy.redact import Redactor
from chaos_otel.privacy.spans import MASK


@pytest.fixture
def redactor() -> Redactor:
    return Redactor.from_environment(ENVIRONMENT, value_from=VALUE_FROM)


def through(redactor: Redactor, canary: Canary) -> str:
    """What is left of a canary in its own place."""
    if canary.place == "argv":
        return "\0".join(redactor.argv(shlex.split(canary.text)))
    if canary.place == "environment":
        return redactor.text(canary.text.partition("=")[2])
    return redactor.text(canary.text)


def test_the_corpus_is_large_enough() -> None:
    """There are at least 60 canaries, each with a name of its own, in every place."""
    assert len({canary.name for canary in CANARIES}) == len(CANARIES) >= 60
    assert {canary.place for canary in CANARIES} == {
        *("argv", "environment", "stdout", "stderr", "step", "message", "url")
    }
    assert len(set(ORDINARY)) == len(ORDINARY) >= 60


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_no_canary_survives(redactor: Redactor, canary: Canary) -> None:
    """A planted secret is gone, a mask is in its place, and the redaction is counted."""
    left = through(redactor, canary)
    assert [bad for bad in canary.forbidden if bad in left.encode()] == []
    assert MASK in left
    assert redactor.count >= 1


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_a_canary_in_a_line_of_text_is_found_too(redactor: Redactor, canary: Canary) -> None:
    """A command line printed as text is as safe as an argv."""
    left = redactor.text("".join(f"+ {line}" for line in canary.text.splitlines(keepends=True)))
    assert [bad for bad in canary.forbidden if bad in left.encode()] == []


@pytest.mark.parametrize("line", ORDINARY)
def test_an_ordinary_line_stays_as_it_is(redactor: Redactor, line: str) -> None:
    """Nothing is masked in what a user wants to read."""
    assert redactor.text(line) == line
    assert redactor.count == 0


@pytest.mark.parametrize("canary", CANARIES, ids=lambda canary: canary.name)
def test_redacting_twice_changes_nothing(redactor: Redactor, canary: Canary) -> None:
    """What was redacted is redacted to itself."""
    once = redactor.text(canary.text)
    count = redactor.count
    assert redactor.text(once) == once
    assert redactor.count == count


FRAGMENTS = st.sampled_from(
    [
        word
        for line in (*ORDINARY, *(canary.text for canary in CANARIES))
        for word in line.split(" ")
    ]
    + [*"=:\"'\\ ,;&-@|{}[]<>\n\r\t", "password=", "--token ", '"secret": "', "://u:", MASK]
)


@given(st.lists(FRAGMENTS, max_size=12).map("".join))
def test_redacting_any_text_twice_changes_nothing(text: str) -> None:
    """The same for any mixture of the corpus."""
    redactor = Redactor.from_environment(ENVIRONMENT, value_from=VALUE_FROM)
    once = redactor.text(text)
    assert redactor.text(once) == once


@given(st.text(alphabet=st.characters(codec=None), max_size=60))
def test_any_text_is_taken(text: str) -> None:
    """Lone surrogates and control characters raise nothing and stay."""
    redactor = Redactor([Secret("x", b"\xff\xfeabcd\xff")])
    assert redactor.text(text) == text or MASK in redactor.text(text)


def test_bytes_that_are_no_utf8_are_redacted_around() -> None:
    """In text with surrogate escapes the secret goes, and the odd bytes stay."""
    redactor = Redactor([Secret("x", b"\xff\xfeabcd\xff")])
    text = b"\xe9 \xff\xfeabcd\xff \xe9".decode("utf-8", "surrogateescape")
    assert redactor.text(text) == f"\udce9 {MASK} \udce9"
    assert redactor.text("\ud800 password=abc9") == f"\ud800 password={MASK}"


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("password", "x y z", MASK),
        ("DB_PASSWORD", "x y z", MASK),
        ("Authorization", "Basic Zm9v", MASK),
        ("session_id", "a1b2c3d4e5f6a7b8", MASK),
        ("token_count", "5", "5"),
        ("tokens", "5", "5"),
        ("region", "eu", "eu"),
        ("url", "https://u:geheim1@h/", f"https://u:{MASK}@h/"),
        ("password", "", ""),
        ("password", MASK, MASK),
    ],
)
def test_a_tag_is_hidden_by_its_key(key: str, value: str, expected: str) -> None:
    """The key decides about a tag, an attribute, a label; else its text does."""
    assert Redactor().keyed(key, value) == expected


def test_an_argv_keeps_its_words() -> None:
    """As many words come out as went in, and only what is secret changes."""
    argv = ["mysql", "-psecret1", "--password", "two words", "", "X_TOKEN=a b", "--", "-p", "shop"]
    assert Redactor().argv(argv) == (
        *("mysql", f"-p{MASK}", "--password", MASK, "", f"X_TOKEN={MASK}", "--", "-p", "shop"),
    )


def test_masks_are_counted() -> None:
    """`count` is the number of masks made, streams included."""
    redactor = Redactor([Secret("x", b"hunter2hunter2")])
    redactor.text("hunter2hunter2 and hunter2hunter2, password=abc9")
    redactor.keyed("password", "abc9")
    redactor.argv(["--password", "abc9"])
    stream = redactor.stream()
    stream.feed(b"hunter2hunter2\nfine\n")
    stream.finish()
    assert redactor.count == 6


UNITS = r"""
a = { [ " \ ' : password= token:_ :// ://a: \" -p_ mysql_ curl_-u_a_ key= auth= auth=" secret
-----BEGIN_PRIVATE_KEY----- eyJa. pass_pass_ AKIA echo_a_ set_x_ authorization:_ <secret> &a %3d
bearer_ Qx7+/ identified_by_ SK0 0a-us a.atlasv1. -_ token="\" 'token= [key=[ from-literal_ a|_
"""


@pytest.mark.parametrize(
    "unit", [*(unit.replace("_", " ") for unit in UNITS.split()), "\xff\x00", "\x1b[0m"]
)
def test_time_is_linear(unit: str) -> None:
    """Eight times as much of the same takes no more than thirty times as long (square: 64)."""
    assert slowdown("", unit) < 30


@pytest.mark.parametrize("before", ["-----BEGIN PRIVATE KEY-----", "name: A_TOKEN", "token: |"])
@pytest.mark.parametrize("unit", ["+", "a+", " ", "=", ",", "value: ", "| "])
def test_time_is_linear_behind_an_announcement(before: str, unit: str) -> None:
    """The same for a line behind one that says that a secret comes."""
    assert slowdown(f"{before}\n!", unit) < 30


def slowdown(before: str, unit: str) -> float:
    """How much longer 160 KB of the same take than 20 KB."""
    redactor = Redactor.from_environment(ENVIRONMENT, value_from=VALUE_FROM)

    def seconds(size: int) -> float:
        text = f"{before}{(unit * size)[:size]}!"
        redactor.text(text)
        begin = time.process_time()
        redactor.text(text)
        return time.process_time() - begin

    return seconds(160_000) / max(min(seconds(20_000) for _ in range(3)), 1e-3)
