"""What gRPC's C core takes from the environment of a process: taken away before it is loaded."""

from __future__ import annotations

import os

_UNHEARD = (
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
    "GRPC_DNS_RESOLVER",
    "GRPC_EXPERIMENTS",
    "GRPC_NOT_USE_SYSTEM_SSL_ROOTS",
    "GRPC_SSL_CIPHER_SUITES",
    "GRPC_SYSTEM_SSL_ROOTS_DIR",
    "GRPC_TRACE",
    "SSLKEYLOGFILE",
    "no_grpc_proxy",
    "no_proxy",
)


def set_apart() -> None:
    """Forget them, and keep its log lines off our stderr. For a process of ours, before it has
    threads: the C library's environment is not made for them."""
    for name in _UNHEARD:
        os.unsetenv(name)
    os.putenv("GRPC_VERBOSITY", "NONE")
