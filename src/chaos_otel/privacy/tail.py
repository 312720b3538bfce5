"""The end of a long output, of which the middle was left out: redacted first, then cut."""

from __future__ import annotations

from chaos_otel.privacy.pem import body_before_end
from chaos_otel.privacy.redact import Redactor
from chaos_otel.privacy.spans import MASK_BYTES
from chaos_otel.privacy.stream import WINDOW_BYTES

# A tail is kept longer by this than what is shown of it: its first secrets need their context.
MARGIN_BYTES = WINDOW_BYTES


def redact_tail(redactor: Redactor, raw: bytes, *, keep_bytes: int) -> bytes:
    """Redact the end of an output and return at most its last `keep_bytes`.

    `raw` begins anywhere in the output, best `MARGIN_BYTES` before what is kept: the line in which
    it begins may be the rest of a secret, and the lines after it those of a private key whose
    beginning is gone; both are masked. Where nothing was left out, feed it to the stream instead.
    """
    stream = redactor.stream()
    lines = raw[: 2 * WINDOW_BYTES].splitlines(keepends=True)
    key_lines = body_before_end(lines)
    begin = b""
    if key_lines:
        begin = redactor.mask_all() + b"\n"
        raw = raw[sum(map(len, lines[:key_lines])) :]
    else:
        stream.skip()
    return keep_tail(begin + stream.feed(raw) + stream.finish(), keep_bytes)


def keep_tail(redacted: bytes, keep_bytes: int) -> bytes:
    """At most the last `keep_bytes`, beginning with no half mask and no half UTF-8 character."""
    cut = max(0, len(redacted) - keep_bytes)
    mask = redacted.find(MASK_BYTES, max(0, cut - len(MASK_BYTES) + 1), cut + len(MASK_BYTES) - 1)
    if 0 <= mask < cut:
        cut = mask + len(MASK_BYTES)
    end = min(cut + 3, len(redacted))
    while 0 < cut < end and redacted[cut] & 0xC0 == 0x80:
        cut += 1
    return redacted[cut:]


def keep_head(redacted: bytes, keep_bytes: int) -> bytes:
    """At most the first `keep_bytes`, ending with no half mask and no half UTF-8 character."""
    cut = min(len(redacted), max(0, keep_bytes))
    mask = redacted.find(MASK_BYTES, max(0, cut - len(MASK_BYTES) + 1), cut + len(MASK_BYTES) - 1)
    if 0 <= mask < cut < mask + len(MASK_BYTES):
        cut = mask
    begin = max(0, cut - 3)
    while begin < cut < len(redacted) and redacted[cut] & 0xC0 == 0x80:
        cut -= 1
    return redacted[:cut]
