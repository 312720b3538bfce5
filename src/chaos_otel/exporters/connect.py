"""A TCP connection to a host by name, within a deadline. Knows no TLS and no HTTP.

The name is looked up in a daemon thread, since `getaddrinfo` cannot be given a time: one that hangs
is left alone and ends by itself. Of several addresses the second is tried beside the first after a
quarter of a second (RFC 8305), so that a dead IPv6 route costs that and not the whole time.
"""

from __future__ import annotations

import errno
import os
import select
import socket
import threading
from typing import Any, TypeAlias

from chaos_otel.errors import in_words
from chaos_otel.exporters.deadline import Deadline
from chaos_otel.exporters.network_fault import ConnectError, NetworkFault

NEXT_ADDRESS_S = 0.25
_UNDER_WAY = (errno.EINPROGRESS, errno.EWOULDBLOCK, errno.EAGAIN)

_Found: TypeAlias = list[tuple[Any, ...]]


def connect(host: str, port: int, deadline: Deadline) -> socket.socket:
    """The first connection that comes about; ConnectError if none does, before the deadline."""
    found = look_up(host, port, deadline)
    attempts = _Attempts()
    try:
        return attempts.first(found, deadline)
    except TimeoutError:
        words = f"no connection within {deadline.timeout_s:.3g} s"
        raise ConnectError(NetworkFault(words)) from None
    finally:
        attempts.close()


def look_up(host: str, port: int, deadline: Deadline) -> _Found:
    """The addresses of a name, IPv6 and IPv4 in turns."""
    said: list[_Found | OSError | UnicodeError] = []

    def ask() -> None:
        try:
            said.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            said.append(error)

    thread = threading.Thread(target=ask, name="look-up", daemon=True)
    thread.start()
    thread.join(deadline.remaining_s())
    if not said:
        words = f"the name {host} was not found within {deadline.timeout_s:.3g} s"
        raise ConnectError(NetworkFault(words))
    if isinstance(said[0], list) and said[0]:
        return _in_turns(said[0])
    words = in_words(said[0]) if isinstance(said[0], Exception) else "it has no address"
    raise ConnectError(NetworkFault(f"the name {host} cannot be looked up ({words})"))


def _in_turns(found: _Found) -> _Found:
    first = [one for one in found if one[0] == found[0][0]]
    other = [one for one in found if one[0] != found[0][0]]
    turns = [one for pair in zip(first, other, strict=False) for one in pair]
    return turns + first[len(other) :] + other[len(first) :]


class _Attempts:
    """Connections that are under way. Owns their sockets until one wins."""

    def __init__(self) -> None:
        self._open: dict[int, socket.socket] = {}
        self._poll = select.poll()
        self._last_error = "it has no address that can be used"

    def first(self, found: _Found, deadline: Deadline) -> socket.socket:
        """The first that stands, in the order of `found` with a head start each."""
        for family, kind, protocol, _, place in found:
            self._begin(family, kind, protocol, place)
            won = self._wait(min(NEXT_ADDRESS_S, deadline.remaining_s()))
            if won is not None:
                return won
        while self._open:
            won = self._wait(deadline.remaining_s())
            if won is not None:
                return won
        raise ConnectError(NetworkFault(f"cannot connect ({self._last_error})"))

    def _begin(self, family: int, kind: int, protocol: int, place: Any) -> None:
        try:
            made = socket.socket(family, kind, protocol)
        except OSError as error:  # no IPv6 in this kernel
            self._last_error = in_words(error)
            return
        made.setblocking(False)
        problem = made.connect_ex(place)
        if problem and problem not in _UNDER_WAY:
            self._last_error = os.strerror(problem).lower()
            made.close()
            return
        self._open[made.fileno()] = made
        self._poll.register(made, select.POLLOUT)

    def _wait(self, timeout_s: float) -> socket.socket | None:
        """One that stands, or None after the time or if all failed."""
        if not self._open:
            return None
        for number, _ in self._poll.poll(max(1, int(timeout_s * 1000))):
            made = self._open.pop(number)
            self._poll.unregister(number)
            problem = made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if not problem:
                made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                return made
            self._last_error = os.strerror(problem).lower()
            made.close()
        return None

    def close(self) -> None:
        """Those that did not win."""
        for made in self._open.values():
            made.close()
        self._open.clear()
