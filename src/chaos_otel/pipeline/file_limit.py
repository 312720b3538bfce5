"""A limit on file sizes (`ulimit -f`) is meant for the command; what we write is not its file.

Quick to import.
"""

from __future__ import annotations

import resource


def raise_file_limit() -> None:
    """Set the limit of this process as high as it may be. Not before the command is started, which
    inherits it."""
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


def has_file_limit() -> bool:
    """Whether what we start has a limit."""
    return resource.getrlimit(resource.RLIMIT_FSIZE)[0] != resource.RLIM_INFINITY
