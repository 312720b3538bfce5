"""What is recorded of the place a run happened in: host, pseudonymous user.

Every fact is optional: one that cannot be had is left out. Loaded after the command started.
"""

from __future__ import annotations

import os
import pwd

from chaos_otel import semconv
from chaos_otel.config.folders import open_private
from chaos_otel.errors import ChaosOtelError
from chaos_otel.privacy.pseudonym import user_hash

KEY_FILE = "user.key"
KEY_BYTES = 32


def host_attributes() -> dict[str, str]:
    """Name, architecture and system of this machine."""
    uname = os.uname()
    return {
        semconv.HOST_NAME: uname.nodename,
        semconv.HOST_ARCH: uname.machine,
        semconv.OS_TYPE: uname.sysname.lower(),
    }


def user_attributes(state: str, name: str = "") -> dict[str, str]:
    """The pseudonym of the user (who runs this, if not named), keyed with a random key of this
    installation, made when missing."""
    try:
        key = installation_key(state)
        name = name or pwd.getpwuid(os.getuid()).pw_name
    except (OSError, ChaosOtelError):
        return {}
    except KeyError:
        name = str(os.getuid())
    return {semconv.USER_HASH: user_hash(name, key)}


def installation_key(state: str) -> bytes:
    """A random key that only this installation has, made when missing. Raises OSError or
    StateError."""
    path = f"{state}/{KEY_FILE}"
    try:
        fd = open_private(path, os.O_RDWR | os.O_CREAT | os.O_EXCL)
    except FileExistsError:
        fd = open_private(path, os.O_RDONLY)
        try:
            key = os.read(fd, KEY_BYTES)
        finally:
            os.close(fd)
        if len(key) < KEY_BYTES:
            raise OSError(f"{path} is too short to be a key") from None
        return key
    try:
        key = os.urandom(KEY_BYTES)
        os.write(fd, key)
        return key
    finally:
        os.close(fd)
