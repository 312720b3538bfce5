"""What is known of the run as a whole: its name, its process, what it used, said and lost.

Values that a script may add without end (tags, metrics, events) are bounded; what is left out is
counted in `losses`.
"""

from __future__ import annotations

from collections import Counter
from typing import Final

from opentelemetry.sdk.trace import Event
from opentelemetry.util.types import AttributeValue

from chaos_otel import semconv
from chaos_otel.recorder.transcript import Transcript
from chaos_otel.records import (
    Damage,
    Hooked,
    Interrupted,
    Metric,
    Output,
    ProcessStarted,
    RunEnded,
    RunNamed,
    RunStarted,
    Sample,
    Tag,
)

NAMES_MAX: Final = 1_000
EVENTS_MAX: Final = 1_000


class Run:
    """Gathers the records that are about no operation. `started` never changes."""

    def __init__(self, started: RunStarted, *, output_limit_bytes: int) -> None:
        self.started = started
        self.name = started.name
        self.version = started.version
        self.named_by = ""
        self.process: ProcessStarted | None = None
        self.ended: RunEnded | None = None
        self.flushed = False
        self.stopped = False
        self.hooks: dict[str, None] = {}
        self.failed_operations = 0
        self.operations = 0
        self.tags = dict(started.tags)
        self.metrics: dict[str, float] = {}
        self.events: list[Event] = []
        self.losses: Counter[str] = Counter()
        self.stdout = Transcript(output_limit_bytes)
        self.stderr = Transcript(output_limit_bytes)
        self.tree: dict[str, AttributeValue] = {}

    def take_name(self, record: RunNamed) -> bool:
        """The first `telemetry_init` names the run; False for a later one, which does not."""
        if self.named_by:
            return False
        self.named_by = record.op or "?"
        if record.name and not self.started.named:
            self.name = record.name
        self.version = self.version or record.version
        return True

    def take_end(self, record: RunEnded) -> None:
        """How the command ended."""
        self.ended = record

    def take_hook(self, record: Hooked) -> None:
        """A tool tells of itself."""
        if len(self.hooks) < NAMES_MAX:
            self.hooks[record.tool] = None

    def take_interruption(self, record: Interrupted) -> None:
        """Somebody had a program stop."""
        self.stopped = True
        attributes = {semconv.EVENT_MESSAGE: record.reason}
        self.take_event(Event(semconv.EVENT_PREFIX + "interrupted", attributes, record.wall_ns))

    def take_output(self, output: Output) -> None:
        """Keep what was printed outside of any operation."""
        (self.stdout if output.stream == 1 else self.stderr).add(output)

    def take_tag(self, tag: Tag) -> None:
        """The last value of a key wins."""
        if tag.key in self.tags or len(self.tags) < NAMES_MAX:
            self.tags[tag.key] = tag.value
        else:
            self.losses["tags"] += 1

    def take_metric(self, metric: Metric) -> None:
        """The last value of a name, with its attributes, wins."""
        name = metric.name
        if metric.attributes:
            said = sorted(metric.attributes.items())
            name += "{" + ",".join(f"{key}={value}" for key, value in said) + "}"
        if name in self.metrics or len(self.metrics) < NAMES_MAX:
            self.metrics[name] = metric.value
        else:
            self.losses["metrics"] += 1

    def take_event(self, event: Event) -> None:
        """Keep the first events; more are only counted."""
        if len(self.events) < EVENTS_MAX:
            self.events.append(event)
        else:
            self.losses["events"] += 1

    def take_damage(self, damage: Damage) -> None:
        """What was lost before the journal, or on the way into it."""
        self.losses[damage.where] += damage.count

    def take_sample(self, sample: Sample) -> None:
        """Of the samples the last CPU time and the peaks stay."""
        seen = self.tree
        seen[semconv.RUN_TREE_CPU_S] = sample.cpu_s
        for key, value in (
            (semconv.RUN_TREE_MEMORY_PEAK_BYTES, sample.memory_bytes),
            (semconv.RUN_TREE_PROCESSES_PEAK, sample.processes),
        ):
            before = seen.get(key, 0)
            seen[key] = max(value, before) if isinstance(before, int) else value
