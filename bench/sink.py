"""A collector that takes everything and looks at nothing, as a program: `sink.py http|grpc`.

It prints its port and serves until it is ended.
"""

from __future__ import annotations

import socket
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_ANSWER = b"HTTP/1.1 200 OK\r\nContent-Type: application/x-protobuf\r\nContent-Length: 0\r\n\r\n"


def main(protocol: str) -> None:
    """Serve on a free port."""
    if protocol == "grpc":
        _serve_grpc()
    else:
        _serve_http()


def _serve_http() -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    print(listener.getsockname()[1], flush=True)
    while True:
        connection, _ = listener.accept()
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        threading.Thread(target=_answer, args=(connection,), daemon=True).start()


def _answer(connection: socket.socket) -> None:
    reader = connection.makefile("rb")
    left = 0
    for line in iter(reader.readline, b""):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            left = int(value)
        if line == b"\r\n":
            reader.read(left)
            connection.sendall(_ANSWER)


def _serve_grpc() -> None:
    import grpc

    class Handler(grpc.GenericRpcHandler):
        def service(self, details: Any) -> Any:
            return grpc.unary_unary_rpc_method_handler(lambda body, context: b"")

    server = grpc.server(ThreadPoolExecutor(2), handlers=[Handler()])
    print(server.add_insecure_port("127.0.0.1:0"), flush=True)
    server.start()
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1])
