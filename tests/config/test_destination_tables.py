"""`[destinations.NAME]` in a settings file: what counts, what is refused, where tokens stand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from chaos_otel.config.destinations import Found, destinations
from chaos_otel.config.environment import Environment
from chaos_otel.config.settings import load


class Home:
    """A user's settings file and a project's, and variables."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / ".config" / "chaos-otel" / "config.toml"
        self.file.parent.mkdir(parents=True)
        self.project = root / "project"
        self.project.mkdir()
        self.variables = {"HOME": str(root)}

    def write(self, text: str, *, mode: int = 0o644) -> None:
        self.file.write_text(text)
        self.file.chmod(mode)

    def find(self, **flags: object) -> Found:
        env = Environment.of_block([os.fsencode(f"{k}={v}") for k, v in self.variables.items()])
        loaded = load(env, flags, str(self.project))
        found = destinations(loaded, env)
        return found._replace(problems=[*loaded.warnings, *found.problems])


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def test_a_table_says_all_there_is_to_say(home: Home) -> None:
    """Every option, with the line it stands on."""
    home.variables["COLLECTOR_TOKEN"] = "Bearer abc"
    home.write(
        """
        [destinations.work]
        type = "otlp"
        url = "https://c.example:4318/base/"
        protocol = "http/json"
        headers = {Authorization = "env:COLLECTOR_TOKEN"}
        ca_file = "/ca.pem"
        client_certificate = "/client.pem"
        client_key = "/client.key"
        proxy = "http://proxy.example:3128"
        timeout = "3s"
        compression = "none"
        signals = ["logs", "traces"]
        """
    )
    found = home.find()
    assert found.problems == []
    (one,) = found.destinations
    assert (one.key, one.name) == ("otlp https://c.example:4318/base", "work")
    assert one.urls == {
        "traces": "https://c.example:4318/base/v1/traces",
        "logs": "https://c.example:4318/base/v1/logs",
    }
    assert (one.protocol, one.gzip, one.timeout_s) == ("http/json", False, 3.0)
    assert one.tls[:3] == ("/ca.pem", "/client.pem", "/client.key")
    assert one.proxy == "http://proxy.example:3128"
    assert one.headers == {"authorization": "Bearer abc"}
    assert one.means == ""
    assert found.origins[one.key]["timeout"] == f"file {home.file}:11"


def test_an_endpoint_is_a_type(home: Home) -> None:
    """Its address is used as it is; headers are its own."""
    home.variables["KEY"] = "k"
    home.write(
        '[destinations.docs]\ntype = "endpoint"\nurl = "https://t.example/e"\n'
        'headers = {x-api-key = "env:KEY"}\n'
    )
    (one,) = home.find().destinations
    assert (one.key, one.urls) == (
        "endpoint https://t.example/e",
        {"events": "https://t.example/e"},
    )
    assert one.headers == {"x-api-key": "k"}


def test_several_tables_and_one_wrong_one(home: Home) -> None:
    """What is wrong in one costs no other."""
    home.write(
        '[destinations.a]\nurl = "https://a.example"\n'
        '[destinations.b]\nurl = "b.example"\n'
        '[destinations.c]\nurl = "https://c.example"\nprotocol = "grpc"\n'
    )
    found = home.find()
    assert [one.key for one in found.destinations] == [
        "otlp https://a.example",
        "otlp https://c.example",
    ]
    assert found.destinations[1].urls["traces"] == "https://c.example:443"
    (problem,) = found.problems
    assert problem.place == f"{home.file}:4"
    assert problem.key == "destinations.b.url"


@pytest.mark.parametrize(
    ("line", "key"),
    [
        ("", ""),
        ("url = 5", ".url"),
        ('url = "https://c.example?x=hunter2"', ".url"),
        ('url = "https://c.example"\ntype = "kafka"', ".type"),
        ('url = "https://c.example"\ntimout = "5s"', ".timout"),
        ('url = "https://c.example"\ntimeout = "soon"', ".timeout"),
        ('url = "https://c.example"\nca_file = "ca.pem"', ".ca_file"),
        ('url = "https://c.example"\nsignals = ["smoke"]', ".signals"),
        ('url = "https://c.example"\nsignals = []', ".signals"),
        ('url = "https://c.example"\nheaders = ["hunter2"]', ".headers"),
        ('url = "https://c.example"\nheaders = {a = "env:"}', ".headers"),
        ('url = "https://c.example"\nheaders = {a = "file:token"}', ".headers"),
        ('url = "https://c.example"\nheaders = {"a b" = "env:A"}', ".headers"),
        ('url = "https://c.example"\nproxy = "http://u:hunter2@p.example"', ".proxy"),
    ],
)
def test_what_is_wrong_in_a_table_is_told_by_line(home: Home, line: str, key: str) -> None:
    """One problem, with its key and without what may be a token; no destination."""
    home.write(f"[destinations.x]\n{line}\n", mode=0o600)
    found = home.find()
    assert found.destinations == ()
    (problem,) = found.problems
    assert problem.key == f"destinations.x{key}"
    assert problem.place.startswith(str(home.file))
    assert "hunter2" not in str(problem)


@pytest.mark.parametrize("text", ["destinations = 5", "[destinations]\nx = 5"])
def test_what_is_no_table(home: Home, text: str) -> None:
    """A problem, no exception."""
    home.write(text)
    found = home.find()
    assert found.destinations == ()
    assert "is no table" in str(found.problems[0])


def test_a_token_may_stand_in_a_file_that_is_private(home: Home) -> None:
    """0600 and ours; else it is refused without being shown."""
    text = '[destinations.x]\nurl = "https://c.example"\nheaders = {a = "hunter2"}\n'
    home.write(text, mode=0o600)
    assert home.find().destinations[0].headers == {"a": "hunter2"}
    home.write(text, mode=0o640)
    found = home.find()
    assert found.destinations == ()
    assert "hunter2" not in str(found.problems)
    assert "chmod 600" in str(found.problems)


def test_a_password_in_a_url_needs_a_private_file_too(home: Home) -> None:
    """Then it becomes a header."""
    text = '[destinations.x]\nurl = "https://u:hunter2@c.example"\n'
    home.write(text, mode=0o600)
    (one,) = home.find().destinations
    assert "hunter2" not in str(one.urls)
    assert one.headers["authorization"].startswith("Basic ")
    home.write(text)
    found = home.find()
    assert found.destinations == ()
    assert "hunter2" not in str(found.problems)


def test_an_api_key_in_a_file_follows_the_same_rule(home: Home) -> None:
    """A key itself only where nobody else can read it; its variable or file anywhere."""
    home.write('endpoint = "https://t.example"\napi_key = "hunter2"\n', mode=0o600)
    assert home.find().destinations[0].headers == {"authorization": "Bearer hunter2"}
    home.write('endpoint = "https://t.example"\napi_key = "hunter2"\n')
    found = home.find()
    assert found.destinations[0].headers == {}
    assert "hunter2" not in str(found.problems)
    assert "chmod 600" in str(found.problems)
    home.variables["KEY"] = "from-env"
    home.write('endpoint = "https://t.example"\napi_key = "env:KEY"\n')
    assert home.find().destinations[0].headers == {"authorization": "Bearer from-env"}


def test_a_token_s_file_is_private(home: Home) -> None:
    """Its content, less what surrounds it; others' eyes, a folder or nothing there are refused."""
    token = home.root / "token"
    token.write_text("  Bearer xyz\n")
    token.chmod(0o600)
    home.write(f'[destinations.x]\nurl = "https://c.example"\nheaders = {{a = "file:{token}"}}\n')
    assert home.find().destinations[0].headers == {"a": "Bearer xyz"}
    token.chmod(0o604)
    refused = home.find()
    assert (refused.destinations, "chmod 600" in str(refused.problems)) == ((), True)
    token.unlink()
    assert home.find().destinations == ()
    os.mkfifo(token)
    assert "is not a file" in str(home.find().problems)


def test_a_token_that_is_not_there_costs_the_destination(home: Home) -> None:
    """An unset variable would be a request that is refused; one with a line end would be two
    headers."""
    home.write('[destinations.x]\nurl = "https://c.example"\nheaders = {a = "env:NOT_SET"}\n')
    found = home.find()
    assert found.destinations == ()
    assert "NOT_SET" in str(found.problems)
    home.variables["NOT_SET"] = "a\r\nb: hunter2"
    assert "hunter2" not in str(home.find().problems)
    assert home.find().destinations == ()


def test_variables_beat_a_table_of_the_same_address_option_by_option(home: Home) -> None:
    """What they do not say, the table says."""
    home.write(
        '[destinations.x]\nurl = "https://c.example"\ntimeout = "3s"\ncompression = "none"\n'
    )
    home.variables |= {
        "OTEL_EXPORTER_OTLP_ENDPOINT": "https://c.example/",
        "OTEL_EXPORTER_OTLP_TIMEOUT": "5000",
    }
    (one,) = home.find().destinations
    assert (one.name, one.timeout_s, one.gzip) == ("x", 5.0, False)


def test_a_typed_address_takes_the_table_s_options(home: Home) -> None:
    """`--otlp` names it; it says how."""
    home.variables["T"] = "t"
    home.write('[destinations.x]\nurl = "https://c.example"\nheaders = {a = "env:T"}\n')
    (one,) = home.find(otlp=("https://c.example",)).destinations
    assert (one.means, one.headers, one.name) == ("flag", {"a": "t"}, "x")


def test_plain_text_needs_the_table_s_word(home: Home) -> None:
    """`insecure = true` of one table counts for that one."""
    home.write(
        '[destinations.a]\nurl = "http://a.example"\ninsecure = true\n'
        '[destinations.b]\nurl = "http://b.example"\n'
    )
    found = home.find()
    assert [one.key for one in found.destinations] == ["otlp http://a.example"]
    assert "plain text" in str(found.problems)


@pytest.mark.parametrize(
    "text",
    [
        '[destinations.x]\nurl = "https://evil.example"\n',
        'otlp_endpoint = "https://evil.example"\n',
        'endpoint = "https://evil.example"\n',
        'api_key = "k"\n',
        "insecure = true\n",
        'otlp_protocol = "grpc"\n',
        '[consent]\ngrant = ["otlp https://evil.example"]\n',
        "consent = true\n",
    ],
)
def test_a_project_says_nothing_about_destinations(home: Home, text: str) -> None:
    """Whoever wrote it would decide for whoever runs it: one warning, no effect."""
    (home.project / "chaos-otel.toml").write_text(text)
    found = home.find()
    assert found.destinations == ()
    assert [problem.place.partition(":")[0] for problem in found.problems] == ["chaos-otel.toml"]
    home.variables["TELEMETRY_ENDPOINT"] = "https://t.example"
    (one,) = home.find().destinations
    assert (one.means, one.headers, one.tls.insecure) == ("", {}, False)


def test_a_user_s_file_grants_nothing(home: Home) -> None:
    """Consent is a person's act, or root's file."""
    home.write('[consent]\ngrant = ["otlp https://c.example"]\n', mode=0o600)
    assert "consent" in str(home.find().problems)
