"""The runner alone as a program: `driver.py [OPTIONS] -- COMMAND [ARG]...`, for tests of the
runner.

What it heard goes as JSON lines to `--log`. `--successor` starts a second process first, which
holds the channels as `deliver` does and goes on when this one dies.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import sys
from typing import NoReturn

from chaos_otel.clock import now
from chaos_otel.config.environment import Environment
from chaos_otel.errors import ChaosOtelError
from chaos_otel.runner.channels import open_channels
from chaos_otel.runner.command import own_arguments
from chaos_otel.runner.contract import Channel, Channels
from chaos_otel.runner.leave import leave_as
from chaos_otel.runner.signals import Signals
from chaos_otel.runner.spawn import ForeignProcess
from chaos_otel.runner.start import start
from chaos_otel.runner.supervise import supervise

NONCE = b"0123456789abcdef"


class LogTap:
    """Writes down what it hears; raises or sleeps where it is told to."""

    def __init__(self, path: str, *, fails: bool, names_successor: int = -1) -> None:
        self._path = path
        self._fails = fails
        self._successor_fd = names_successor

    def output(self, stream: int, op: str, data: bytes) -> None:
        if self._fails:
            raise RuntimeError("told to fail")
        self._write("output", stream, op, base64.b64encode(data).decode())

    def marked(self, stream: int, op: str) -> None:
        self._write("marked", stream, op)

    def closed(self, stream: int) -> None:
        if self._successor_fd >= 0:
            os.write(self._successor_fd, bytes((stream,)))
        self._write("closed", stream)

    def work(self) -> float:
        return 0.01

    def _write(self, *words: object) -> None:
        with open(self._path, "a") as file:
            file.write(json.dumps(words) + "\n")


def main() -> NoReturn:
    options, argv = _arguments()
    channels = open_channels(options.capture, split=options.split)
    orders_fd = pid_fd = -1
    if options.successor:
        orders_fd, pid_fd = _start_successor(channels)
    tap = None
    if options.log:
        tap = LogTap(options.log, fails=options.tap_fails, names_successor=orders_fd)
    environment = list(Environment.of_process().block)
    try:
        with Signals() as signals:
            process = start(argv, environment, channels, signals=signals)
            if pid_fd >= 0:
                os.write(pid_fd, b"%d\n" % process.pid)
            ended = supervise(
                process,
                channels,
                signals,
                tap,
                nonce=NONCE,
                timeout_s=options.timeout,
                kill_after_s=options.kill_after,
            )
    except ChaosOtelError as error:
        print(f"driver: {error}", file=sys.stderr)
        os._exit(error.exit_code)
    if options.log:
        with open(options.log, "a") as log:
            log.write(json.dumps(["ended", ended.lingering, ended.tap_fault]) + "\n")
    leave_as(ended.exit, timed_out=ended.timed_out)


def _arguments() -> tuple[argparse.Namespace, list[bytes]]:
    split_at = sys.argv.index("--")
    parser = argparse.ArgumentParser()
    parser.add_argument("--capture", default="auto")
    parser.add_argument("--split", action="store_true")
    parser.add_argument("--log")
    parser.add_argument("--tap-fails", action="store_true")
    parser.add_argument("--successor", action="store_true")
    parser.add_argument("--timeout", type=float)
    parser.add_argument("--kill-after", type=float)
    return parser.parse_args(sys.argv[1:split_at]), own_arguments(len(sys.argv) - split_at - 1)


def _start_successor(channels: Channels) -> tuple[int, int]:
    """Returns what orders are written to (a byte: close that stream), and the command's pid."""
    orders_fd, our_orders_fd = os.pipe2(os.O_CLOEXEC)
    pid_fd, our_pid_fd = os.pipe2(os.O_CLOEXEC)
    if os.fork():
        os.close(orders_fd)
        os.close(pid_fd)
        return our_orders_fd, our_pid_fd
    os.setsid()
    os.close(our_orders_fd)
    os.close(our_pid_fd)
    for channel in channels.channels:
        os.close(channel.child_fd)
    null_fd = os.open("/dev/null", os.O_RDWR)
    for fd in (0, 1, 2):
        os.dup2(null_fd, fd)
    try:
        _succeed(channels, orders_fd=orders_fd, pid_fd=pid_fd)
    finally:
        os._exit(0)


def _succeed(channels: Channels, *, orders_fd: int, pid_fd: int) -> None:
    pid = int(os.read(pid_fd, 32) or b"0")
    pidfd = _pidfd(pid)
    left: dict[int, Channel] = {channel.stream: channel for channel in channels.channels}
    while order := os.read(orders_fd, 1):
        channel = left.pop(order[0])
        os.close(channel.source_fd)
    process = ForeignProcess(pid, pidfd, started=now())
    taken_over = Channels("pipe", tuple(left.values()))
    supervise(process, taken_over, None, None, nonce=NONCE, linger_s=60.0)


def _pidfd(pid: int) -> int:
    try:
        return os.pidfd_open(pid)
    except OSError:
        return -1


if __name__ == "__main__":
    main()
