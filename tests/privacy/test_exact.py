"""Known values, in whatever form they are printed."""

from __future__ import annotations

import base64
import html
import json
import shlex
from collections.abc import Callable
from urllib.parse import quote, quote_plus

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.privacy.exact import ExactValues, Secret, forms_of
from chaos_otel.privacy.redact import Redactor
from chaos_otel.privacy.spans import MASK

FORMS: dict[str, Callable[[str], str]] = {
    "raw": str,
    "quote": quote,
    "quote all": lambda value: quote(value, safe=""),
    "encodeURIComponent": lambda value: quote(value, safe="!'()*"),
    "form": quote_plus,
    "JSON": lambda value: json.dumps(value)[1:-1],
    "JSON, UTF-8": lambda value: json.dumps(value, ensure_ascii=False)[1:-1],
    "JSON in JSON": lambda value: json.dumps(json.dumps(value))[3:-3],
    "PHP's JSON": lambda value: json.dumps(value)[1:-1].replace("/", "\\/"),
    "XML": html.escape,
    "shell": lambda value: shlex.quote(value).strip("'"),
}
values = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=8, max_size=30
)
around = st.sampled_from(["", "x", " ", '"', "é", "=", "abc", "-"])


@pytest.mark.parametrize("form", FORMS)
@given(value=values, before=around, after=around)
def test_every_form_is_found(form: str, value: str, before: str, after: str) -> None:
    """Whatever the value and its neighbours are, and wherever in a line it begins."""
    printed = FORMS[form](value)
    for shift in range(4):
        text = "." * shift + before + printed + after
        assert printed not in Redactor([Secret("x", value.encode())]).text(text) or printed in MASK


@given(
    st.binary(min_size=8, max_size=40), st.binary(max_size=7), st.binary(max_size=7), st.booleans()
)
def test_base64_is_found_at_every_alignment(
    value: bytes, before: bytes, after: bytes, urlsafe: bool
) -> None:
    """Of the characters of base64 text, those that depend on the value alone are masked."""
    encode = base64.urlsafe_b64encode if urlsafe else base64.b64encode
    printed = encode(before + value + after).decode()
    first, last = -(-8 * len(before) // 6), 8 * (len(before) + len(value)) // 6
    left = Redactor([Secret("x", value)]).text(f"got {printed}")
    assert printed[first:last] not in left
    assert left.startswith(f"got {printed[:first]}"[:4])


@given(
    st.lists(st.binary(min_size=4, max_size=20), min_size=1, max_size=5), st.binary(max_size=200)
)
def test_the_quick_look_misses_nothing(some: list[bytes], raw: bytes) -> None:
    """Where any form is in a text, the first look does not rule it out."""
    exact = ExactValues(some)
    for form in {form for value in some for form in forms_of(value)}:
        for at in (0, 1, 2, 3, len(raw)):
            data = raw[:at] + form + raw[at:]
            assert exact.find(data.decode("latin-1"), data)


def test_a_long_value_is_found_in_pieces() -> None:
    """A value of several kilobytes goes as a whole, and so do its parts."""
    value = "".join(f"{number:x}-" for number in range(2000))
    redactor = Redactor([Secret("x", value.encode())])
    assert redactor.text(f"a {value} b") == f"a {MASK} b"
    assert MASK in redactor.text(value[1024:2048])


def test_the_mask_is_no_secret() -> None:
    """A value that is part of the mask would never come to an end."""
    redactor = Redactor([Secret("x", b"REDACTED")])
    assert redactor.text("REDACTED password=abc9") == f"REDACTED password={MASK}"
