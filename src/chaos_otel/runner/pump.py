"""One output of the command on its way: bytes exact and at once, marks taken out, never waiting.

Back-pressure is not reading: while the sink is full the bytes stay in the source, and the command
waits at its own write as it would without us.
"""

from __future__ import annotations

import errno
import os
import select
from collections import deque
from typing import Protocol

from chaos_otel.runner.contract import Channel
from chaos_otel.runner.loop import READ, WRITE, Loop, Timer
from chaos_otel.runner.marks import Marks, Piece
from chaos_otel.runner.transfer import CopyingTransfer, Transfer, open_transfer

HOLD_S = 0.1
_HOLD_FROM_BYTES = 3  # of a mark; a lone ESC, or ESC and a letter, is what programs print and wait
_GONE = select.POLLERR | select.POLLHUP | select.POLLNVAL
_UNFIT = frozenset((errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP))


class Listener(Protocol):
    """What is told of the bytes, when they have been passed on."""

    def output(self, stream: int, op: str, data: bytes) -> None:
        """See `contract.Tap`."""

    def marked(self, stream: int, op: str) -> None:
        """See `contract.Tap`."""

    def closed(self, stream: int) -> None:
        """See `contract.Tap`."""


class Pump:
    """Carries one channel until its source or its sink ends; closes the source then, not the
    sink.
    """

    def __init__(
        self, loop: Loop, channel: Channel, *, marks: Marks, listener: Listener, op: str = ""
    ) -> None:
        self.passed_bytes = 0
        self.closed = False
        self.waits_for_sink = False
        self._loop = loop
        self._channel = channel
        self._marks = marks
        self._listener = listener
        self._op = op
        self._pieces: deque[Piece] = deque()
        self._at = 0  # of the first piece, so much has been passed on
        self._held: Timer | None = None
        self._transfer: Transfer = open_transfer(channel)
        loop.add(channel.source_fd, READ, self._on_source)
        self._watches_sink = _tells_when_gone(channel.sink_fd)
        if self._watches_sink:
            loop.add(channel.sink_fd, 0, self._on_sink)

    def is_dry(self) -> bool:
        """Whether nothing is left to be passed on now."""
        if self.closed:
            return True
        if self._pieces:
            return False
        poll = select.poll()
        poll.register(self._channel.source_fd, select.POLLIN)
        return not poll.poll(0)

    def unread_bytes(self) -> int:
        """How much is in the source and has not been passed on."""
        return 0 if self.closed else self._transfer.unread_bytes()

    def make_room(self) -> None:
        """The command has ended: let the sink take what it would have taken from it."""
        if self.waits_for_sink:
            self._transfer.make_room()

    def close(self) -> None:
        """Stop, and let go of the source: the command's next write to it fails."""
        if self.closed:
            return
        self.closed = True
        self._cancel_hold()
        self._loop.remove(self._channel.source_fd)
        self._loop.remove(self._channel.sink_fd)
        self._transfer.close()
        os.close(self._channel.source_fd)
        self._listener.closed(self._channel.stream)

    def _on_source(self, revents: int) -> None:
        self._cancel_hold()
        try:
            data = self._transfer.peek()
        except BlockingIOError:
            self._wait_for_sink()
            return
        except OSError:
            self.close()
            return
        held = 0 if self._transfer.ended else self._hold(data)
        self._pieces.extend(self._marks.split(data[: len(data) - held] if held else data))
        self._flow()

    def _on_sink(self, revents: int) -> None:
        if self.waits_for_sink:
            self._go_on()
        elif revents & _GONE:
            self.close()

    def _go_on(self) -> None:
        self.waits_for_sink = False
        if self._watches_sink:
            self._loop.change(self._channel.sink_fd, 0)
        else:
            self._loop.remove(self._channel.sink_fd)
        self._loop.add(self._channel.source_fd, READ, self._on_source)
        if self._pieces:
            self._flow()

    def _wait_for_sink(self) -> None:
        self.waits_for_sink = True
        self._loop.remove(self._channel.source_fd)  # it may have hung up, and would say so for ever
        self._loop.add(self._channel.sink_fd, WRITE, self._on_sink)

    def _flow(self) -> None:
        """Pass on what has been looked at, as far as the sink takes it."""
        try:
            while self._pieces:
                if not self._pass(self._pieces[0]):
                    self._wait_for_sink()
                    return
        except OSError as error:
            self._do_without_splice(error)
            return
        if self._transfer.ended:
            self.close()

    def _pass(self, piece: Piece) -> bool:
        """Deal with the first piece, or a part of it; False if the sink is full."""
        if piece.op is not None:
            self._transfer.drop(len(piece.data))
            self._pieces.popleft()
            self._op = piece.op
            self._listener.marked(self._channel.stream, piece.op)
            return True
        data = piece.data if not self._at else memoryview(piece.data)[self._at :]
        size = self._transfer.forward(data)
        if not size:
            return False
        self.passed_bytes += size
        whole = size == len(piece.data)
        passed = piece.data if whole else piece.data[self._at : self._at + size]
        self._at += size
        if self._at == len(piece.data):
            self._pieces.popleft()
            self._at = 0
        self._listener.output(self._channel.stream, self._op, passed)
        return True

    def _do_without_splice(self, error: OSError) -> None:
        """The sink may be of a kind that bytes cannot be moved into; else it is gone, or full."""
        if error.errno not in _UNFIT or isinstance(self._transfer, CopyingTransfer):
            self.close()
            return
        self._pieces.clear()  # they are still in the source
        self._at = 0
        self._transfer.close()
        self._transfer = CopyingTransfer(self._channel.source_fd, sink_fd=self._channel.sink_fd)

    def _hold(self, data: bytes) -> int:
        """How many bytes at the end to keep back because a mark may have been read in two parts."""
        size = self._marks.partial(data)
        if not size:
            return 0
        if (
            self._channel.kind == "pipe"
        ):  # a mark is written whole, so it was our reading that cut it
            return size if self._transfer.has_more() else 0
        if size < _HOLD_FROM_BYTES:
            return 0
        self._held = self._loop.later(HOLD_S, lambda: self._release(data[-size:]))
        return size

    def _release(self, held: bytes) -> None:
        self._held = None
        self._pieces.append(Piece(held))
        if not self.waits_for_sink:
            self._flow()

    def _cancel_hold(self) -> None:
        if self._held is not None:
            self._held.cancel()
            self._held = None


def _tells_when_gone(fd: int) -> bool:
    """Whether an end of the sink is for good. Not so with a named pipe: another reader may come."""
    try:
        target = os.readlink(f"/proc/self/fd/{fd}")
    except OSError:
        return True
    return target.startswith(("pipe:", "socket:", "/dev/"))
