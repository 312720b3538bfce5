"""`chaos-otel import`: what others recorded becomes a run, once."""

from __future__ import annotations

import json
import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.e2e.installed import Installed

EXAMPLES = Path(__file__).parents[2] / "examples" / "ch-aos"
LOGBOOK = str(EXAMPLES / "chaos_logbook.json")


def _state(chaos: Installed) -> dict[str, bytes]:
    files = [path for path in chaos.state.rglob("*") if path.is_file()]
    return {str(path): path.read_bytes() for path in files}


def test_a_report_of_ours_comes_back_byte_for_byte(chaos: Installed) -> None:
    """Run, import, report again: the same file, and the same number of operations in the state."""
    chaos.run(str(EXAMPLES / "replay.sh"), "first")
    done = chaos.call("import", "--report", "again.json", "chaos_report.json")
    assert done.returncode == 0, done.stderr
    assert (chaos.cwd / "again.json").read_bytes() == (chaos.cwd / "chaos_report.json").read_bytes()
    assert len(chaos.journals()) == 2


def test_a_logbook_becomes_a_run(chaos: Installed) -> None:
    """Its operations, hosts, events and ids; nothing of its secrets and of the user's name."""
    done = chaos.call("import", "--report", "ours.json", LOGBOOK)
    assert done.returncode == 0, done.stderr
    own, ours = json.loads(Path(LOGBOOK).read_text()), chaos.report("ours.json")
    assert list(ours["hosts"]) == list(own["hosts"])
    for name, host in own["hosts"].items():
        assert ours["hosts"][name]["duration"] == host["duration"]
        for entry, said in zip(ours["hosts"][name]["history"], host["history"], strict=True):
            for key in ("operation", "changed", "success", "duration", "stdout", "stderr"):
                assert entry[key] == said[key]
    assert ours["summary"]["status"] == own["summary"]["status"] == "failure"
    assert chaos.call("report", "validate", "ours.json").returncode == 0
    (started,) = chaos.records("run.started")
    assert started["attributes"]["host.name"] == "tiller"
    for path, content in _state(chaos).items():
        assert b"correct-horse-battery-9" not in content and b"mara" not in content, path


def test_importing_again_changes_nothing_and_says_so(chaos: Installed) -> None:
    """Also a copy of the file, written with other spaces."""
    assert chaos.call("import", LOGBOOK).returncode == 0
    before = _state(chaos)
    copy = chaos.cwd / "copy.json"
    copy.write_text(json.dumps(json.loads(Path(LOGBOOK).read_text()), separators=(",", ":")))
    done = chaos.call("import", LOGBOOK, str(copy))
    assert done.returncode == 0
    assert done.stdout.count(b"was imported before") == 2
    assert _state(chaos) == before


def test_ids_are_the_same_in_every_state_folder(chaos: Installed) -> None:
    """Run, trace, spans: what was imported elsewhere is the same run there."""
    chaos.call("import", LOGBOOK)
    first = [record for record in chaos.records() if record["kind"] != "run.started"]
    started = chaos.records("run.started")[0]
    shutil.rmtree(chaos.state)
    chaos.call("import", LOGBOOK)
    again = chaos.records("run.started")[0]
    for key in ("run_id", "trace_id", "span_id", "wall_ns"):
        assert started[key] == again[key]
    untimed = [one for one in chaos.records() if one["kind"] not in ("run.started", "output")]
    assert untimed == [one for one in first if one["kind"] != "output"]


def test_a_file_that_is_none_says_what_is_wrong_and_where(chaos: Installed) -> None:
    """Exit status 1, one line each; the other files are imported, nothing is left of the bad."""
    (chaos.cwd / "bad.json").write_text(
        '{"summary": {"status": "success"}, "hosts": {"a": {"history": [{"operation": 1}]}}}'
    )
    (chaos.cwd / "torn.json").write_text('{"summary": {\n  "status": ')
    done = chaos.call("import", "bad.json", "torn.json", "missing.json", LOGBOOK)
    assert done.returncode == 1
    bad, torn, missing = done.stderr.decode().splitlines()
    assert "bad.json" in bad and "hosts.a.history[0].operation" in bad
    assert "torn.json is no JSON (line 2, column" in torn
    assert "missing.json" in missing
    assert done.stdout.count(b"\n") == 1 and len(chaos.journals()) == 1
    assert not (chaos.state / "runs" / ".importing").exists()


def test_json_tells_of_each_file(chaos: Installed) -> None:
    """A line each, for programs."""
    (chaos.cwd / "bad.json").write_text("[]")
    done = chaos.call("import", "--json", LOGBOOK, LOGBOOK, "bad.json")
    first, second, third = map(json.loads, done.stdout.splitlines())
    assert (first["outcome"], second["outcome"]) == ("imported", "known")
    assert first["run_id"] == second["run_id"] == chaos.journals()[0].parent.name
    assert "problem" in third and done.returncode == 1


def test_one_report_is_for_one_file(chaos: Installed) -> None:
    """Wrong usage, exit status 2, nothing done."""
    assert chaos.call("import", "--report", "r.json", LOGBOOK, LOGBOOK).returncode == 2
    assert not chaos.state.exists()


def test_the_opt_outs_hold_for_it_too(chaos: Installed) -> None:
    """Nothing is recorded, and that is said."""
    chaos.env["DO_NOT_TRACK"] = "1"
    done = chaos.call("import", LOGBOOK)
    assert done.returncode == 1 and b"DO_NOT_TRACK" in done.stderr
    assert not chaos.state.exists()


def test_imports_at_the_same_moment_make_one_run(chaos: Installed) -> None:
    """One of them makes it, the others find it."""
    with ThreadPoolExecutor(4) as pool:
        done = list(pool.map(lambda _: chaos.call("import", LOGBOOK), range(4)))
    assert [one.returncode for one in done] == [0] * 4
    assert sum(b"imported, 8 operations" in one.stdout for one in done) == 1
    assert len(chaos.journals()) == 1


def test_what_a_killed_import_left_is_no_run(chaos: Installed) -> None:
    """Half a journal is thrown away by the next import, and never closed as a run."""
    half = chaos.state / "runs" / ".importing"
    half.mkdir(parents=True)
    for folder in (chaos.state, half.parent, half):
        os.chmod(folder, 0o700)
    (half / "journal.jsonl").write_text("half")
    assert b"nothing to recover" in chaos.call("recover").stdout
    assert chaos.call("import", LOGBOOK).returncode == 0
    assert len(chaos.journals()) == 1 and not half.exists()
