"""What test servers do on sockets, whatever protocol is spoken on them."""

from __future__ import annotations

import socket
import struct
import time
from collections.abc import Callable

DRIP_S = 1.0


def drip(connection: socket.socket, data: bytes, is_over: Callable[[], bool]) -> None:
    """A byte a second."""
    for number in data:
        if is_over():
            return
        connection.sendall(bytes([number]))
        time.sleep(DRIP_S)


def reset(connection: socket.socket) -> None:
    """Leave by RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()


def wait(is_over: Callable[[], bool], seconds: float = 3600.0) -> None:
    """A time, or until the server is closed."""
    until = time.monotonic() + seconds
    while not is_over() and time.monotonic() < until:
        time.sleep(min(0.05, max(0.0, until - time.monotonic())))


def bound(port: int) -> socket.socket:
    """A socket on a port of loopback (0: a free one) which others here may bind too."""
    made = socket.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    made.bind(("127.0.0.1", port))
    return made


def filled(port: int) -> list[socket.socket]:
    """A listener that takes no more connections, with those that fill it."""
    listener = bound(port)
    listener.listen(0)
    sockets = [listener]
    for _ in range(4):
        one = socket.socket()
        one.setblocking(False)
        one.connect_ex(("127.0.0.1", port))
        sockets.append(one)
    time.sleep(0.1)
    return sockets
