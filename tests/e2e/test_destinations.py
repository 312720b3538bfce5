"""Destinations of every layer, on the installed command: each gets the run as it is configured."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.e2e.installed import Installed, wait_for
from tests.exporters.servers import Authority, OtlpServer


def _nothing_waits(chaos: Installed) -> bool:
    return not list(chaos.state.glob("runs/*/forward.json"))


def _config(chaos: Installed, text: str) -> None:
    folder = chaos.home / ".config" / "chaos-otel"
    folder.mkdir(parents=True)
    (folder / "config.toml").write_text(text)


def test_several_destinations_each_in_its_own_way(chaos: Installed, tmp_path: Path) -> None:
    """HTTP by a variable, gRPC with TLS and a token from a file by a table, an endpoint by a flag:
    one run, each once."""
    authority = Authority(tmp_path)
    token = tmp_path / "token"
    token.write_text("Bearer from-a-file\n")
    token.chmod(0o600)
    with (
        OtlpServer("healthy") as http,
        OtlpServer("healthy", protocol="grpc", tls=authority.server()) as grpc,
        OtlpServer("healthy") as documents,
    ):
        _config(
            chaos,
            f'[destinations.second]\nurl = "{grpc.url}"\nprotocol = "grpc"\n'
            f'ca_file = "{authority.ca_file}"\nsignals = ["traces"]\n'
            f'headers = {{authorization = "file:{token}"}}\n',
        )
        chaos.env |= {
            "OTEL_EXPORTER_OTLP_ENDPOINT": http.url,
            "OTEL_EXPORTER_OTLP_HEADERS": "x-team=web",
            "OTEL_EXPORTER_OTLP_PROTOCOL": "http/json",
            "OTEL_METRICS_EXPORTER": "none",
            "TELEMETRY_API_KEY": "key",
        }
        assert chaos.call("consent", "grant", "--yes").returncode == 0
        endpoint = f"{documents.url}/events"
        done = chaos.call("run", "--endpoint", endpoint, "--export-wait", "60s", "--", "true")
        wait_for(lambda: _nothing_waits(chaos), seconds=90)
    assert (done.returncode, done.stdout) == (0, b"")
    assert len(http.span_ids()) == len(grpc.span_ids()) == 2
    assert {one.signal for one in http.taken} <= {"traces", "logs"}
    assert {one.signal for one in grpc.taken} == {"traces"}
    assert http.taken[0].headers["x-team"] == "web"
    assert grpc.taken[0].headers["authorization"] == "Bearer from-a-file"
    (document,) = documents.taken
    assert document.headers["authorization"] == "Bearer key"


def test_a_token_s_variable_is_redacted_whatever_its_name(chaos: Installed) -> None:
    """What a settings file takes a token from holds one."""
    _config(
        chaos,
        '[destinations.x]\nurl = "https://c.invalid"\nheaders = {x-team = "env:WHO_WE_ARE"}\n',
    )
    chaos.env["WHO_WE_ARE"] = "plain-words"
    assert chaos.run("echo", "plain-words").stdout == b"plain-words\n"
    assert b"plain-words" not in chaos.journals()[-1].read_bytes()


def test_what_is_spoken_can_be_typed(chaos: Installed) -> None:
    """`--otlp-protocol grpc` for a typed address."""
    with OtlpServer("healthy", protocol="grpc") as server:
        words = ("--otlp", server.url, "--otlp-protocol", "grpc", "--export-wait", "60s")
        done = chaos.call("run", *words, "--", "true")
        wait_for(lambda: _nothing_waits(chaos), seconds=90)
    assert done.returncode == 0
    assert len(server.span_ids()) == 2


def test_plain_text_to_another_machine_is_wrong_usage(chaos: Installed) -> None:
    """Before the command starts; `--insecure` allows it."""
    done = chaos.call("run", "--otlp", "http://collector.invalid:4318", "--", "touch", "started")
    assert done.returncode == 2
    assert b"plain text" in done.stderr
    assert not (chaos.cwd / "started").exists()
    words = ("--otlp", "http://collector.invalid:4318", "--insecure", "--export-wait", "0")
    assert chaos.call("run", *words, "--", "touch", "started").returncode == 0
    assert (chaos.cwd / "started").exists()


@pytest.mark.parametrize("url", ["https://user:hunter2@c.invalid", "https://c.invalid/?k=hunter2"])
def test_a_secret_in_a_typed_address_is_refused(chaos: Installed, url: str) -> None:
    """Every process of the machine could read it; it is not repeated."""
    done = chaos.call("run", "--otlp", url, "--", "true")
    assert done.returncode == 2
    assert b"hunter2" not in done.stderr


def test_a_run_inside_a_run_goes_where_that_goes(chaos: Installed) -> None:
    """It is a step there, and says that its own flag does not count."""
    with OtlpServer("healthy") as server:
        inner = (chaos.command, "run", "--otlp", server.url, "--", "true")
        done = chaos.run(*inner)
        wait_for(lambda: _nothing_waits(chaos), seconds=90)
        assert server.requests == []
    assert b"goes where that goes" in done.stderr
