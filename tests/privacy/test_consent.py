"""Consent: who has said what about a destination, and what holds after it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.config.destination import Destination, Means
from chaos_otel.privacy.consent import Change, Held, Said, Verb, decide, fold, host_changes

WORK, HOME = "otlp https://c.example", "endpoint https://c.example"


def said(verb: Verb, by: Said = "command", *, at: int = 1, where: str = WORK) -> Change:
    return Change(at, verb, where, by)


def decided(
    *changes: Change, host: str = "", typed: bool = False, since: int | None = None, key: str = WORK
) -> Means | str:
    destination = Destination(key, "otlp", {}, means="flag" if typed else "")
    grants = frozenset((host,)) if host else frozenset()
    return decide(destination, fold(changes), grants, since_wall_ns=since)


def test_without_a_word_there_is_no_consent() -> None:
    """Nor by a word about another destination, of whatever kind at the same address."""
    assert decided() == ""
    assert decided(said("grant", where=HOME)) == ""
    assert decided(host=HOME) == ""
    assert decided(said("grant", where=f"{WORK}:4318")) == ""
    assert decided(said("grant", where=f"{WORK}/path")) == ""


def test_the_last_word_of_a_person_holds() -> None:
    """Granted, revoked, granted again."""
    assert decided(said("grant")) == "consent"
    assert decided(said("grant"), said("revoke")) == ""
    assert decided(said("grant"), said("revoke"), said("grant")) == "consent"


def test_the_host_grants_for_those_who_have_said_nothing() -> None:
    """As long as its file does; a person's no beats it, whenever that was said."""
    assert decided(host=WORK) == "host"
    assert decided(said("grant", "host")) == ""
    assert decided(said("revoke"), said("grant", "host"), host=WORK) == ""
    assert decided(said("grant"), host=WORK) == "consent"


def test_what_was_typed_counts_for_its_run() -> None:
    """Also against an earlier no; not against one that came after the run had begun."""
    assert decided(typed=True) == "flag"
    assert decided(said("revoke", at=5), typed=True) == "flag"
    assert decided(said("revoke", at=5), typed=True, since=6) == "flag"
    assert decided(said("revoke", at=7), typed=True, since=6) == ""
    assert decided(said("revoke", at=7), said("grant", at=8), typed=True, since=6) == "flag"


def test_one_address_is_one_consent() -> None:
    """Whatever signals stand behind it in the key."""
    assert decided(said("grant"), key=f"{WORK} metrics") == "consent"
    assert decided(host=WORK, key=f"{WORK} traces,logs") == "host"


def test_the_host_s_words_are_written_down_once() -> None:
    """What its file says now and did not say before, and the other way round."""
    nothing = Held({}, {})
    (granted,) = host_changes(nothing, frozenset((WORK,)), at_wall_ns=3)
    assert granted == Change(3, "grant", WORK, "host")
    held = fold([granted])
    assert host_changes(held, frozenset((WORK,)), at_wall_ns=4) == []
    (revoked,) = host_changes(held, frozenset(), at_wall_ns=5)
    assert revoked == Change(5, "revoke", WORK, "host")
    assert host_changes(fold([granted, revoked]), frozenset(), at_wall_ns=6) == []


_CHANGES = st.builds(
    Change,
    st.integers(0, 9),
    st.sampled_from(("grant", "revoke")),
    st.sampled_from((WORK, HOME)),
    st.sampled_from(("command", "host")),
)


@given(st.lists(_CHANGES), st.booleans())
def test_nobody_is_sent_anything_that_nobody_granted(changes: list[Change], host: bool) -> None:
    """Consent has a grant of a person as the last word, or of the host and no word of a person."""
    means = decided(*changes, host=WORK if host else "")
    own = [one.verb for one in changes if (one.destination, one.said) == (WORK, "command")]
    assert means == (("consent" if own[-1] == "grant" else "") if own else "host" if host else "")


@pytest.mark.parametrize("key", ["", "otlp", "nonsense"])
def test_a_key_that_is_none_has_no_consent(key: str) -> None:
    """And raises nothing."""
    assert decided(said("grant"), host=WORK, key=key) == ""
