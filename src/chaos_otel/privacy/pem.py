"""Private keys over several lines: decides line by line whether it belongs to a key's body.

Nothing is held back for it: a line is judged by what came before it alone.
"""

from __future__ import annotations

from collections.abc import Sequence

from chaos_otel.privacy.patterns import Pattern

_BEGIN = Pattern(rb"-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
_END = Pattern(rb"-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----")
# Something may stand before the base64 (`web_1 | `, `+ `, a quote), and an escaped line end behind.
_LINE = rb"(?:^|[\s\"'|:>+])%s(?:\\[rn])*[\"',\s\\]*$"
_BODY = Pattern(_LINE % rb"[A-Za-z0-9+/]{16,}={0,2}")
_SHORT = Pattern(_LINE % rb"[A-Za-z0-9+/]{1,16}={0,2}")
_CHECKSUM = Pattern(rb"=[A-Za-z0-9+/]{4}\s*$")
_HEADER = Pattern(rb"\W{0,8}(?:[\w.-]+\s*\|\s*)?(?:[A-Z][A-Za-z-]+: .*|[\s|>+]*)$")
_WALL = Pattern(rb"\s*[A-Za-z0-9+/]{40,}={0,2}\s*")
_LONE_SHORT = Pattern(rb"\s*[A-Za-z0-9+/]{1,64}={0,2}\s*")
_READ_BYTES = 200
_HEADER_LINES = 12


class PemBlocks:
    """Follows the lines of one stream."""

    def __init__(self) -> None:
        self._follow = self._closed

    def is_body(self, line: bytes) -> bool:
        """Whether the line (without its end) is of a private key's body."""
        return self._follow(line)

    def gap(self) -> None:
        """Lines are missing: those that follow may be the body of a key, if they are walls."""
        self._follow = self._gap

    def resume(self, line: bytes) -> None:
        """The first line after a gap, cut: it may be any part of a body's line."""
        self._follow = (
            self._gap_body if _LONE_SHORT.fullmatch(line) or _WALL.fullmatch(line) else self._gap
        )

    def _closed(self, line: bytes) -> bool:
        if b"-----BEGIN" in line and begins_key(line):
            self._headers = 0
            self._follow = self._begun
        return False

    def _begun(self, line: bytes) -> bool:
        """Behind BEGIN: headers and empty lines, then the body."""
        if _ends(line, _BODY):
            self._follow = self._body
            return True
        self._headers += 1
        if self._headers > _HEADER_LINES or not _HEADER.match(line):
            return self._close(line)
        return False

    def _body(self, line: bytes) -> bool:
        if _ends(line, _BODY):
            return True
        if _ends(line, _SHORT):
            self._follow = self._last
            return True
        return self._last(line)

    def _last(self, line: bytes) -> bool:
        """Behind the short line that ends a body: only PGP's checksum is still of it."""
        self._close(line)
        return _ends(line, _CHECKSUM)

    def _gap(self, line: bytes) -> bool:
        if _WALL.fullmatch(line):
            self._follow = self._gap_body
            return True
        return self._close(line)

    def _gap_body(self, line: bytes) -> bool:
        if _WALL.fullmatch(line):
            return True
        self._close(line)
        return _LONE_SHORT.fullmatch(line) is not None

    def _close(self, line: bytes) -> bool:
        self._follow = self._closed
        return self._closed(line)


def _ends(line: bytes, kind: Pattern[bytes]) -> bool:
    """Whether a line ends so; its end alone is read, which keeps this linear in a wall."""
    return kind.search(line[-_READ_BYTES:]) is not None


def begins_key(line: bytes) -> bool:
    """Whether a private key begins in the line and does not end in it."""
    begin = -1
    for match in _BEGIN.finditer(line):
        begin = match.start()
    return begin > line.rfind(b"-----END")


def body_before_end(lines: Sequence[bytes]) -> int:
    """How many of the first lines are the end of a body that began before them; 0 if none are."""
    for place, line in enumerate(lines):
        if _END.search(line):
            return place
        line = line.rstrip(b"\r\n")
        if _BEGIN.search(line) or (
            place and not any(_ends(line, kind) for kind in (_BODY, _SHORT, _CHECKSUM))
        ):
            return 0
    return 0
