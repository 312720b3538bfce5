"""A connection as `http.client` wants its socket, every wait of which counts against a deadline.

`http.client` gives a socket's timeout to each `recv`, so a peer that drips a byte a second may hold
it for ever. Here each read and each write is told what is left of the whole request's time, which
needs no watchdog thread and ends a wait exactly then.
"""

from __future__ import annotations

import io
import socket
import ssl
from typing import Any

from chaos_otel.exporters.deadline import Deadline
from chaos_otel.exporters.network_fault import ConnectError, NetworkFault

IS_GRPC = NetworkFault(
    "a gRPC port was spoken to in HTTP; use protocol grpc, or the HTTP port (4318 by custom)",
    is_lasting=True,
)
SPEAKS_TLS = NetworkFault("it speaks TLS where plain text was sent; use https://", is_lasting=True)


class Wire:
    """What `http.client.HTTPConnection.sock` is used for. Owns the socket."""

    def __init__(self, connected: socket.socket | ssl.SSLSocket, deadline: Deadline) -> None:
        self.socket = connected
        self.deadline = deadline
        self.received_bytes = 0
        self.was_reset = False

    def sendall(self, data: bytes) -> None:
        """Send all of it; TimeoutError at the deadline."""
        rest = memoryview(data)
        while rest:
            self.socket.settimeout(self.deadline.remaining_s())
            rest = rest[self.socket.send(rest) :]

    def makefile(self, mode: str) -> io.BufferedReader:
        """What the answer is read from."""
        return io.BufferedReader(_Reader(self))

    def receive_into(self, buffer: Any) -> int:
        """Up to a buffer of bytes, none at the end or where a begun answer was cut off by a reset;
        ConnectError if the first ones are not HTTP."""
        self.socket.settimeout(self.deadline.remaining_s())
        try:
            count = self.socket.recv_into(buffer)
        except ConnectionResetError:
            if not self.received_bytes:
                raise
            # who refuses a request unread resets the connection behind the answer
            self.was_reset, count = True, 0
        if not self.received_bytes:
            _check_protocol(bytes(memoryview(buffer)[:count]))
        self.received_bytes += count
        return count

    def receive_raw(self) -> bytes:
        """A byte of any protocol, or nothing at the end."""
        self.socket.settimeout(self.deadline.remaining_s())
        return self.socket.recv(1)

    @property
    def agreed_protocol(self) -> str | None:
        """What ALPN chose, on a TLS connection."""
        if isinstance(self.socket, ssl.SSLSocket):
            return self.socket.selected_alpn_protocol()
        return None

    def begin(self, deadline: Deadline) -> None:
        """Another request on the same connection."""
        self.deadline = deadline
        self.received_bytes = 0
        self.was_reset = False

    def is_stale(self) -> bool:
        """Whether the other side closed it, or said something unasked, since the last answer."""
        self.socket.settimeout(0)
        try:
            # TLS may have a session ticket to tell, which is not for us to see
            return self.socket.recv(1) is not None
        except (BlockingIOError, ssl.SSLWantReadError):
            return False
        except OSError:
            return True

    def close(self) -> None:
        """Nothing: `http.client` calls it before the answer is read. See `hang_up`."""

    def hang_up(self) -> None:
        """Close it at once, without a TLS goodbye that might wait."""
        try:
            self.socket.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.socket.close()


class _Reader(io.RawIOBase):
    def __init__(self, wire: Wire) -> None:
        self._wire = wire

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        return self._wire.receive_into(buffer)


def _check_protocol(head: bytes) -> None:
    """Tell another protocol by its first bytes: waiting for a line of it could take all time."""
    if len(head) >= 9 and head[3] == 4 and head[5:9] == bytes(4):  # an HTTP/2 SETTINGS frame
        raise ConnectError(IS_GRPC)
    if len(head) >= 3 and head[0] in (0x15, 0x16) and head[1] == 3:  # a TLS alert or handshake
        raise ConnectError(SPEAKS_TLS)
    if head and not b"HTTP/".startswith(head[:5]):
        words = "what answers there does not speak HTTP; check host and port"
        raise ConnectError(NetworkFault(words, is_lasting=True))
