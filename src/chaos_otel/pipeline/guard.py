"""`deliver`'s ear: a thread that hears capture's orders, and its death, while the rest is still
loading.

Quick to import: it has to listen before OpenTelemetry is loaded.
"""

from __future__ import annotations

import os
import threading
import time
from ast import literal_eval
from typing import Any

from chaos_otel.pipeline.plan import ChannelPlan, Plan


class Guard:
    """What capture has said so far. `news` is set whenever that changes."""

    def __init__(self, plan: Plan) -> None:
        self.news = threading.Event()
        self.pid = 0
        self.pidfd = -1
        self.ended = False
        self.ended_mono_s = 0.0
        self.lingering = False
        self.unwritten: dict[str, Any] | None = None
        self.gone = False
        self._orders_fd = plan.orders_fd
        self._channels = {channel.stream: channel for channel in plan.channels}
        self._lock = threading.Lock()

    def start(self) -> None:
        """Listen from now on."""
        threading.Thread(target=self._listen, name="guard", daemon=True).start()

    def channels(self) -> tuple[ChannelPlan, ...]:
        """The channels that are still open."""
        with self._lock:
            return tuple(self._channels.values())

    def release(self) -> None:
        """Close what we hold of the command's outputs and of our caller's."""
        with self._lock:
            for channel in self._channels.values():
                _close(channel)
            self._channels.clear()

    def _listen(self) -> None:
        rest = b""
        try:
            while chunk := os.read(self._orders_fd, 4096):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    self._obey(literal_eval(line.decode("ascii")))
                self.news.set()
        finally:  # an ear that failed must not be waited for
            self.gone = True
            self.news.set()

    def _obey(self, order: dict[str, Any]) -> None:
        if "pid" in order and not self.pid:
            self.pid = int(order["pid"])
            try:
                self.pidfd = os.pidfd_open(self.pid)
            except OSError:
                self.pidfd = -1  # it has ended already
        if "close" in order:
            with self._lock:
                channel = self._channels.pop(order["close"], None)
            if channel is not None:
                _close(channel)
        if order.get("cancel"):
            os._exit(0)
        if order.get("ended"):
            self.ended_mono_s = time.monotonic()
            self.ended = True
            self.lingering = bool(order.get("lingering"))
            self.unwritten = order.get("unwritten")
            if not self.lingering:
                self.release()


def _close(channel: ChannelPlan) -> None:
    for fd in channel.fds:
        try:
            os.close(fd)
        except OSError:
            pass  # a pump that failed had closed it
