"""Stay with the command until it has ended: one loop for its outputs, its signals and its time.

Output comes first; whoever listens to it gets slices of time in between. Does not know what the
listener does, nor how the command was started.
"""

from __future__ import annotations

import contextlib
import os
import signal
import time
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chaos_otel.clock import now
from chaos_otel.runner.channels import copy_size
from chaos_otel.runner.contract import Channel, Channels, Ended, Exit, Process, Stopped, Tap
from chaos_otel.runner.loop import READ, Loop
from chaos_otel.runner.marks import Marks
from chaos_otel.runner.signals import Signals
from chaos_otel.runner.tap_guard import GuardedTap
from chaos_otel.runner.timeout import RESCAN_S, TimeLimit

if TYPE_CHECKING:
    from chaos_otel.runner.pump import Pump

ASK_AGAIN_S = 0.005
FORGET_S = 0.2
_WORK_SHARE = 2.0  # while output flows, rest twice as long as the last slice of work took
_TURNS_BEFORE_STOP = 64
_NOT_FOR_THE_COMMAND = frozenset((signal.SIGCHLD, signal.SIGXCPU))


def supervise(
    process: Process,
    channels: Channels,
    signals: Signals | None,
    tap: Tap | None,
    *,
    nonce: bytes,
    timeout_s: float | None = None,
    kill_after_s: float | None = None,
    linger_s: float = 0.5,
    first_ops: Mapping[int, str] | None = None,
    recognised_by: bytes = b"",
) -> Ended:
    """Pass the command's outputs and our signals on until it has ended and its output is out.

    Whatever the command wrote before its end has been given to the sinks on return; what a
    descendant still writes is waited for `linger_s` at most (`Ended.lingering`, the sources stay
    open then). `first_ops`: whose the streams are at the start. `recognised_by`: see `TimeLimit`.
    Never raises for anything that the tap or a sink does.
    """
    from chaos_otel.runner.pump import Pump  # loads ctypes, which had to wait for the command

    loop = Loop()
    guarded = GuardedTap(tap)
    marks = Marks(nonce)
    ops = first_ops or {}
    pumps = [
        Pump(loop, channel, marks=marks, listener=guarded, op=ops.get(channel.stream, ""))
        for channel in channels.channels
    ]
    run = _Run(loop, process, signals, guarded, pumps)
    run.terminals = [channel for channel in channels.channels if channel.kind == "pty"]
    run.is_timed = timeout_s is not None
    limit = None
    if timeout_s is not None:
        limit = TimeLimit(
            loop,
            process,
            timeout_s=timeout_s,
            kill_after_s=kill_after_s,
            recognised_by=recognised_by,
        )
    try:
        last = run.until_exit()
        ended = now()
        if limit is not None:
            run.until_done(limit)
        try:
            lingering = run.until_dry(linger_s)
        except OSError as error:  # how it ended must not be lost with what it left to pass on
            guarded.fault = guarded.fault or str(error)
            lingering = True
    finally:
        run.close()
    return Ended(
        exit=last,
        started_wall_ns=process.started.wall_ns,
        started_mono_ns=process.started.mono_ns,
        ended_wall_ns=ended.wall_ns,
        ended_mono_ns=ended.mono_ns,
        timed_out=limit is not None and limit.expired,
        lingering=lingering,
        tap_fault=guarded.fault,
    )


class _Run:
    """The loop with everything that hangs on it."""

    def __init__(
        self,
        loop: Loop,
        process: Process,
        signals: Signals | None,
        tap: GuardedTap,
        pumps: list[Pump],
    ) -> None:
        self.terminals: list[Channel] = []
        self.is_timed = False
        self._loop = loop
        self._process = process
        self._signals = signals
        self._tap = tap
        self._pumps = pumps
        self._news = True  # it may have ended before we listened
        self._ended = False
        self._work_due_s: float | None = 0.0
        if process.fileno() >= 0:
            loop.add(process.fileno(), READ, self._on_process)
        if signals is not None:
            loop.add(signals.fileno(), READ, self._on_signal)
        if process.terminal is not None:
            process.terminal.attach(loop)

    def close(self) -> None:
        if self._process.terminal is not None:
            self._process.terminal.detach()

    def until_exit(self) -> Exit:
        while True:
            while self._news:
                self._news = False
                change = self._process.poll()
                if isinstance(change, Exit):
                    self._ended = True
                    if self._process.fileno() >= 0:
                        self._loop.remove(self._process.fileno())
                    return change
                if isinstance(change, Stopped):
                    self._stop(change.signal)
                self._news = self._news or change is not None
            self._turn(None)

    def until_done(self, limit: TimeLimit) -> None:
        """Stay until those are gone, too, that the command's end has not ended."""
        while not limit.is_done() and not self._asked_to_leave():
            self._turn(RESCAN_S)
        limit.close()

    def until_dry(self, linger_s: float) -> bool:
        """Pass on what the command has left; True if something is left open behind it."""
        until_s = time.monotonic() + linger_s
        written = {pump: pump.unread_bytes() + pump.passed_bytes for pump in self._pumps}
        while not all(pump.closed for pump in self._pumps):
            left_s = until_s - time.monotonic()
            late = [
                pump
                for pump in self._pumps
                if not pump.is_dry() and pump.passed_bytes < written[pump]
            ]
            is_out = not late
            if is_out and left_s <= 0:
                return True
            # The signal may be from before the end: what the sinks take at once goes out first.
            if all(pump.waits_for_sink for pump in late) and self._asked_to_leave():
                return True
            for pump in self._pumps:
                pump.make_room()
            self._turn(max(left_s, 0.0) if is_out else None)
        return False

    def _asked_to_leave(self) -> bool:
        return self._signals is not None and self._signals.asked_to_leave()

    def _turn(self, timeout_s: float | None) -> None:
        """Wait for something to happen, then let the listener work, if it is time."""
        before = self._passed_bytes()
        if self._work_due_s is not None:
            work_s = max(0.0, self._work_due_s - time.monotonic())
            timeout_s = work_s if timeout_s is None else min(timeout_s, work_s)
        self._loop.turn(timeout_s)
        self._work(flowing=self._passed_bytes() != before)

    def _work(self, *, flowing: bool) -> None:
        begun_s = time.monotonic()
        if self._work_due_s is None or begun_s < self._work_due_s:
            return
        delay_s = self._tap.work()
        if delay_s is None:
            self._work_due_s = None
            return
        done_s = time.monotonic()
        if flowing:
            delay_s = max(delay_s, _WORK_SHARE * (done_s - begun_s))
        self._work_due_s = done_s + delay_s

    def _passed_bytes(self) -> int:
        return sum(pump.passed_bytes for pump in self._pumps)

    def _on_process(self, revents: int) -> None:
        self._news = True

    def _on_signal(self, revents: int) -> None:
        assert self._signals is not None
        for signum in self._signals.take():
            if signum == signal.SIGCHLD:
                self._news = True
            if signum == signal.SIGWINCH:
                self._resize()
            if signum not in _NOT_FOR_THE_COMMAND and not self._ended:
                self._pass_on(signum)

    def _pass_on(self, signum: int) -> None:
        """To the command, once: unless it is in our process group and has got it already."""
        terminal = self._process.terminal
        if terminal is not None and terminal.signalled(signum):
            return
        if not self._reached_group(signum):
            # A sender that goes through all processes may not have come to our sentinel yet.
            self._loop.later(ASK_AGAIN_S, lambda: self._pass_on_surely(signum))

    def _pass_on_surely(self, signum: int) -> None:
        if not self._reached_group(signum):
            self._process.send(signum, group=False)
            # If it comes to the sentinel yet, it must not be taken for the next one's.
            self._loop.later(FORGET_S, lambda: self._forget(signum))

    def _forget(self, signum: int) -> None:
        assert self._signals is not None
        if self._signals.forget_late(signum):
            self._told_group(signum)

    def _reached_group(self, signum: int) -> bool:
        assert self._signals is not None
        reached = self._signals.reached_group(signum)
        if reached:
            self._told_group(signum)
        return reached

    def _told_group(self, signum: int) -> None:
        if self._process.terminal is not None:
            self._process.send(signum, group=True)  # its group is not ours

    def _resize(self) -> None:
        if self._process.terminal is None:
            for channel in self.terminals:
                with contextlib.suppress(OSError):
                    copy_size(from_fd=channel.sink_fd, to_fd=channel.source_fd)

    def _stop(self, signum: int) -> None:
        """The command has stopped: so do we, its output out and the terminal given back."""
        if self._signals is None or (self.is_timed and not os.isatty(0)):
            return  # stopped we could not end it in time, and nobody is there who lets it go on
        turns = _TURNS_BEFORE_STOP
        while turns and not all(pump.is_dry() or pump.waits_for_sink for pump in self._pumps):
            self._loop.turn(0)
            turns -= 1
        terminal = self._process.terminal
        if terminal is not None:
            terminal.stopping()
        stopped = self._signals.stop_self(signum, group=terminal is not None)
        if terminal is not None:
            terminal.resumed()
            if not stopped:
                self._process.send(signal.SIGCONT, group=True)
