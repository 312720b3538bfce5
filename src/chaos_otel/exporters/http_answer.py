"""What an HTTP answer to an OTLP export means. Pure: docs/forwarding.md has it as a table.

A status that the specification calls final but that may well pass (500, 408) waits: to send again
costs a duplicate at most, with the same ids, and to give up would cost the records.
"""

from __future__ import annotations

from chaos_otel.config.destination import Signal
from chaos_otel.exporters.address import address_of
from chaos_otel.exporters.answer import Answer, Later, Paused, Refused
from chaos_otel.exporters.http_request import HttpAnswer
from chaos_otel.exporters.http_wire import SPEAKS_TLS
from chaos_otel.exporters.otlp_response import from_json, from_protobuf
from chaos_otel.exporters.reason import quoted
from chaos_otel.exporters.retry_after import retry_after_s

_REFUSED = (400, 413, 422)
_LATER = (408, 425, 429)
_NEVER = (501, 505, 511)
# what Go's servers and nginx say in plain text when TLS is spoken at their port
_TLS_PORT = (b"HTTP request to an HTTPS server", b"HTTP request was sent to HTTPS port")
_ADVICE = {
    401: "check the token in its headers",
    403: "check what its token may do",
    404: "check the path of its address (OTLP has /v1/traces, /v1/logs, /v1/metrics)",
    405: "check the path of its address: this one takes no POST",
    407: "the proxy wants a user and a password",
    415: "it does not take this encoding; try another protocol (http/protobuf, http/json, grpc)",
    505: "it does not speak HTTP/1.1",
    511: "this network wants a log-in first",
}
_HTML = "an HTML page, not OTLP: check host, port and path, and log-in pages in between"


def answer_to(signal: Signal, said: HttpAnswer, *, now_wall_ns: int) -> Answer:
    """`said` is whole; `now_wall_ns` is for a Retry-After that is a date."""
    status = said.status
    if 200 <= status < 300:
        return _taken(signal, said)
    if status < 400:
        return Paused(_elsewhere(said))
    if any(words in said.body for words in _TLS_PORT):
        return Paused(SPEAKS_TLS.reason)
    words = f"HTTP {status}{_told(said)}"
    if status in _REFUSED:
        return Refused(words)
    if status in _LATER or (500 <= status < 600 and status not in _NEVER):
        return Later(words, asked_to_wait_s(said, now_wall_ns=now_wall_ns))
    return Paused(f"{words}; {_ADVICE.get(status, 'check its address and its settings')}")


def asked_to_wait_s(said: HttpAnswer, *, now_wall_ns: int) -> float | None:
    """The answer's Retry-After in seconds, 0 to a day; None where it has none."""
    after, date = said.headers.get("retry-after", ""), said.headers.get("date", "")
    return retry_after_s(after, date=date, now_wall_ns=now_wall_ns)


def _elsewhere(said: HttpAnswer) -> str:
    """Neither a yes nor a no. A token is not carried to where somebody else points."""
    if said.status < 300:
        return f"HTTP {said.status}, which is no answer; check its address"
    try:
        place = f" to {quoted(address_of(said.headers.get('location', '')).shown)}"
    except ValueError:
        place = ""
    words = f"HTTP {said.status}, a redirect{place}"
    return f"{words}; it is not followed: set the right address"


def _taken(signal: Signal, said: HttpAnswer) -> Answer:
    """Only an answer that was read and understood says that records arrived."""
    kind = said.content_type
    if kind in ("", "application/x-protobuf", "application/protobuf"):
        understood = from_protobuf(signal, said.body)
    elif kind == "application/json":
        understood = from_json(signal, said.body)
    else:
        what = _HTML if "html" in kind else f"{quoted(kind)}, not OTLP: check its address"
        return Paused(f"HTTP {said.status} with {what}")
    if understood is None:
        what = _HTML if _is_html(said.body) else "an answer that is not OTLP: check its address"
        return Paused(f"HTTP {said.status} with {what}")
    return understood


def _told(said: HttpAnswer) -> str:
    """The server's own words, when they are words."""
    kind = said.content_type
    if _is_html(said.body) or kind not in ("", "text/plain", "application/json"):
        return _status_message(said, kind)
    try:
        words = quoted(said.body.decode())
    except UnicodeDecodeError:
        return ""
    return f": {words}" if words and words.isprintable() else ""


def _status_message(said: HttpAnswer, kind: str) -> str:
    """OTLP servers tell in a google.rpc.Status what is wrong."""
    if "protobuf" not in kind:
        return ""
    from google.protobuf.message import DecodeError
    from google.rpc.status_pb2 import Status

    try:
        words = quoted(Status.FromString(said.body).message)
    except DecodeError:
        return ""
    return f": {words}" if words else ""


def _is_html(body: bytes) -> bool:
    return body[:200].lstrip().lower().startswith((b"<!doctype", b"<html"))
