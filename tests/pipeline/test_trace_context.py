"""Lenient in, strict out: what is passed on is well formed whatever came in."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.config.environment import Environment
from chaos_otel.pipeline.trace_context import trace_context

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
HEADER = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-0[01]")
MEMBER = re.compile(r"[a-z0-9][a-z0-9_\-*/@]{0,255}=[\x20-\x2b\x2d-\x3c\x3e-\x7e]{0,256}")
BAGGAGE = re.compile(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+[ \t]*=[ \t]*[\x21-\x7e]*([ \t]*;[^,]*)?")

near_headers = st.from_regex(
    r"\A *[0-9a-fA-F]{1,2}-[0-9a-f]{30,33}-[0-9a-f]{15,17}-[0-9a-f]{2} *\Z"
)
near_lists = st.lists(st.from_regex(r"\A ?[a-z@*/]{0,5}=?[ -~]{0,8} ?\Z"), max_size=40).map(
    ",".join
)
texts = st.text(st.characters(exclude_characters="\0"), max_size=200)


def _environment(**values: str) -> Environment:
    block = [f"{name}={value}".encode("utf-8", "surrogateescape") for name, value in values.items()]
    return Environment.of_block(block)


@given(parent=near_headers | texts, state=near_lists | texts, baggage=near_lists | texts)
def test_what_goes_out_is_well_formed(parent: str, state: str, baggage: str) -> None:
    """Any three variables give a strict header, a strict list or none, and clean baggage."""
    try:
        environment = _environment(TRACEPARENT=parent, TRACESTATE=state, BAGGAGE=baggage)
    except UnicodeEncodeError:
        return  # no environment can hold it
    variables = trace_context(environment).variables()
    assert HEADER.fullmatch(variables["TRACEPARENT"] or "")
    for name, pattern in (("TRACESTATE", MEMBER), ("BAGGAGE", BAGGAGE)):
        value = variables[name]
        assert value is None or all(pattern.fullmatch(one) for one in value.split(","))
    assert len((variables["TRACESTATE"] or "").split(",")) <= 32
    assert len(variables["BAGGAGE"] or "") <= 8192


def test_a_trace_is_joined() -> None:
    """The same trace, a span of our own below the caller's, the flags as they came."""
    context = trace_context(_environment(TRACEPARENT=f"00-{TRACE}-{SPAN}-00"))
    assert (context.trace_id, context.parent_span_id, context.flags) == (TRACE, SPAN, 0)
    assert context.variables()["TRACEPARENT"] == f"00-{TRACE}-{context.process_span_id}-00"


@pytest.mark.parametrize("header", ["", "garbage", f"00-{'0' * 32}-{SPAN}-01"])
def test_without_a_trace_one_begins(header: str) -> None:
    """A state without its trace means nothing: it goes; baggage is independent and stays."""
    values = {"TRACEPARENT": header, "TRACESTATE": "a=1", "BAGGAGE": "k=v"}
    context = trace_context(_environment(**values))
    assert context.trace_id != TRACE and context.parent_span_id == ""
    variables = context.variables()
    assert (variables["TRACESTATE"], variables["BAGGAGE"]) == (None, "k=v")


def test_one_bad_member_spoils_a_state_and_not_baggage() -> None:
    """As the two standards ask."""
    values = {"TRACEPARENT": f"00-{TRACE}-{SPAN}-01", "TRACESTATE": "a=1,B=2", "BAGGAGE": "a=1,=2"}
    variables = trace_context(_environment(**values)).variables()
    assert (variables["TRACESTATE"], variables["BAGGAGE"]) == (None, "a=1")
