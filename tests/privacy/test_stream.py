"""The redactor on output that comes in pieces, with and without gaps, and on the end of one."""

from __future__ import annotations

import time
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tests.privacy.corpus import CANARIES, ENVIRONMENT, ORDINARY, VALUE_FROM, Canary, filler, pem

from chaos_otel.privacy.exact import Secret
from chaos_otel.privacy.redact import Redactor
from chaos_otel.privacy.spans import MASK
from chaos_otel.privacy.stream import WINDOW_BYTES
from chaos_otel.privacy.tail import MARGIN_BYTES, keep_head, keep_tail, redact_tail

MASK_BYTES = MASK.encode()
PRINTED = [canary for canary in CANARIES if canary.place in ("stdout", "stderr", "message")]


def fresh() -> Redactor:
    return Redactor.from_environment(ENVIRONMENT, value_from=VALUE_FROM)


def at_once(data: bytes) -> bytes:
    stream = fresh().stream()
    return stream.feed(data) + stream.finish()


def in_pieces(data: bytes, cuts: list[int]) -> bytes:
    stream = fresh().stream()
    places = [0, *sorted(cut % (len(data) + 1) for cut in cuts), len(data)]
    pieces = [stream.feed(data[a:b]) for a, b in pairwise(places)]
    return b"".join(pieces) + stream.finish()


lines = st.sampled_from([line.encode() for line in ORDINARY])
planted = st.sampled_from(PRINTED).map(lambda canary: canary.text.encode())
endings = st.sampled_from([b"\n", b"\r\n", b"\r", b"\n\n"])
noise = st.binary(max_size=40)
walls = st.integers(1, 3 * WINDOW_BYTES).map(lambda size: b"x. " * (size // 3))
outputs = st.lists(st.one_of(lines, planted, noise, endings, endings, walls), max_size=14)


@given(outputs.map(b"".join), st.lists(st.integers(0, 10**6), max_size=8))
@settings(deadline=None)
def test_pieces_make_no_difference(data: bytes, cuts: list[int]) -> None:
    """Any partition of an output gives what the whole gives."""
    assert in_pieces(data, cuts) == at_once(data)


@given(outputs.map(b"".join))
@settings(deadline=None, max_examples=30)
def test_single_bytes_make_no_difference(data: bytes) -> None:
    """The same for one byte at a time."""
    data = data[:3000]
    assert in_pieces(data, list(range(len(data)))) == at_once(data)


@given(
    st.lists(st.tuples(st.sampled_from(PRINTED), st.integers(0, 2 * WINDOW_BYTES)), max_size=4),
    st.lists(st.integers(0, 10**6), max_size=8),
)
@settings(deadline=None)
def test_no_canary_survives_any_partition(
    planted: list[tuple[Canary, int]], cuts: list[int]
) -> None:
    """Wherever a secret lies in an output, and wherever writes cut it, it is found."""
    data = b"".join(b"ok. " * (size // 4) + b"\n" + c.text.encode() + b"\n" for c, size in planted)
    left = in_pieces(data, cuts)
    assert [bad for canary, _ in planted for bad in canary.forbidden if bad in left] == []


@pytest.mark.parametrize(
    "canary", [canary for canary in PRINTED if "\n" not in canary.text], ids=lambda one: one.name
)
@pytest.mark.parametrize("edge", [WINDOW_BYTES - 4096, WINDOW_BYTES, 64 * 1024])
def test_a_secret_across_an_edge_of_a_long_line_is_found(canary: Canary, edge: int) -> None:
    """A line of 80 KiB without an end is cut somewhere, but in no secret."""
    for shift in range(0, len(canary.text), 5 + len(canary.text) // 20):
        data = b"ok. " * ((edge - shift) // 4) + canary.text.encode() + b" ok." * 4096
        assert [bad for bad in canary.forbidden if bad in at_once(data)] == []


@given(st.binary(max_size=5000), st.lists(st.integers(0, 10**6), max_size=8))
@settings(deadline=None)
def test_bytes_that_are_no_secret_stay(data: bytes, cuts: list[int]) -> None:
    """Binary output comes out as it went in."""
    data = data.translate(None, b":=@\"'")  # without these no grammar of ours has anything to say
    assert in_pieces(data, cuts) == data


@given(st.lists(lines, max_size=20), st.lists(st.integers(0, 10**6), max_size=8))
@settings(deadline=None)
def test_ordinary_output_stays(some: list[bytes], cuts: list[int]) -> None:
    """Ordinary lines come out as they went in, in any order and any pieces."""
    data = b"\n".join(some)
    assert in_pieces(data, cuts) == data


@given(st.lists(st.tuples(lines, st.sampled_from(PRINTED)), max_size=5))
@settings(deadline=None)
def test_what_lies_between_secrets_stays(some: list[tuple[bytes, Canary]]) -> None:
    """The lines around a masked one are whole."""
    data = b"".join(line + b"\n" + c.text.encode() + b"\n;\n" for line, c in some)
    left = at_once(data)
    assert all(line + b"\n" in left for line, _ in some)


def test_a_whole_line_comes_back_at_once() -> None:
    """Who follows a journal sees a line as soon as it was printed; an unfinished one is held."""
    stream = fresh().stream()
    assert stream.feed(b"one\ntwo password=abc9 x") == b"one\n"
    assert stream.feed(b"yz\nthree") == b"two password=" + MASK_BYTES + b" xyz\n"
    assert stream.finish() == b"three"


def test_what_is_held_back_is_bounded() -> None:
    """Of an endless line no more than a window is held."""
    stream = fresh().stream()
    fed = came = 0
    for _ in range(100):
        fed += 5000
        came += len(stream.feed(b"12345" * 1000))
        assert fed - came <= WINDOW_BYTES
    assert came + len(stream.finish()) == fed


def test_utf8_is_not_cut() -> None:
    """Where a long line is cut, no character is."""
    stream = fresh().stream()
    data = "é€😀x".encode() * 5000
    came = stream.feed(data)
    assert came and came.decode("utf-8")
    assert came + stream.finish() == data


def test_a_secret_longer_than_a_window_is_masked_whole() -> None:
    """A value of 100 KB leaves nothing but one mask, and what follows it is read again."""
    value = "".join(filler(str(at), 50) for at in range(2000))
    left = at_once(
        f'{{"password": "{value}", "a": 1}}\nCookie: {value}; b={value}\nfine\n'.encode()
    )
    assert left.decode() == (f'{{"password": "{MASK}", "a": 1}}\nCookie: {MASK}\nfine\n')


def test_a_known_secret_of_several_lines_is_masked() -> None:
    """A value with line feeds in it goes although text is redacted line by line."""
    text, body = pem("RSA ")
    redactor = Redactor([Secret("KEY", text.encode()), Secret("TWO", b"first line 1\nsecond line")])
    assert redactor.text("got first line 1\nsecond line\n.") == f"got {MASK}\n{MASK}\n."
    for line in body[:-1]:
        assert line not in redactor.text(f"part: {line}")


@pytest.mark.parametrize("canary", PRINTED, ids=lambda canary: canary.name)
def test_a_gap_inside_a_secret_leaks_no_half(canary: Canary) -> None:
    """Wherever a gap begins or ends in a secret, what is left of it stays out."""
    text = canary.text.encode()
    secret = min(canary.forbidden, key=text.find)
    begin, end = text.find(secret), text.find(secret) + len(secret)
    for cut in range(begin + 4, end - 3, 3):
        stream = fresh().stream()
        left = stream.feed(b"before.\n" + text[:cut]) + stream.skip()
        left += stream.feed(b"\nafter.\n") + stream.finish()
        assert text[begin:cut] not in left, "before the gap"
        assert left.startswith(b"before.\n") and left.endswith(b"\nafter.\n")
        stream = fresh().stream()
        left = stream.feed(b"before.\n") + stream.skip()
        left += stream.feed(text[cut:] + b"\nafter.\n") + stream.finish()
        assert text[cut:end] not in left, "after the gap"
        assert left.startswith(b"before.\n") and left.endswith(b"\nafter.\n")


@example(gap=(300, 900), kind="RSA ")
@given(gap=st.tuples(st.integers(0, 1400), st.integers(0, 1400)), kind=st.sampled_from(["", "EC "]))
def test_a_gap_inside_a_private_key_leaks_no_line(gap: tuple[int, int], kind: str) -> None:
    """No line of a key's body survives, whichever part of the key is missing."""
    text, body = pem(kind, lines=16)
    data = f"first\n{text}\nlast.\n".encode()
    begin, end = sorted(gap)
    stream = fresh().stream()
    left = stream.feed(data[:begin]) + stream.skip() + stream.feed(data[end:]) + stream.finish()
    assert [line for line in body if line.encode() in left] == []
    assert [line for line in body if line[-15:].encode() in left and end < len(data) - 40] == []


def test_a_gap_in_ordinary_output_costs_only_the_lines_it_cut() -> None:
    """Whole lines stay; a cut one loses its last word before the gap, and all behind it."""
    stream = fresh().stream()
    assert stream.feed(b"one\ntwo thr") + stream.skip() == b"one\ntwo " + MASK_BYTES
    assert stream.feed(b"ee four\nfive six\n") == MASK_BYTES + b"\nfive six\n"


def test_a_tail_is_cut_after_it_was_redacted() -> None:
    """At most so many bytes come back, and what gives a secret away may lie before them."""
    redactor = fresh()
    raw = b"x\n" * MARGIN_BYTES + b"Authorization: Bearer one two three\n" + b"y\n" * 8
    assert redact_tail(redactor, raw, keep_bytes=26) == b"\n" + b"y\n" * 8
    assert redact_tail(redactor, raw, keep_bytes=27) == MASK_BYTES + b"\n" + b"y\n" * 8
    assert redact_tail(redactor, raw, keep_bytes=0) == b""


def test_a_tail_that_begins_in_a_key_shows_none_of_it() -> None:
    """The lines of a body whose BEGIN is gone are masked, wherever the tail begins."""
    text, body = pem("RSA ", lines=20)
    data = f"{text}\nall done.\n".encode()
    for begin in range(35, len(data) - 12, 7):
        left = redact_tail(fresh(), data[begin:], keep_bytes=32 * 1024)
        assert left.endswith(b"all done.\n")
        assert [line for line in body if line[-15:].encode() in left] == []


@given(
    st.lists(st.sampled_from([MASK, "é", "€", "😀", "x", "[", "]", "RED"]), max_size=30), st.data()
)
def test_cuts_respect_masks_and_characters(parts: list[str], data: st.DataObject) -> None:
    """The head and the tail kept are no longer than asked, and end in no mask or character."""
    raw = "".join(parts).encode()
    size = data.draw(st.integers(0, len(raw)))
    head, tail = keep_head(raw, size), keep_tail(raw, size)
    assert len(head) <= size and len(tail) <= size
    assert raw.startswith(head) and raw.endswith(tail)
    assert head.decode() + tail.decode() is not None
    for at in range(raw.count(MASK_BYTES)):
        place = raw.split(MASK_BYTES)
        begin = len(MASK_BYTES.join(place[: at + 1]))
        assert not begin < len(head) < begin + len(MASK_BYTES)
        assert not begin < len(raw) - len(tail) < begin + len(MASK_BYTES)


def test_long_and_odd_output_takes_linear_time() -> None:
    """A line of 10 MB takes at most twenty times as long as one of a tenth of it."""

    def seconds(data: bytes) -> float:
        begin = time.process_time()
        assert at_once(data) == data
        return time.process_time() - begin

    for unit in (b"a", b"=", b"{", b"Qx7+/abc", bytes(range(14, 34)), b"\xff"):
        small = max(seconds(unit * (1_000_000 // len(unit))), 0.01)
        assert seconds(unit * (10_000_000 // len(unit))) < 20 * small
