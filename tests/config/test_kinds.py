"""What people write for a size, a duration, a list; and how it is shown back."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.config import kinds


@pytest.mark.parametrize(
    ("written", "size_bytes"),
    [
        ("0", 0),
        ("65536", 65536),
        ("64KiB", 65536),
        ("64 kib", 65536),
        ("1MB", 1_000_000),
        ("1.5GB", 1_500_000_000),
        ("2k", 2000),
        (512, 512),
        ("4611686018427387905", 2**62 + 1),
    ],
)
def test_sizes(written: object, size_bytes: int) -> None:
    """KiB is 1024, KB is 1000, a bare number is bytes, and whole numbers stay exact."""
    assert kinds.parse_size_bytes(written) == size_bytes


@pytest.mark.parametrize(
    "written", ["", "-1", "64 parsecs", "1e3", "nan", True, None, [], "٣", "9" * 99]
)
def test_what_is_no_size(written: object) -> None:
    """Anything else is refused with how to write it."""
    with pytest.raises(ValueError, match=r"size: (write it like|leave it out)"):
        kinds.parse_size_bytes(written)


@pytest.mark.parametrize(
    ("written", "duration_s"),
    [
        ("90", 90.0),
        ("90s", 90.0),
        ("5m", 300.0),
        ("1.5h", 5400.0),
        ("250ms", 0.25),
        (0.5, 0.5),
        ("14d", 1209600.0),
        ("0", 0.0),
        (" 1 H ", 3600.0),
    ],
)
def test_durations(written: object, duration_s: float) -> None:
    """A bare number is seconds; ms, s, m, h and d scale it."""
    assert kinds.parse_duration_s(written) == duration_s


@pytest.mark.parametrize(
    "written", ["", "-1s", "inf", "1w", False, None, "1s2m", float("nan"), "9" * 20]
)
def test_what_is_no_duration(written: object) -> None:
    """Anything else is refused with how to write it."""
    with pytest.raises(ValueError, match=r": (write it like|leave it out)"):
        kinds.parse_duration_s(written)


def test_a_limit_of_zero_is_none() -> None:
    """A timeout of 0 means that there is none."""
    assert kinds.LIMIT.parse("0") is None
    assert kinds.LIMIT.parse("1ms") == 0.001


@given(st.integers(0, 2**63 - 1))
def test_a_shown_size_reads_as_itself(size_bytes: int) -> None:
    """What config show prints can be written back, except that 0 is shown in words."""
    shown = kinds.show_size(size_bytes)
    assert kinds.parse_size_bytes("0" if shown == "none" else shown) == size_bytes


@given(st.integers(0, 10**8))
def test_a_shown_duration_reads_as_itself(duration_s: int) -> None:
    """Whole seconds exactly, in the largest unit that divides them."""
    assert kinds.parse_duration_s(kinds.show_duration(float(duration_s))) == duration_s


@pytest.mark.parametrize(
    ("written", "value"), [("Yes", True), ("1", True), ("off", False), (False, False)]
)
def test_true_and_false(written: object, value: bool) -> None:
    """1, true, yes, on and their opposites, in any case."""
    assert kinds.FLAG.parse(written) is value


def test_pairs_from_flags_text_and_table() -> None:
    """A value in a list may hold commas and equals signs; numbers in a table become text."""
    assert kinds.PAIRS.parse(("note=a,b=c",)) == {"note": "a,b=c"}
    assert kinds.PAIRS.parse("region=eu, team=web,") == {"region": "eu", "team": "web"}
    assert kinds.PAIRS.parse({"shard": 7, "beta": True}) == {"shard": "7", "beta": "true"}


@pytest.mark.parametrize("written", ["region", "=eu", ["a b=c"], [1], 5, {"a": {"b": 1}}])
def test_what_is_no_pair(written: object) -> None:
    """A key without a value, a value without a key, blanks in a key."""
    with pytest.raises(ValueError, match=": "):
        kinds.PAIRS.parse(written)


def test_attributes_are_percent_decoded() -> None:
    """As OTEL_RESOURCE_ATTRIBUTES is specified; what is no escape stays."""
    assert kinds.parse_attributes("a=b%2Cc,d=100%, e = caf%C3%A9 ") == {
        "a": "b,c",
        "d": "100%",
        "e": "café",
    }


def test_a_choice_is_one_of_its_words() -> None:
    """In any case; anything else is answered with the words."""
    colour = kinds.choice("red", "blue")
    assert colour.parse(" RED ") == "red"
    with pytest.raises(ValueError, match="none of red, blue"):
        colour.parse("green")


@pytest.mark.parametrize("written", ["1", 7, " 512 "])
def test_a_count_that_is_at_least_one(written: object) -> None:
    """A batch of none would never be sent."""
    assert kinds.POSITIVE.parse(written) == int(str(written))


@pytest.mark.parametrize("written", ["0", 0, "-1", "many", True, "1.5"])
def test_what_is_no_count_from_one(written: object) -> None:
    """Refused with how to write it."""
    with pytest.raises(ValueError, match=": write a whole number"):
        kinds.POSITIVE.parse(written)


def test_addresses_are_shown_without_secrets() -> None:
    """One or several."""
    assert kinds.ADDRESS.show("https://u:hunter2@c.example/x?k=v") == "https://c.example/x"
    assert kinds.ADDRESSES.show(("https://u:hunter2@a", "b")) == "https://a,b"
