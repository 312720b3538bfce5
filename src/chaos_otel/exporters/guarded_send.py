"""The edge of every sender: an answer comes back whatever happens, and no secret in it."""

from __future__ import annotations

from collections.abc import Callable

from chaos_otel.config.destination import Destination
from chaos_otel.exporters.answer import Answer, Delivered, Later
from chaos_otel.exporters.reason import without_secrets


def guarded(destination: Destination, send: Callable[[], Answer]) -> Answer:
    """What `send` answers; an error of our own keeps the records, and is told by its kind alone,
    since its text may repeat a header."""
    try:
        answer = send()
    except Exception as error:  # a sender must not end the delivery to others
        return Later(f"sending failed by an error of our own ({type(error).__name__})")
    if isinstance(answer, Delivered):
        return answer._replace(message=without_secrets(answer.message, destination.headers))
    return answer._replace(reason=without_secrets(answer.reason, destination.headers))
