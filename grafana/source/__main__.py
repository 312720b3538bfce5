"""Write every dashboard as JSON: `python -m grafana.source [FOLDER]`."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Final

from grafana.source import (
    compliance,
    errors,
    itself,
    operations,
    resources,
    script_execution,
    script_performance,
)
from grafana.source.frame import Dashboard, built
from grafana_foundation_sdk.cog.encoder import JSONEncoder

DASHBOARDS: Final = (
    script_execution.DASHBOARD,
    script_performance.DASHBOARD,
    errors.DASHBOARD,
    resources.DASHBOARD,
    operations.DASHBOARD,
    compliance.DASHBOARD,
    itself.DASHBOARD,
)
FOLDER: Final = Path(__file__).parents[1] / "dashboards"


def text(dashboard: Dashboard) -> str:
    """The file, the same every time."""
    return json.dumps(built(dashboard), cls=JSONEncoder, indent=2, ensure_ascii=False) + "\n"


def write(folder: Path) -> None:
    """One file each; files of dashboards that are no more go."""
    folder.mkdir(parents=True, exist_ok=True)
    made = {f"{dashboard.name}.json": text(dashboard) for dashboard in DASHBOARDS}
    for path in folder.glob("*.json"):
        if path.name not in made:
            path.unlink()
    for name, content in made.items():
        (folder / name).write_text(content)


if __name__ == "__main__":
    write(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
