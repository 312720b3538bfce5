"""What may be stored, and for how long: redaction, pseudonyms, retention. Touches no file."""

from __future__ import annotations

from chaos_otel.privacy.exact import Secret
from chaos_otel.privacy.redact import Redactor
from chaos_otel.privacy.spans import MASK
from chaos_otel.privacy.stream import StreamRedactor
from chaos_otel.privacy.tail import MARGIN_BYTES, keep_head, keep_tail, redact_tail

__all__ = [
    "MARGIN_BYTES",
    "MASK",
    "Redactor",
    "Secret",
    "StreamRedactor",
    "keep_head",
    "keep_tail",
    "redact_tail",
]
