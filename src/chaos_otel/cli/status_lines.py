"""How things stand, in lines for people. Knows nothing of where it was looked up."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from chaos_otel.cli.amounts import counted, duration, moment, size
from chaos_otel.cli.destination_settings import setting_words
from chaos_otel.config.destination import address_of
from chaos_otel.pipeline.last_runs import LastRun
from chaos_otel.pipeline.status import Standing

CONSENT = {
    "consent": "granted",
    "host": "granted by this host (/etc/chaos-otel/config.toml)",
    "flag": "for the runs that named it (--otlp, --endpoint)",
}


def standing_lines(standing: Standing, *, now_wall_ns: int) -> Iterator[str]:
    """One destination."""
    name = standing.destination.name if standing.destination else ""
    yield f"  {standing.key}{f'  ({name})' if name else ''}"
    for label, text in _facts(standing, now_wall_ns):
        yield f"    {label:<18} {text}"
    if standing.destination is not None:
        yield from (f"    {line}" for line in setting_words(standing.destination, standing.origins))


def _facts(standing: Standing, now_wall_ns: int) -> Iterator[tuple[str, str]]:
    missing = f"none: nothing is sent; chaos-otel consent grant {address_of(standing.key)}"
    yield "consent", CONSENT.get(standing.means, missing)
    if standing.destination is None:
        yield "configured", "no more"
    state = standing.state
    if state.state != "ready":
        left_s = max(0.0, (state.next_try_wall_ns - now_wall_ns) / 1e9)
        yield "state", f"{state.state}, tried again in {duration(left_s)}: {state.reason}"
    if standing.waiting.runs:
        yield "waiting", _waiting(standing, now_wall_ns)
    if standing.dead_letters:
        yield "refused", f"{standing.dead_letters} of its records; chaos-otel outbox show"
    if state.last_success_wall_ns:
        yield "last sent", moment(state.last_success_wall_ns)
    if state.last_error:
        yield "last error", f"{moment(state.last_error_wall_ns)}  {state.last_error}"


def _waiting(standing: Standing, now_wall_ns: int) -> str:
    waiting = standing.waiting
    since = waiting.oldest_wall_ns
    age = f", the oldest for {duration(max(0, now_wall_ns - since) / 1e9)}" if since else ""
    return f"{counted(waiting.runs, 'run')}, {size(waiting.size_bytes)}{age}"


def run_line(run: LastRun) -> str:
    """One of the last runs."""
    took = "" if run.duration_s is None else f" in {duration(run.duration_s)}"
    status = f" (exit status {run.exit_code})" if run.exit_code else ""
    return f"  {moment(run.started_wall_ns)}  {run.run_id}  {run.name}: {run.result}{took}{status}"


def count_lines(counts: Mapping[str, int]) -> Iterator[str]:
    """Counts by reason or place."""
    yield from (f"  {count} {reason}" for reason, count in sorted(counts.items()))
