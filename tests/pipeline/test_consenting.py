"""What a run may use of what is configured, and what it is told of the rest."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaos_otel.config import files
from chaos_otel.config.environment import Environment
from chaos_otel.config.settings import Loaded, load
from chaos_otel.pipeline.consenting import Chosen, choose, current_consents, still_consented
from chaos_otel.privacy.consent import Change
from chaos_otel.store.consents import append_consents, read_consents

WORK = "otlp https://c.example"


class Place:
    """A state folder, and variables."""

    def __init__(self, root: Path) -> None:
        self.state = str(root / "state")
        self.variables = {"CHAOS_OTEL_STATE_DIR": self.state}

    def load(self, **flags: object) -> tuple[Loaded, Environment]:
        env = Environment.of_block([os.fsencode(f"{k}={v}") for k, v in self.variables.items()])
        return load(env, flags, "/nowhere"), env

    def choose(self, **flags: object) -> Chosen:
        return choose(*self.load(**flags))

    def say(self, verb: str, address: str = WORK, at: int = 1) -> None:
        append_consents(self.state, [Change(at, verb, address, "command")])  # type: ignore[arg-type]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_consented_and_not_consented_are_told_apart(place: Place) -> None:
    """With the means; none has its headers, which are looked up by who sends."""
    place.variables |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://c.example",
        "OTEL_EXPORTER_OTLP_HEADERS": "k=v",
        "TELEMETRY_ENDPOINT": "https://t.example",
    }
    place.say("grant")
    chosen = place.choose(otlp=("https://typed.example",))
    assert [(one.key, one.means, dict(one.headers)) for one in chosen.consented] == [
        ("otlp https://typed.example", "flag", {}),
        (WORK, "consent", {}),
    ]
    assert chosen.unconsented == ("endpoint https://t.example",)


def test_nothing_is_written_by_looking(place: Place) -> None:
    """Not even the state folder."""
    place.variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "https://c.example"
    assert place.choose().consented == ()
    assert place.choose(otlp=("https://c.example",)).consented[0].means == "flag"
    assert not os.path.lexists(place.state)


def test_who_has_consented_to_nothing_hears_of_no_fault(place: Place) -> None:
    """The standard variables are often set for some other program, and as that one likes them."""
    place.variables |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://c.example:4318",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "abc",
        "TELEMETRY_ENDPOINT": "nonsense",
    }
    chosen = place.choose()
    assert chosen == Chosen((), ("otlp http://c.example:4318",), [])
    place.say("grant", "endpoint https://other.example")
    assert [one.place for one in place.choose().problems] == [
        "TELEMETRY_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TIMEOUT",
    ]
    place.say("grant", "otlp http://c.example:4318")
    chosen = place.choose()
    assert "plain text" in str(chosen.problems[0])
    assert chosen.unconsented == ()


def test_where_consents_cannot_be_read_nobody_has_consented(place: Place) -> None:
    """But a flag is still a flag; the fault is told."""
    place.variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "https://c.example"
    place.say("grant")
    os.rename(f"{place.state}/consents.jsonl", f"{place.state}/moved")
    os.symlink("moved", f"{place.state}/consents.jsonl")
    chosen = place.choose()
    assert (chosen.consented, chosen.unconsented) == ((), (WORK,))
    assert "symbolic link" in str(chosen.problems[0])
    assert [one.means for one in place.choose(otlp=("https://c.example",)).consented] == ["flag"]


def test_a_run_that_waits_is_asked_for_again(place: Place) -> None:
    """A no that came after it began stops it, whatever it was allowed by; an earlier one does not
    stop what was typed."""
    place.variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "https://c.example"
    place.say("grant", at=1)
    loaded, _ = place.load()
    (granted,) = place.choose().consented
    typed = granted._replace(means="flag")
    assert still_consented(granted, loaded, since_wall_ns=5) == "consent"
    place.say("revoke", at=10)
    assert still_consented(granted, loaded, since_wall_ns=5) == ""
    assert still_consented(typed, loaded, since_wall_ns=5) == ""
    assert still_consented(typed, loaded, since_wall_ns=15) == "flag"


def test_the_host_s_word_is_written_down_before_it_counts(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Once; and where it cannot be written it does not count."""
    if os.geteuid() != 0:
        pytest.skip("only root can write a file that is root's")
    path = tmp_path / "etc" / "config.toml"
    path.parent.mkdir(mode=0o755)
    path.write_text(f'[consent]\ngrant = ["{WORK}"]\n')
    path.chmod(0o644)
    monkeypatch.setattr(files, "SYSTEM_FILE", str(path))
    place.variables["OTEL_EXPORTER_OTLP_ENDPOINT"] = "https://c.example"
    for _ in range(3):
        assert [one.means for one in place.choose().consented] == ["host"]
    assert [(one.verb, one.said) for one in read_consents(place.state)] == [("grant", "host")]
    path.write_text("")
    assert place.choose().consented == ()
    assert [one.verb for one in read_consents(place.state)] == ["grant", "revoke"]
    path.write_text(f'[consent]\ngrant = ["{WORK}"]\n')
    os.unlink(f"{place.state}/consents.jsonl")
    os.mkdir(f"{place.state}/consents.jsonl")
    chosen = place.choose()
    assert (chosen.consented, chosen.unconsented) == ((), (WORK,))
    assert chosen.problems


def test_without_a_home_a_flag_is_the_only_consent() -> None:
    """There is nowhere to write another one down."""
    env = Environment.of_block([b"OTEL_EXPORTER_OTLP_ENDPOINT=https://c.example"])
    loaded = load(env, {}, "/nowhere")
    assert choose(loaded, env).unconsented == (WORK,)
    assert current_consents(loaded)[0].means_at(WORK) == ""
    loaded = load(env, {"otlp": ("https://c.example",)}, "/nowhere")
    assert [one.means for one in choose(loaded, env).consented] == ["flag"]
