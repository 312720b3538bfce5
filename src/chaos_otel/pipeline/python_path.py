"""The variables that have Python programs under the command load what watches their imports.

Quick to import. What they lead to is in `emit/inject`.
"""

from __future__ import annotations

import os

from chaos_otel import emit
from chaos_otel.config.environment import Environment

FOLDER = f"{os.path.abspath(emit.__path__[0])}/inject"


def python_variables(environment: Environment) -> dict[str, str | None]:
    """PYTHONPATH with our folder in front, and beside it what it was, absent if there was none.

    Nothing where it leads to us already, or cannot: a folder whose name holds a colon.
    """
    former = environment.get("PYTHONPATH")
    if os.pathsep in FOLDER or FOLDER in (former or "").split(os.pathsep):
        return {}
    # an empty entry would mean the working folder: a variable that is set and empty adds none
    joined = f"{FOLDER}{os.pathsep}{former}" if former else FOLDER
    return {"PYTHONPATH": joined, "CHAOS_OTEL_PYTHONPATH": former}
