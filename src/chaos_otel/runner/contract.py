"""The values and protocols that the parts of the runner, and the pipeline around it, agree on.

Nothing here does anything; nothing here may be slow to import: a dataclass costs 0.4 to 1.4 ms, a
named tuple a tenth of that.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple, Protocol, TypeAlias

from chaos_otel.clock import Moment

if TYPE_CHECKING:
    from chaos_otel.runner.loop import Loop

Mode: TypeAlias = Literal["pipe", "session", "inherit"]


class Usage(NamedTuple):
    """What `wait4` says of the command and the children it waited for: seconds, bytes, counts.

    `memory_peak_bytes` is None where it is not known.
    """

    cpu_user_s: float
    cpu_system_s: float
    memory_peak_bytes: int | None
    io_read_bytes: int
    io_write_bytes: int
    context_switches_voluntary: int
    context_switches_involuntary: int


class Exit(NamedTuple):
    """How the command ended: by `exit_code` or by `signal`, or neither if nobody waited."""

    exit_code: int | None = None
    signal: int | None = None
    core_dumped: bool = False
    usage: Usage | None = None


class Stopped(NamedTuple):
    """The command was stopped by `signal` (a shell would say "Stopped")."""

    signal: int


class Continued(NamedTuple):
    """The command goes on."""


Change: TypeAlias = Exit | Stopped | Continued


class Channel(NamedTuple):
    """One way out of the command: what it writes to, what we read, where its bytes go.

    `stream` is 1 or 2, how the bytes are stored. `source_fd` is ours (a pipe's read end or a
    pseudo-terminal's master), `child_fd` is the command's, put on `child_targets` in it. `sink_fd`
    is our real output. `mark_path` is what a script compares its own output with (`-ef`).
    `stage_fd` is a pipe of ours, open both ways, that holds what is being written to a regular
    file: whoever takes over from us needs it beside `source_fd` and `sink_fd`; -1 where there is
    none. All are above 2 and close on exec.
    """

    stream: Literal[1, 2]
    kind: Literal["pipe", "pty"]
    source_fd: int
    sink_fd: int
    child_fd: int
    child_targets: tuple[int, ...]
    mark_path: str
    stage_fd: int = -1


class Channels(NamedTuple):
    """All channels of a run. `reason` says in words why something is not captured, else is empty.

    In a session `terminal_fd` is our real terminal and `terminal_state` what `terminal.save` said
    of it before anything was changed, for whoever has to restore it.
    """

    mode: Mode
    channels: tuple[Channel, ...] = ()
    reason: str = ""
    terminal_fd: int = -1
    terminal_state: bytes = b""


class Terminal(Protocol):
    """The terminal session that a command runs in: takes part in the loop beside the outputs.

    Called in the order attach, then any number of the middle three, then detach (always).
    """

    def attach(self, loop: Loop) -> None:
        """Before the first turn: register what is needed."""

    def signalled(self, signum: int) -> bool:
        """A signal came to us; True: that was all it was for, do not pass it on to the command."""

    def stopping(self) -> None:
        """The command has stopped and we stop next: give the real terminal back."""

    def resumed(self) -> None:
        """We go on after a stop; the command has not been told yet."""

    def detach(self) -> None:
        """The command has ended and its output is out."""


class Process(Protocol):
    """The wrapped command, whoever started it."""

    @property
    def pid(self) -> int:
        """The command's process id."""

    @property
    def started(self) -> Moment:
        """When it was started."""

    @property
    def terminal(self) -> Terminal | None:
        """The terminal session it runs in; None where it shares ours."""

    def fileno(self) -> int:
        """A descriptor that is readable when `poll` may have news; -1: SIGCHLD says so."""

    def poll(self) -> Change | None:
        """The next change, or None; never blocks. After an Exit it says None for ever."""

    def send(self, signum: int, *, group: bool) -> None:
        """Send a signal to the command, or with `group` to its process group if not ours too."""


class Tap(Protocol):
    """What listens to a run. It may be slow or raise: the runner then goes on without it."""

    def output(self, stream: int, op: str, data: bytes) -> None:
        """Bytes that the command wrote and that have been passed on; `op` is "" outside of any."""

    def marked(self, stream: int, op: str) -> None:
        """A mark was taken out of the stream: what follows belongs to `op` ("": to none)."""

    def closed(self, stream: int) -> None:
        """The stream is over: its writers are gone, or its reader is and the source was closed."""

    def work(self) -> float:
        """Do about a millisecond's work; seconds until the next slice is due, 0.0 for more."""


class Ended(NamedTuple):
    """What `supervise` returns. `lingering`: a descendant still holds an output of ours."""

    exit: Exit
    started_wall_ns: int
    started_mono_ns: int
    ended_wall_ns: int
    ended_mono_ns: int
    timed_out: bool = False
    lingering: bool = False
    tap_fault: str = ""
