"""Which values of an environment are secrets; the environment itself comes in as an argument."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from chaos_otel.config.kinds import percent_decoded
from chaos_otel.privacy.exact import Secret
from chaos_otel.privacy.names import variable_is_secret
from chaos_otel.privacy.patterns import Pattern
from chaos_otel.privacy.values import is_path, is_plain, looks_random

MIN_VALUE_BYTES = 8
MIN_NAMED_BYTES = 4  # for a variable that the user names (`--redact-value-from`)

# how OpenTelemetry programs are told the tokens of their collector
_HEADERS = Pattern(r"OTEL_EXPORTER_OTLP_(?:TRACES_|METRICS_|LOGS_)?HEADERS")
_URL_PASSWORD = Pattern(rb"://[^\s/?#@:]*:([^\s@]{%d,})@" % MIN_VALUE_BYTES)


def secrets_of(entries: Iterable[bytes], *, value_from: Sequence[str] = ()) -> list[Secret]:
    """The secrets among raw `KEY=VALUE` entries, as `/proc/self/environ` holds them.

    Taken are: the values of 8 bytes or more of variables whose name looks like a secret and is no
    known harmless one (placeholders, words such as "disabled" and plain paths left out); of any
    variable the password in a URL's user info, if it has 8 bytes; of the headers
    for OpenTelemetry's exporters those that look like a secret; and of each variable in
    `value_from` the value, if it has 4 bytes.
    """
    named = frozenset(value_from)
    return [secret for entry in entries for secret in _of_entry(entry, named)]


def _of_entry(entry: bytes, named: frozenset[str]) -> Iterator[Secret]:
    key, _, value = entry.partition(b"=")
    name = key.decode("utf-8", "surrogateescape")
    if name in named:
        if len(value) >= MIN_NAMED_BYTES:
            yield Secret(name, value)
        return
    if _HEADERS.fullmatch(name):
        yield from _of_headers(name, value)
    elif len(value) >= MIN_VALUE_BYTES and variable_is_secret(name) and not _is_harmless(value):
        yield Secret(name, value)
    elif b"://" in value:
        yield from (Secret(name, found[1]) for found in _URL_PASSWORD.finditer(value))


def _of_headers(name: str, value: bytes) -> Iterator[Secret]:
    """`name=value` with commas between, percent-encoded; of `Bearer X` and its like the X."""
    for part in value.decode("utf-8", "surrogateescape").split(","):
        header, _, text = part.partition("=")
        token = percent_decoded(text.strip()).rpartition(" ")[2]
        secret = token.encode("utf-8", "surrogateescape")
        suspicious = variable_is_secret(header.strip()) or looks_random(token)
        if suspicious and len(secret) >= MIN_VALUE_BYTES and not _is_harmless(secret):
            yield Secret(name, secret)


def _is_harmless(value: bytes) -> bool:
    text = value.decode("latin-1")
    return is_plain(text) or is_path(text)
