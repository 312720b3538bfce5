"""Flags beat environment beat files beat defaults, and every value says where it came from."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chaos_otel.config import settings as settings_module
from chaos_otel.config.environment import Environment
from chaos_otel.config.settings import Loaded, Settings
from chaos_otel.config.table import BY_KEY, BY_NAME, SETTINGS, option_help
from chaos_otel.errors import UsageError


class Place:
    """A project's folder and a user's home, and what is set there."""

    def __init__(self, root: Path) -> None:
        self.project = root / "project"
        self.home = root / "home"
        self.variables: dict[str, str] = {}
        self.project.mkdir()
        (self.home / ".config" / "chaos-otel").mkdir(parents=True)

    def project_file(self, text: str) -> None:
        (self.project / "chaos-otel.toml").write_text(text)

    def user_file(self, text: str) -> Path:
        path = self.home / ".config" / "chaos-otel" / "config.toml"
        path.write_text(text)
        return path

    def load(self, **flags: object) -> Loaded:
        values = {"HOME": str(self.home), **self.variables}
        env = Environment.of_block([os.fsencode(f"{k}={v}") for k, v in values.items()])
        return settings_module.load(env, flags, str(self.project))


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def test_the_table_and_the_settings_have_the_same_names() -> None:
    """Every setting of the table is a field, and no field is without its setting but one."""
    assert set(Settings._fields) == {setting.name for setting in SETTINGS} | {"disabled_by"}
    assert len(BY_NAME) == len(SETTINGS)
    assert len(BY_KEY) == sum(1 for setting in SETTINGS if setting.key)


def test_no_variable_or_flag_sets_two_settings() -> None:
    """One word, one meaning."""
    words = [word for setting in SETTINGS for word in (*setting.env, setting.flag) if word]
    assert len(words) == len(set(words))


def test_a_default_reads_as_itself() -> None:
    """Every default is a value that its own kind would give."""
    for setting in SETTINGS:
        if setting.default not in ("", None) and setting.name not in ("tags", "attributes"):
            assert setting.kind.parse(setting.default) == setting.default, setting.name


def test_with_nothing_set_all_is_default(place: Place) -> None:
    """No file, no variable: defaults, no warning, absolute paths."""
    loaded = place.load()
    assert loaded.warnings == []
    assert loaded.warning == ""
    assert {str(origin) for origin in loaded.origins.values()} == {"default"}
    assert loaded.settings.report == f"{place.project}/chaos_report.json"
    assert loaded.settings.state_dir == f"{place.home}/.local/state/chaos-otel"
    assert loaded.settings.enabled
    assert loaded.settings.disabled_by == ""


def test_each_layer_beats_the_one_below(place: Place) -> None:
    """Flag, CHAOS_OTEL_ variable, older and standard variables, project's file, user's file."""
    user = place.user_file('name = "user"\n')
    seen = [str(place.load().origins["name"])]
    place.project_file('\nname = "project"\n')
    seen.append(str(place.load().origins["name"]))
    place.variables["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=resource"
    seen.append(str(place.load().origins["name"]))
    place.variables["OTEL_SERVICE_NAME"] = "standard"
    seen.append(str(place.load().origins["name"]))
    place.variables["CHAOS_OTEL_NAME"] = "ours"
    seen.append(str(place.load().origins["name"]))
    assert place.load().settings.name == "ours"
    loaded = place.load(name="typed")
    seen.append(str(loaded.origins["name"]))
    assert loaded.settings.name == "typed"
    assert seen == [
        f"file {user}:1",
        "file chaos-otel.toml:2",
        "environment OTEL_RESOURCE_ATTRIBUTES service.name",
        "environment OTEL_SERVICE_NAME",
        "environment CHAOS_OTEL_NAME",
        "flag --name",
    ]


def test_the_names_that_scripts_set_already_are_read(place: Place) -> None:
    """TELEMETRY_* of existing scripts, below ours and above the standard ones."""
    place.variables |= {
        "TELEMETRY_ENDPOINT": "https://old/",
        "TELEMETRY_API_KEY": "k",
        "TELEMETRY_BATCH_SIZE": "5",
        "TELEMETRY_FLUSH_INTERVAL": "10",
        "TELEMETRY_RETRY_ATTEMPTS": "2",
        "OTEL_EXPORTER_OTLP_ENDPOINT": "http://otlp/",
    }
    found = place.load().settings
    assert (found.endpoint, found.api_key, found.batch_size) == ("https://old/", "k", 5)
    assert (found.flush_interval_s, found.retry_attempts) == (10.0, 2)
    assert found.otlp_endpoint == "http://otlp/"
    place.variables["CHAOS_OTEL_ENDPOINT"] = "https://new/"
    assert place.load().settings.endpoint == "https://new/"


def test_an_empty_variable_is_unset(place: Place) -> None:
    """As OpenTelemetry specifies it, and as `VAR= cmd` is meant."""
    place.project_file('capture = "pty"')
    place.variables["CHAOS_OTEL_CAPTURE"] = ""
    assert place.load().settings.capture == "pty"


def test_a_bad_variable_gives_the_default_and_one_warning(place: Place) -> None:
    """The run goes on; the line says what was seen, where, and what to write."""
    place.variables["CHAOS_OTEL_OUTPUT_LIMIT"] = "64 parsecs"
    loaded = place.load()
    assert loaded.settings.output_limit_bytes == 65536
    assert str(loaded.origins["output_limit_bytes"]) == "default"
    assert loaded.warning == (
        "CHAOS_OTEL_OUTPUT_LIMIT: '64 parsecs' is not a size; write it like 64KiB, 1MB or 1000"
    )


def test_a_bad_flag_is_wrong_usage(place: Place) -> None:
    """What was typed just now is answered, not replaced."""
    with pytest.raises(UsageError, match=r"--timeout: 'soon' is not a duration; write it like"):
        place.load(timeout_s="soon")


def test_a_flag_that_was_not_given_is_none(place: Place) -> None:
    """None and an empty list leave the lower layers alone; false does not."""
    place.project_file("quiet = true\n[tags]\na = 'file'\n")
    loaded = place.load(quiet=None, tags=())
    assert loaded.settings.quiet
    assert loaded.settings.tags == {"a": "file"}
    assert not place.load(quiet=False).settings.quiet


def test_tags_of_all_layers_are_put_together(place: Place) -> None:
    """Key by key, the stronger layer wins; the origin names every layer that said something."""
    place.user_file("[tags]\na = 'user'\nb = 'user'\nc = 'user'\n")
    place.variables["CHAOS_OTEL_TAGS"] = "b=env,c=env"
    loaded = place.load(tags=("c=flag,with=comma",))
    assert loaded.settings.tags == {"a": "user", "b": "env", "c": "flag,with=comma"}
    assert str(loaded.origins["tags"]).startswith("flag --tag, CHAOS_OTEL_TAGS, /")


def test_resource_attributes_go_where_they_belong(place: Place) -> None:
    """Name, version and environment become settings, the rest stays what it is."""
    place.variables["OTEL_RESOURCE_ATTRIBUTES"] = (
        "service.name=shop,service.version=2,deployment.environment.name=prod,team=a%2Cb%25"
    )
    found = place.load().settings
    assert (found.name, found.script_version, found.environment) == ("shop", "2", "prod")
    assert found.attributes == {"team": "a,b%"}


def test_resource_attributes_that_cannot_be_read_are_left_out(place: Place) -> None:
    """All of them, as OpenTelemetry says, with one warning."""
    place.variables["OTEL_RESOURCE_ATTRIBUTES"] = "service.name=shop,nonsense"
    loaded = place.load()
    assert loaded.settings.name == ""
    assert [problem.place for problem in loaded.warnings] == ["OTEL_RESOURCE_ATTRIBUTES"]


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        *(("TELEMETRY_ENABLED", word) for word in ("false", "0", "no", "OFF", " False ")),
        ("CHAOS_OTEL_ENABLED", "false"),
        ("DO_NOT_TRACK", "1"),
        ("DO_NOT_TRACK", "yes"),
        ("OTEL_SDK_DISABLED", "TRUE"),
    ],
)
def test_an_opt_out_beats_every_flag(place: Place, variable: str, value: str) -> None:
    """It is off, and `disabled_by` says what switched it off."""
    place.variables[variable] = value
    loaded = place.load(enabled=True)
    assert not loaded.settings.enabled
    assert loaded.settings.disabled_by == f"{variable}={value}"
    assert str(loaded.origins["enabled"]) == f"environment {variable}"
    assert loaded.warnings == []


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("DO_NOT_TRACK", "0"),
        ("DO_NOT_TRACK", ""),
        ("OTEL_SDK_DISABLED", "1"),
        ("TELEMETRY_ENABLED", "true"),
    ],
)
def test_what_is_no_opt_out(place: Place, variable: str, value: str) -> None:
    """OTEL_SDK_DISABLED is true or nothing; a no to not tracking is none."""
    place.variables[variable] = value
    assert place.load().settings.enabled


def test_a_project_can_switch_off_but_not_on_again(place: Place) -> None:
    """Who runs the command has the last word on being recorded."""
    place.project_file("enabled = false\n")
    assert place.load().settings.disabled_by == "chaos-otel.toml:1 (enabled = false)"
    place.user_file("enabled = false\n")
    place.project_file("enabled = true\n")
    assert not place.load().settings.enabled


@pytest.mark.parametrize("line", ["state_dir = '/tmp/x'", "consent = true", "retention.age = '1s'"])
def test_what_a_project_may_not_set(place: Place, line: str) -> None:
    """Consent, where state is kept and how long: one warning, no effect."""
    before = place.load().settings
    place.project_file(line)
    loaded = place.load()
    assert [problem.place for problem in loaded.warnings] == ["chaos-otel.toml:1"]
    assert loaded.settings == before
    assert loaded.settings.state_dir.startswith(str(place.home))
    assert loaded.settings.retention_age_s == 14 * 86400


def test_retention_is_the_user_s_to_set(place: Place) -> None:
    """In the user's own file the same key counts."""
    place.user_file("[retention]\nage = '1d'\nsize = '5MB'\n")
    found = place.load()
    assert (found.settings.retention_age_s, found.settings.retention_bytes) == (86400.0, 5_000_000)
    assert str(found.origins["retention_bytes"]).endswith("config.toml:3")


@pytest.mark.parametrize("report", ["/etc/passwd", "../x.json", "link/x.json"])
def test_a_project_s_report_stays_inside_of_it(place: Place, report: str) -> None:
    """Running a command in a strange folder must not write over a file elsewhere."""
    (place.project / "link").symlink_to("/tmp")
    place.project_file(f'report = "{report}"')
    loaded = place.load()
    assert loaded.settings.report == f"{place.project}/chaos_report.json"
    assert "is outside of the project" in loaded.warning


def test_a_project_s_report_may_lie_below_it(place: Place) -> None:
    """A relative path without a way out counts."""
    place.project_file('report = "out/report.json"')
    assert place.load().settings.report == f"{place.project}/out/report.json"
    assert place.load(report="/abs/r.json").settings.report == "/abs/r.json"


def test_an_unknown_key_is_answered_with_the_nearest(place: Place) -> None:
    """With file and line; the flag's spelling is understood as well."""
    place.project_file("# a comment\n\noutput-limt = 5\n[retenton]\nage = '1d'\n")
    assert [str(problem) for problem in place.load().warnings] == [
        "chaos-otel.toml:3: output-limt is no setting; did you mean output_limit?",
        "chaos-otel.toml:5: retenton.age is no setting; did you mean retention.age?",
    ]


def test_several_problems_are_one_line(place: Place) -> None:
    """The first, and how many more there are."""
    place.project_file("nonsense = 1\nquiet = 'maybe'\n")
    assert place.load().warning.endswith("(and 1 more; see chaos-otel config check)")


def test_a_secret_is_never_shown(place: Place) -> None:
    """Not in the value that is shown, not in a warning, not in repr()."""
    place.variables["TELEMETRY_API_KEY"] = "hunter2hunter2"
    loaded = place.load()
    assert "hunter2" not in repr(loaded)
    assert BY_NAME["api_key"].show(loaded.settings.api_key) == "********"
    place.variables.clear()
    place.project_file("api_key = ['hunter2hunter2']")
    assert "hunter2" not in place.load().warning
    assert "api_key" in place.load().warnings[0].key


def test_without_a_home_there_are_still_settings(tmp_path: Path) -> None:
    """No HOME: defaults and no exception; the state folder is empty."""
    loaded = settings_module.load(Environment.of_block([]), {}, str(tmp_path))
    assert loaded.settings.state_dir == ""
    assert loaded.warnings == []


def test_the_help_of_an_option_ends_with_its_default() -> None:
    """Where there is one that can be said."""
    assert option_help("output_limit_bytes").endswith("[default: 64KiB]")
    assert option_help("quiet") == "Print no summary."
    assert option_help("name", "Name of it.") == "Name of it."


def test_the_toml_parser_is_loaded_only_for_a_file(place: Place) -> None:
    """Settings are on the way before the command starts."""
    script = (
        "import sys; from chaos_otel.config.settings import load;"
        "from chaos_otel.config.environment import Environment;"
        "load(Environment.of_process(), {}, sys.argv[1]); print('tomllib' in sys.modules)"
    )
    command = [sys.executable, "-c", script, str(place.project)]
    assert subprocess.check_output(command, text=True) == "False\n"
    place.project_file("quiet = true")
    assert subprocess.check_output(command, text=True) == "True\n"


def test_a_bad_tag_is_shown_as_it_was_typed(place: Place) -> None:
    """Not as Python would write it."""
    with pytest.raises(UsageError, match=r"^--tag: 'region' is not KEY=VALUE"):
        place.load(tags=("region",))
