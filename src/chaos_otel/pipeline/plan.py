"""What one run needs to know, written once before the command starts, read by whoever goes on with
it.

The plan lies in memory beside the inbox (it holds the command line as it was typed), never on disk,
and goes when the run is closed. Knows nothing of how any of it is done; quick to import.
"""

from __future__ import annotations

import os
from typing import Any, Literal, NamedTuple

from chaos_otel.config.folders import open_private
from chaos_otel.pipeline.pace import Pace

NO_LIMIT_BYTES = 1 << 50  # of output that is kept: more than there can be


class ChannelPlan(NamedTuple):
    """One output of the command as `deliver` inherits it (`runner.contract.Channel`, less the
    command's side of it)."""

    stream: Literal[1, 2]
    kind: Literal["pipe", "pty"]
    source_fd: int
    sink_fd: int
    stage_fd: int = -1

    @property
    def fds(self) -> tuple[int, ...]:
        """The descriptors there are."""
        return tuple(fd for fd in (self.source_fd, self.sink_fd, self.stage_fd) if fd >= 0)


class Plan(NamedTuple):
    """One run. Paths are absolute. Text may hold surrogate escapes where the system's bytes did.

    `secrets` are the values that the redactor must find, so that a run which nobody was left to
    close is redacted as it would have been. `watch_pid` is the script of a run without a wrapper.
    `receiver_fd` is held while the run's OTLP receiver is to live.
    `inject`: the command was given the variables that hooks need.
    """

    run_id: str
    trace_id: str
    run_span_id: str
    process_span_id: str
    nonce: str
    folder: str
    inbox: str
    started_wall_ns: int
    started_mono_ns: int
    tags: dict[str, str]
    attributes: dict[str, str]
    parent_span_id: str = ""
    tracestate: str = ""
    name: str = ""
    named: bool = False
    version: str = ""
    environment: str = ""
    argv: tuple[str, ...] = ()
    cwd: str = ""
    capture: str = "inherit"
    report: str = ""
    events: str = ""
    output_limit_bytes: int = 65536
    secrets: tuple[str, ...] = ()
    redact_value_from: tuple[str, ...] = ()
    retention_age_s: float = 14 * 86400.0
    retention_bytes: int = 1_000_000_000
    textfile: str = ""
    prometheus_port: int = 0
    watch_pid: int = 0
    inject: bool = False
    destinations: tuple[dict[str, Any], ...] = ()
    pace: Pace = Pace()
    network_before_bytes: int | None = None
    channels: tuple[ChannelPlan, ...] = ()
    terminal_fd: int = -1
    terminal_state: str = ""
    lock_fd: int = -1
    orders_fd: int = -1
    answers_fd: int = -1
    receiver_fd: int = -1

    @property
    def state(self) -> str:
        """The state folder that the run lies in."""
        return self.folder.rpartition("/runs/")[0]

    def encode(self) -> bytes:
        """A Python literal, ASCII only: the one notation that costs no import before the command
        starts (json takes a fiftieth of that time)."""
        channels = [channel._asdict() for channel in self.channels]
        values = self._asdict() | {"channels": channels, "pace": tuple(self.pace)}
        return ascii(values).encode("ascii")

    @classmethod
    def decode(cls, data: bytes) -> Plan:
        """Read what `encode` wrote; ValueError for anything else."""
        from ast import literal_eval

        try:
            said: dict[str, Any] = literal_eval(data.decode("ascii"))
            values = {key: value for key, value in said.items() if key in cls._fields}
        except (SyntaxError, AttributeError, MemoryError, RecursionError) as error:
            raise ValueError("not a plan") from error
        for key in ("argv", "secrets", "redact_value_from", "destinations"):
            values[key] = tuple(values.get(key, ()))
        values["channels"] = tuple(ChannelPlan(**entry) for entry in values.get("channels", ()))
        try:
            values["pace"] = Pace(*values.get("pace", ()))
            return cls(**values)
        except TypeError as error:
            raise ValueError(f"not a plan: {error}") from error


def plan_path(inbox: str) -> str:
    """Where the plan of the run with this inbox lies."""
    return inbox.removesuffix(".inbox") + ".plan"


def read_plan(path: str) -> Plan:
    """Read a plan file.

    Raises FileNotFoundError where there is none, StateError where it is not ours, ValueError where
    it is damaged.
    """
    fd = open_private(path, os.O_RDONLY)
    try:
        chunks = []
        while chunk := os.read(fd, 1 << 20):
            chunks.append(chunk)
    finally:
        os.close(fd)
    return Plan.decode(b"".join(chunks))


def write_plan(plan: Plan) -> None:
    """Write a run's plan beside its inbox. Raises OSError or StateError."""
    _write(plan, plan_path(plan.inbox))


def replace_plan(plan: Plan) -> None:
    """Write it again, the old one or the new one being there at any moment. Raises as
    `write_plan`."""
    path = plan_path(plan.inbox)
    _write(plan, f"{path}.new")
    os.replace(f"{path}.new", path)


def _write(plan: Plan, path: str) -> None:
    fd = open_private(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL)
    try:
        data = plan.encode()
        if os.write(fd, data) != len(data):
            raise OSError("the memory for the run's plan is full")
    finally:
        os.close(fd)
