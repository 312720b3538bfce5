"""Whether a run that said it is under way still is: its lock tells."""

from __future__ import annotations

import fcntl
import os

from chaos_otel.config.folders import open_private
from chaos_otel.errors import ChaosOtelError
from chaos_otel.pipeline.run_folder import LOCK
from chaos_otel.store.active import ActiveRun


def is_live(run: ActiveRun) -> bool:
    """Whether capture or `deliver` hold it. Takes nothing away from whoever wants to close it."""
    try:
        fd = open_private(f"{run.folder}/{LOCK}", os.O_RDONLY)
    except (OSError, ChaosOtelError):
        return False
    try:
        fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(fd)
    return False
