"""An empty export to each signal of a destination: who answers, how long it takes, what is wrong.

Nothing of any run is in it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import NamedTuple

from chaos_otel.config.destination import Destination, Signal
from chaos_otel.exporters.answer import Answer, Delivered, Refused, Sender
from chaos_otel.exporters.senders import open_sender

# an OTLP request without anything in it has no bytes
_EMPTY = {"otlp": b"", "endpoint": b"[]"}


class Check(NamedTuple):
    """What came of one signal. `words` say what answered, or why nothing did."""

    signal: Signal
    url: str
    ok: bool
    words: str
    took_s: float


def check_connection(
    destination: Destination, *, open_: Callable[[Destination], Sender] = open_sender
) -> Iterator[Check]:
    """Send them, one after another; each takes at most the destination's timeout."""
    sender = open_(destination)
    try:
        for signal, url in destination.urls.items():
            began_s = time.monotonic()
            said = sender.send(signal, _EMPTY[destination.kind], timeout_s=destination.timeout_s)
            took_s = time.monotonic() - began_s
            yield Check(signal, url, *_judged(destination, said), took_s)
    finally:
        sender.close()


def _judged(destination: Destination, said: Answer) -> tuple[bool, str]:
    if isinstance(said, Delivered):
        return True, f"accepted{f' ({said.message})' if said.message else ''}"
    if isinstance(said, Refused) and destination.kind == "endpoint":
        # it takes us for who we are, and may not like no documents
        return True, f"answers, and refuses a request without documents ({said.reason})"
    return False, said.reason
