"""Start the command in the way that its channels ask for: beside us, or in a terminal session."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from chaos_otel.runner.contract import Channels, Process
from chaos_otel.runner.signals import Signals
from chaos_otel.runner.spawn import spawn


def start(
    argv: Sequence[bytes],
    environment: Sequence[bytes],
    channels: Channels,
    *,
    signals: Signals,
    in_child: Callable[[], None] | None = None,
) -> Process:
    """See `spawn.spawn` for the guarantees and the errors."""
    if channels.mode != "session":
        return spawn(argv, environment, channels, signals=signals, in_child=in_child)
    from chaos_otel.runner.session import SessionProcess

    return SessionProcess.start(argv, environment, channels, signals=signals, in_child=in_child)
