"""What a destination's settings look like, so that a pause ends when they change. Names no
secret."""

from __future__ import annotations

import json
import os
from hashlib import blake2b

from chaos_otel.config.destination import Destination


def fingerprint(destination: Destination, *, key: bytes) -> str:
    """Differs when an address, a header, a certificate's file or any other option does.

    Keyed with what only this installation knows: it lies in the store, and headers hold tokens.
    """
    values = destination.to_json()
    del values["means"]
    values["headers"] = sorted(destination.headers.items())
    values["files"] = [_seen(path) for path in destination.tls[:3]]
    text = json.dumps(values, sort_keys=True)
    return blake2b(text.encode("utf-8", "surrogatepass"), key=key[:64], digest_size=12).hexdigest()


def _seen(path: str) -> tuple[int, ...]:
    try:
        status = os.stat(path)
    except OSError:
        return ()
    return status.st_size, status.st_mtime_ns, status.st_ino
