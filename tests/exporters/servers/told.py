"""Servers that say exactly what they are told, and a proxy."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def answering(answer: bytes | Callable[[socket.socket], None]) -> Iterator[tuple[int, list[bytes]]]:
    """A server that reads some of each connection and says these bytes; its port, and what came."""
    seen: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        with connection:
            try:
                if callable(answer):
                    return answer(connection)
                seen.append(connection.recv(65536))
                connection.sendall(answer)
                connection.shutdown(socket.SHUT_WR)
                while connection.recv(65536):  # to close on unread bytes would be a reset
                    pass
            except OSError:
                pass

    with socket.create_server(("127.0.0.1", 0)) as listener:
        threading.Thread(target=_accept, args=(listener, serve), daemon=True).start()
        yield listener.getsockname()[1], seen
        listener.shutdown(socket.SHUT_RDWR)


def _accept(listener: socket.socket, serve: Callable[[socket.socket], None]) -> None:
    while True:
        try:
            connection, _ = listener.accept()
        except OSError:
            return
        threading.Thread(target=serve, args=(connection,), daemon=True).start()


@contextmanager
def proxying(status: bytes = b"200 Fine") -> Iterator[tuple[str, list[bytes]]]:
    """A proxy, and the first lines it was told."""
    heads: list[bytes] = []

    def serve(connection: socket.socket) -> None:
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            head += connection.recv(1)
        heads.append(head)
        if head.startswith(b"CONNECT"):
            connection.sendall(b"HTTP/1.1 " + status + b"\r\n\r\n")
            if status.startswith(b"2"):
                _join(connection, head.split()[1].decode())
        else:
            connection.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")

    with answering(serve) as (port, _):
        yield f"http://user:p%40ss@127.0.0.1:{port}", heads


def _join(connection: socket.socket, place: str) -> None:
    host, _, port = place.rpartition(":")
    with socket.create_connection((host.strip("[]"), int(port))) as far:
        threading.Thread(target=_pass_on, args=(connection, far), daemon=True).start()
        _pass_on(far, connection)


def _pass_on(source: socket.socket, target: socket.socket) -> None:
    try:
        while data := source.recv(65536):
            target.sendall(data)
    except OSError:
        pass
