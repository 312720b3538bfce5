"""Redaction of output that arrives in pieces: a secret split over two writes is found.

Text is redacted line by line, a very long line in windows that overlap, cut at the same places
whatever the pieces were. Knows no pattern.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from chaos_otel.privacy.announced import AnnouncedValues
from chaos_otel.privacy.pem import PemBlocks
from chaos_otel.privacy.spans import WORD_ENDS, Found

if TYPE_CHECKING:
    from chaos_otel.privacy.redact import Redactor

# An unfinished line is held back up to this length, then redacted in windows of it.
WINDOW_BYTES = 16 * 1024
# So much of a window is looked at again with the next one: no secret with its key is longer.
_OVERLAP_BYTES = 4 * 1024
# So much of the line in which a gap ends may be the rest of a secret.
_AFTER_GAP_BYTES = 4 * 1024


class StreamRedactor:
    """Redacts the bytes of one output, in order; which pieces they come in makes no difference.

    Whole lines come back at once; an unfinished line of less than 16 KiB is held back. After
    `finish` all that was fed has come back, redacted. Nothing is raised, whatever the bytes are.
    """

    def __init__(self, redactor: Redactor) -> None:
        self._redactor = redactor
        self._held = bytearray()
        self._pem = PemBlocks()
        self._announced = AnnouncedValues()
        self._in_key = False  # a mask stands already for the key's body that goes on
        self._ends = ""  # of a secret longer than a window: what ends it
        self._after_gap = 0  # bytes of this line that may still be the rest of a secret

    def feed(self, data: bytes) -> bytes:
        """Take what comes next; returns what is redacted for good."""
        self._held += data
        if len(self._held) < WINDOW_BYTES and b"\n" not in data and b"\r" not in self._held:
            return b""
        held = bytes(self._held)
        # A carriage return at the end may be half of a line's end.
        whole = max(held.rfind(b"\n"), held.rfind(b"\r", 0, -1)) + 1
        done = [self._line(line) for line in held[:whole].splitlines(keepends=True)]
        piece, used = self._windows(held[whole:])
        self._held = bytearray(held[whole + used :])
        return b"".join(done) + piece

    def skip(self) -> bytes:
        """Some bytes are left out here: returns what is held, without the half of a secret.

        What follows is taken for the rest of a cut line, perhaps of a cut secret, and masked up to
        the line's end (at most 4 KiB); lines of base64 there are taken for a private key's.
        """
        held = self._take_held()
        done = self._line(held) if held.endswith(b"\r") else self._cut_line(held)
        self._pem.gap()
        self._announced.reset()
        self._in_key, self._ends, self._after_gap = False, "", _AFTER_GAP_BYTES
        return done

    def finish(self) -> bytes:
        """The output is over: returns what is held."""
        return self._line(self._take_held())

    def _take_held(self) -> bytes:
        held = bytes(self._held)
        self._held.clear()
        return held

    def _line(self, line: bytes) -> bytes:
        """One line with its end, or the unfinished last one."""
        body = line.rstrip(b"\r\n")
        pieces, used = self._windows(body)
        ending = line[len(body) :]
        last = self._masked_start(body[used:])
        done = self._body(body[used:], ending) if last is None else last + ending
        if ending:
            self._ends, self._after_gap = "", 0
        return pieces + done

    def _body(self, body: bytes, ending: bytes) -> bytes:
        if self._pem.is_body(body):
            return self._key_mask(body, ending)
        self._in_key = False
        if secret := self._announced.secret_in(body):
            found = [*self._redactor.find(body.decode("latin-1"), body), Found(0, *secret)]
            return self._redactor.mask(body.decode("latin-1"), found).encode("latin-1") + ending
        return self._redactor.line(body) + ending

    def _key_mask(self, body: bytes, ending: bytes = b"") -> bytes:
        """One mask for all lines of a key's body."""
        if self._in_key:
            return b""
        self._in_key = True
        return body[: len(body) - len(body.lstrip())] + self._redactor.mask_all() + ending

    def _masked_start(self, body: bytes) -> bytes | None:
        """The line with its beginning masked, if that is the rest of something; else None."""
        if self._ends:
            rest = body[_first_of(body, self._ends) :]
            self._ends = ""
            return self._redactor.line(rest)
        if self._after_gap:
            self._pem.resume(body)
            rest, self._after_gap = body[self._after_gap :], 0
            mask = self._redactor.mask_all() if body else b""
            return mask + self._redactor.line(rest)
        return None

    def _windows(self, body: bytes) -> tuple[bytes, int]:
        """Redact a line from its start while there is a whole window; what, and how far."""
        done, used = [], 0
        while len(body) - used >= WINDOW_BYTES:
            piece, size = self._window(body[used : used + WINDOW_BYTES])
            done.append(piece)
            used += size
        return b"".join(done), used

    def _window(self, window: bytes) -> tuple[bytes, int]:
        if self._ends:
            end = _first_of(window, self._ends)
            self._ends = self._ends if end == len(window) else ""
            return b"", end
        if self._after_gap:
            size, self._after_gap = self._after_gap, 0
            return self._redactor.mask_all(), size
        if self._pem.is_body(window):
            return self._key_mask(window), len(window)
        self._in_key = False
        text = window.decode("latin-1")
        found = self._redactor.find(text, window)
        size = _cut(window, found)
        if size == len(window):
            self._ends = min((one.ends for one in found if one.end == size), key=len)
        complete = [one for one in found if one.end <= size]
        return self._redactor.mask(text[:size], complete).encode("latin-1"), size

    def _cut_line(self, body: bytes) -> bytes:
        """An unfinished line that will not go on: its last word may be half of a secret."""
        if self._ends:
            return b""
        start = self._masked_start(body)
        if start is not None or not body:
            return start or b""
        if self._pem.is_body(body):
            return self._key_mask(body)
        text = body.decode("latin-1")
        word = len(text) - max(text.rfind(end) for end in WORD_ENDS) - 1
        at = len(text) - max(word, self._redactor.begun_secret(text))
        found = [*self._redactor.find(text, body), Found(at, at, len(text))]
        return self._redactor.mask(text, found).encode("latin-1")


def _first_of(data: bytes, ends: str) -> int:
    """Where the first of these characters is; the length if there is none."""
    places = [data.find(end.encode()) for end in ends]
    return min((place for place in places if place >= 0), default=len(data))


def _cut(window: bytes, found: Sequence[Found]) -> int:
    """Where to cut a window: in no secret, nor between one and what gives it away.

    That is the whole window if one secret fills it, and goes on.
    """
    cut = _whole_character(window, len(window) - _OVERLAP_BYTES)
    for one in sorted(found, key=lambda one: one.reach, reverse=True):
        if one.reach < cut < one.end:
            cut = one.reach
    if cut > 0:
        return cut
    for one in sorted(found):
        if one.reach <= cut:
            cut = max(cut, one.end)
    return cut


def _whole_character(data: bytes, cut: int) -> int:
    """Step back to the beginning of a UTF-8 character, if the cut is inside one."""
    for at in range(cut, cut - 4, -1):
        if data[at] & 0xC0 != 0x80:
            return at if data[at] >= 0xC0 else cut
    return cut
