"""Loaded by every Python that starts under `chaos-otel run`, because PYTHONPATH leads here.

Gets out of the way at once: this folder leaves sys.path, and the sitecustomize that it shadows, if
there is one, takes this module's place. What can be hooked is in `_chaos_otel_imports`, beside it.
Written so that any Python can read it, Python 2 included: a command may start one.
"""

import os
import sys


def _step_aside():  # type: () -> None
    folder = os.path.dirname(os.path.abspath(__file__))
    if os.environ.get("CHAOS_OTEL_INBOX") and sys.version_info >= (3, 8):
        try:
            __import__("_chaos_otel_imports").install(folder)
        except Exception:  # the edge: the program comes first
            pass
    sys.path[:] = [entry for entry in sys.path if os.path.abspath(entry) != folder]
    sys.path_importer_cache.pop(folder, None)
    sys.modules.pop("sitecustomize", None)


_step_aside()
# Where there is no other, site ignores the ImportError, as it does without us; the errors of
# another one are reported as if it had been found at once.
__import__("sitecustomize")
