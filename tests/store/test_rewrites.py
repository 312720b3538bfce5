"""What is to be written again when new series have settled."""

from __future__ import annotations

from pathlib import Path

from chaos_otel.store.database import Database
from chaos_otel.store.rewrites import Rewrite, forget_rewrite, rewrites, want_rewrite

FILE = Rewrite("textfile", "/var/lib/node", 60.0, 1_000)
PUSH = Rewrite("pushgateway", "http://push:9091/metrics/job/x", 60.0, 500, insecure=True)


def test_the_next_one_comes_first(tmp_path: Path) -> None:
    """Each place once, with the time that was said last, as it was said."""
    with Database(f"{tmp_path}/state") as database:
        for one in (FILE, PUSH, FILE._replace(due_wall_ns=2_000)):
            want_rewrite(database, one)
        assert rewrites(database) == [PUSH, FILE._replace(due_wall_ns=2_000)]


def test_what_was_wanted_anew_is_not_forgotten(tmp_path: Path) -> None:
    """Somebody may write, and want it again, while another one is at it."""
    with Database(f"{tmp_path}/state") as database:
        want_rewrite(database, FILE)
        want_rewrite(database, FILE._replace(due_wall_ns=2_000))
        forget_rewrite(database, FILE)
        assert rewrites(database) == [FILE._replace(due_wall_ns=2_000)]
        forget_rewrite(database, FILE._replace(due_wall_ns=2_000))
        assert rewrites(database) == []
