"""The header fields of a request."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from chaos_otel.exporters.address import address_of
from chaos_otel.exporters.header_fields import header_problem, proxy_fields, request_fields

HERE = address_of("https://me:pass@a.example:4318/")


def test_a_token_beats_the_address() -> None:
    """User and password of a URL authorise only where no header does."""
    assert request_fields({}, HERE, body_bytes=1)["Authorization"] == "Basic bWU6cGFzcw=="
    fields = request_fields({"authorization": "Bearer x"}, HERE, body_bytes=1)
    assert fields["authorization"] == "Bearer x"
    assert "Authorization" not in fields


def test_what_is_for_the_proxy_goes_to_the_proxy() -> None:
    """And to nobody else."""
    headers = {"Proxy-Authorization": "Basic abc"}
    assert "abc" not in str(request_fields(headers, HERE, body_bytes=0))
    assert proxy_fields(headers, HERE) == headers
    assert proxy_fields({}, HERE) == {"Proxy-Authorization": "Basic bWU6cGFzcw=="}


@settings(deadline=None)
@given(st.dictionaries(st.text(max_size=5), st.text(max_size=5), max_size=3))
def test_what_has_no_problem_is_of_one_line(headers: dict[str, str]) -> None:
    """Nothing in it can begin another header, or another request."""
    if not header_problem(headers):
        lines = [f"{name}: {value}" for name, value in headers.items()]
        assert not any(sign in line for line in lines for sign in "\r\n\0")
        assert all(line.encode("latin-1") for line in lines)
