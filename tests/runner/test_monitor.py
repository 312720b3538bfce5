"""The monitor alone, forked by the test: what it reports, how it obeys, what it outlives."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chaos_otel.runner import monitor
from chaos_otel.runner.contract import Usage
from chaos_otel.runner.monitor_line import REPORT_BYTES, Kind, MonitorLine, Order, Report


@dataclass
class Session:
    """A monitor above `sh -c script`; the test holds the master and reads the reports."""

    line: MonitorLine
    master_fd: int
    command: int = 0

    @property
    def pid(self) -> int:
        return self.line.pid

    def next(self) -> Report:
        report = Report.decode(os.read(self.line.report_fd, REPORT_BYTES))
        if report.kind is Kind.STARTED:
            self.command = report.value
        return report

    def next_lasting(self) -> Report:
        """A continuation that something follows at once may or may not be reported."""
        report = self.next()
        return self.next() if report.kind is Kind.CONTINUED else report

    def close(self) -> None:
        """End what is left."""
        if self.command:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.command, signal.SIGKILL)
        os.close(self.master_fd)
        os.close(self.line.report_fd)
        os.close(self.line.orders_fd)
        os.waitpid(self.pid, 0)


def start(script: str, *, slave_fd: int = -1) -> Session:
    """`slave_fd`: what to give the monitor instead of a terminal."""
    master_fd, own_slave_fd = os.openpty()
    report_fd, write_fd = os.pipe()
    orders_fd, order_fd = os.pipe()
    before = signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
    pid = os.fork()
    if pid == 0:
        terminal_fd = own_slave_fd if slave_fd < 0 else slave_fd

        def command() -> NoReturn:
            monitor.lead_group(terminal_fd)
            for target in (0, 1, 2):
                os.dup2(terminal_fd, target)
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
            os.execv("/bin/sh", ["sh", "-c", script])

        monitor.lead(
            terminal_fd,
            report_fd=write_fd,
            orders_fd=orders_fd,
            own_peak_bytes=0,
            command=command,
        )
    signal.pthread_sigmask(signal.SIG_SETMASK, before)
    for fd in (write_fd, orders_fd, own_slave_fd):
        os.close(fd)
    return Session(MonitorLine(pid, report_fd, order_fd), master_fd)


@pytest.fixture
def sessions() -> Iterator[list[Session]]:
    """What the test puts here is ended and waited for."""
    started: list[Session] = []
    yield started
    for session in started:
        session.close()


@given(
    st.sampled_from(Kind),
    st.integers(0, 2**31 - 1),
    st.one_of(st.none(), st.integers(0, 2**62)),
    st.floats(0, 1e9),
)
def test_a_report_passes_unchanged(
    kind: Kind, value: int, peak_bytes: int | None, seconds: float
) -> None:
    """All of it, and an unknown peak stays unknown."""
    usage = Usage(seconds, 0.0, peak_bytes, 1, 2, 3, 4)
    report = Report(kind, value, usage)
    assert len(report.encode()) == REPORT_BYTES < 512
    assert Report.decode(report.encode()) == report


def test_a_life_is_reported(sessions: list[Session]) -> None:
    """Start with the pid, stop, continuation, and the status of `wait4` with what was used."""
    session = start("kill -STOP $$; read x; exit 9")
    sessions.append(session)
    started = session.next()
    assert started.kind is Kind.STARTED
    assert session.next() == Report(Kind.STOPPED, signal.SIGSTOP)
    os.kill(started.value, signal.SIGCONT)
    assert session.next() == Report(Kind.CONTINUED, 0)
    os.write(session.master_fd, b"\n")
    ended = session.next()
    assert ended.kind is Kind.ENDED
    assert os.waitstatus_to_exitcode(ended.value) == 9
    assert ended.usage.memory_peak_bytes
    assert os.read(session.line.report_fd, 1) == b""


def test_the_command_leads_the_foreground_group_of_its_terminal(sessions: list[Session]) -> None:
    """Ctrl-Z can stop it: its parent is in its session and in another group."""
    session = start("echo $$ $(ps -o pgid=,sid=,tpgid= -p $$); kill -TSTP $$")
    sessions.append(session)
    pid = session.next().value
    assert session.next() == Report(Kind.STOPPED, signal.SIGTSTP)
    shown = [int(word) for word in os.read(session.master_fd, 100).split()]
    assert shown == [pid, pid, session.pid, pid]


def test_behind_the_command_is_stopped_by_its_read_and_in_front_it_reads(
    sessions: list[Session],
) -> None:
    """The orders move it; GO_ON continues all of its group."""
    session = start('kill -STOP $$; read x; test "$x" = word')
    sessions.append(session)
    session.next()
    assert session.next() == Report(Kind.STOPPED, signal.SIGSTOP)
    session.line.order(Order.TO_BACK)
    session.line.order(Order.GO_ON)
    assert session.next_lasting() == Report(Kind.STOPPED, signal.SIGTTIN)
    session.line.order(Order.TO_FRONT)
    session.line.order(Order.GO_ON)
    os.write(session.master_fd, b"word\n")
    ended = session.next_lasting()
    assert os.waitstatus_to_exitcode(ended.value) == 0


def test_the_terminal_is_not_taken_from_whom_the_command_gave_it(
    sessions: list[Session],
) -> None:
    """To the front while in front: nothing changes, or a shell inside would lose its job."""
    program = (
        "import os, signal, time; signal.signal(signal.SIGTTOU, signal.SIG_IGN);"
        "child = os.fork();"
        "child or (os.setpgid(0, 0), time.sleep(1000));"
        "time.sleep(0.2); os.tcsetpgrp(0, child); print(child, flush=True); time.sleep(1000)"
    )
    session = start(f'exec {sys.executable} -c "{program}"')
    sessions.append(session)
    pid = session.next().value
    child = int(os.read(session.master_fd, 100))
    for order in (Order.TO_FRONT, Order.TO_BACK, Order.TO_FRONT):
        session.line.order(order)
    os.kill(pid, signal.SIGSTOP)  # reported after the orders were followed
    assert session.next() == Report(Kind.STOPPED, signal.SIGSTOP)
    assert os.tcgetpgrp(session.master_fd) == child
    os.kill(child, signal.SIGKILL)


def test_no_terminal_is_told(sessions: list[Session]) -> None:
    """Where the session cannot be made the first report says why, and there is no command."""
    read_fd, write_fd = os.pipe()
    session = start("exit 0", slave_fd=read_fd)
    sessions.append(session)
    report = session.next()
    assert report.kind is Kind.FAILED
    assert os.strerror(report.value) == "Inappropriate ioctl for device"
    os.close(read_fd)
    os.close(write_fd)


def test_without_a_listener_it_waits_for_the_command(sessions: list[Session]) -> None:
    """No reader of its reports, no reader of the terminal, hang-up and all: the command goes on."""
    read_fd, write_fd = os.pipe()
    session = start(f"trap '' HUP; sleep 0.3; exec echo done >/proc/{os.getpid()}/fd/{write_fd}")
    session.next()
    os.close(session.line.report_fd)
    os.close(session.master_fd)
    assert os.read(read_fd, 10) == b"done\n"
    assert os.waitpid(session.pid, 0)[1] == 0
    for fd in (read_fd, write_fd, session.line.orders_fd):
        os.close(fd)


def test_it_holds_none_of_our_descriptors(sessions: list[Session]) -> None:
    """A pipe that only the monitor still held would keep its reader waiting."""
    session = start("exec sleep 1000")
    sessions.append(session)
    pid = session.next().value
    os.kill(pid, signal.SIGSTOP)
    session.next()
    folder = f"/proc/{session.pid}/fd"
    held = sorted(os.readlink(f"{folder}/{fd}").rpartition("/")[0] for fd in os.listdir(folder))
    assert held == ["", "", "/dev/pts"]  # its two pipes and the terminal
