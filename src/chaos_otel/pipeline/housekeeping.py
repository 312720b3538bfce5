"""What is done when a run is over and nobody waits: its memory, dead runs, old journals."""

from __future__ import annotations

import os
import time

from chaos_otel.pipeline.plan import Plan
from chaos_otel.pipeline.prune import prune
from chaos_otel.pipeline.recover import recover_all


def keep_house(plan: Plan) -> None:
    """Close runs that nobody was left to close, then let go of what is past its retention."""
    runs = os.path.dirname(plan.folder)
    recover_all(runs, runtime=os.path.dirname(plan.inbox))
    prune(
        runs,
        now_s=time.time(),
        max_age_s=plan.retention_age_s,
        max_bytes=plan.retention_bytes,
    )
