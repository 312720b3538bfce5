"""Where each record's line ends, for whoever goes on reading there."""

from chaos_otel.clock import now
from chaos_otel.emit.lines import encode
from chaos_otel.sources.inbox import InboxDecoder


def test_each_record_says_where_its_line_ends() -> None:
    """A successor that goes on from a record's offset reads just what came behind it."""
    tag, flush = encode("T", "", "region", "eu"), encode("F", "", "")
    decoder = InboxDecoder(now)
    parsed = decoder.feed(b"\0" * 7 + tag + flush[:3]) + decoder.feed(flush[3:] + tag)
    ends = [7 + len(tag), 7 + len(tag + flush), 7 + len(tag + flush + tag)]
    assert [one.offset for one in parsed] == ends
