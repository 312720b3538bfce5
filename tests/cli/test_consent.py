"""`chaos-otel consent`: what it takes for a destination, and what it answers."""

from __future__ import annotations

import json

import pytest

from .conftest import Caller

COLLECTOR = "https://collector.invalid:4318"
CONFIGURED = {"OTEL_EXPORTER_OTLP_ENDPOINT": COLLECTOR, "TELEMETRY_ENDPOINT": COLLECTOR}


@pytest.mark.parametrize(
    ("words", "address"),
    [
        ((f"otlp {COLLECTOR}",), f"otlp {COLLECTOR}"),
        (("otlp", COLLECTOR), f"otlp {COLLECTOR}"),
        (("endpoint", "HTTPS://T.invalid:443/"), "endpoint https://t.invalid"),
        (("pushgateway", "http://push.invalid:9091"), "pushgateway http://push.invalid:9091"),
        (("work",), "otlp https://work.invalid"),
        (("https://work.invalid/",), "otlp https://work.invalid"),
    ],
)
def test_a_destination_has_several_names(
    call: Caller, words: tuple[str, ...], address: str
) -> None:
    """As it is listed, in one word or two, by URL, by its name in config.toml; kept under one."""
    folder = call.home / ".config" / "chaos-otel"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text('[destinations.work]\nurl = "https://work.invalid"\n')
    assert call("consent", "grant", *words).stdout == f"{address}: granted\n"
    assert call("consent", "grant", *words).stdout == f"{address}: granted already\n"
    assert call("consent", "show", *words).returncode == 0
    assert call("consent", "revoke", *words).stdout == f"{address}: revoked\n"
    assert call("consent", "show", *words).returncode == 1


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("grant",), "no destination is configured"),
        (("grant", "nonsense"), "no destination is called nonsense"),
        (("grant", "https://c.invalid"), "say what it is"),
        (("grant", "otlp", "c.invalid"), "begin it with https://"),
        (("grant", "otlp", "https://c.invalid/?key=hunter2"), "has a query"),
        (("revoke", "nonsense"), "no destination is called nonsense"),
        (("show", "nonsense"), "no destination is called nonsense"),
    ],
)
def test_what_names_no_destination_is_wrong_usage(
    call: Caller, words: tuple[str, ...], said: str
) -> None:
    """Status 2, one line with the remedy, and nothing written."""
    done = call("consent", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert "hunter2" not in done.stderr
    assert done.stderr.count("\n") == 1
    assert not call.state.exists()


def test_a_url_means_all_that_is_configured_there(call: Caller) -> None:
    """A collector and an endpoint at one address are two destinations."""
    done = call("consent", "grant", COLLECTOR, **CONFIGURED)
    assert done.stdout.splitlines() == [
        f"otlp {COLLECTOR}: granted",
        f"endpoint {COLLECTOR}: granted",
    ]


def test_yes_answers_for_all(call: Caller) -> None:
    """Without it and without a terminal nobody is asked."""
    assert call("consent", "grant", **CONFIGURED).returncode == 2
    assert call("consent", "grant", "--yes", **CONFIGURED).stdout.count("granted") == 2
    assert call("consent", "revoke", **CONFIGURED).returncode == 2
    assert call("consent", "revoke", "--yes", **CONFIGURED).stdout.count("revoked") == 2
    assert call("consent", "revoke", "--yes", **CONFIGURED).stdout == "nothing is granted\n"


def test_what_is_configured_no_more_can_still_be_revoked(call: Caller) -> None:
    """By its URL alone."""
    call("consent", "grant", "otlp", COLLECTOR)
    assert call("consent", "revoke", COLLECTOR).stdout == f"otlp {COLLECTOR}: revoked\n"


def test_json_has_every_change(call: Caller) -> None:
    """With time, means and pseudonym."""
    call("consent", "grant", "otlp", COLLECTOR)
    call("consent", "revoke", "otlp", COLLECTOR)
    (one,) = json.loads(call("consent", "show", "--json").stdout)
    assert (one["destination"], one["granted"], one["configured"]) == (
        f"otlp {COLLECTOR}",
        False,
        False,
    )
    assert [change["change"] for change in one["changes"]] == ["grant", "revoke"]
    assert all(len(change["by"]) == 16 for change in one["changes"])


def test_nothing_to_show(call: Caller) -> None:
    """Says so."""
    done = call("consent", "show")
    assert (done.returncode, done.stdout.count("\n")) == (0, 1)
    assert call("consent", "show", "--json").stdout == "[]\n"


def test_a_store_that_is_damaged_stops_no_consent(call: Caller) -> None:
    """What counts is the file; that it was not counted is told."""
    call("consent", "grant", "otlp", COLLECTOR)
    (call.state / "store.db").write_bytes(b"no database" * 100)
    done = call("consent", "revoke", "otlp", COLLECTOR)
    assert done.returncode == 0
    assert "store" in done.stderr
    assert call("consent", "show", "otlp", COLLECTOR).returncode == 1


def test_where_it_cannot_be_written_nothing_is_granted(call: Caller) -> None:
    """An error with advice."""
    call.state.mkdir(parents=True)
    (call.state / "consents.jsonl").mkdir()
    done = call("consent", "grant", "otlp", COLLECTOR)
    assert done.returncode == 1
    assert "consents.jsonl" in done.stderr
