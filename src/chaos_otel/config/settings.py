"""Every setting's value and where it came from: flags beat environment beat files beat defaults.

Quick to import and to run; reads the settings files and nothing else, writes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from chaos_otel.config import kinds
from chaos_otel.config.environment import Environment
from chaos_otel.config.files import SettingsFile, read_files
from chaos_otel.config.folders import state_folder
from chaos_otel.config.opt_out import opt_out
from chaos_otel.config.problem import Problem, what_and_remedy
from chaos_otel.config.setting import Setting
from chaos_otel.config.table import BY_KEY, BY_NAME, REFUSED_KEYS, SETTINGS, TABLES
from chaos_otel.errors import StateError, UsageError

RESOURCE_VARIABLE = "OTEL_RESOURCE_ATTRIBUTES"
DEFAULT = "default"


class Settings(NamedTuple):
    """What holds for this call. Seconds, bytes; `report` and `state_dir` are absolute paths.

    `disabled_by` says what switched recording off, as the user wrote it; empty while `enabled`.
    `timeout_s` None: none. `output_limit_bytes` 0: all is kept. `state_dir` is empty where there
    is no home; `textfile` and `events` are absolute, or empty. A named tuple because its class is
    made in a fifth of a dataclass's time.
    """

    enabled: bool
    disabled_by: str
    report: str
    write_report: bool
    events: str
    name: str
    script_version: str
    environment: str
    tags: Mapping[str, str]
    attributes: Mapping[str, str]
    capture: str
    split: bool
    output_limit_bytes: int
    timeout_s: float | None
    kill_after_s: float
    inject: bool
    otlp_receiver: bool
    quiet: bool
    wait: bool
    redact_value_from: tuple[str, ...]
    retention_age_s: float
    retention_bytes: int
    state_dir: str
    otlp: tuple[str, ...]
    endpoint: str
    api_key: str
    otlp_endpoint: str
    otlp_protocol: str
    insecure: bool
    export_wait_s: float
    batch_size: int
    flush_interval_s: float
    retry_attempts: int
    rate_limit_requests: int
    rate_limit_bytes: int
    outbox_bytes: int
    outbox_age_s: float
    textfile: str
    prometheus_port: int
    scrape_interval_s: float
    listen: str
    pushgateway: str

    def __repr__(self) -> str:
        """Without the secrets: this may end in a log."""
        shown = (f"{one.name}={one.show(getattr(self, one.name))}" for one in SETTINGS)
        return f"Settings({', '.join(shown)})"


class Origin(NamedTuple):
    """Where a value came from: the layer, and the flag, variable or `FILE:LINE` in it."""

    layer: str
    source: str = ""

    def __str__(self) -> str:
        return f"{self.layer} {self.source}".strip()


class Loaded(NamedTuple):
    """The settings, where each came from, and what was wrong, each thing with its remedy. `files`
    are those that were read, the strongest first."""

    settings: Settings
    origins: dict[str, Origin]
    warnings: list[Problem]
    files: tuple[SettingsFile, ...] = ()

    @property
    def warning(self) -> str:
        """All that was wrong in one line; empty if nothing was."""
        if not self.warnings:
            return ""
        others = len(self.warnings) - 1
        more = f" (and {others} more; see chaos-otel config check)" if others else ""
        return f"{self.warnings[0]}{more}"


class _Candidate(NamedTuple):
    value: Any
    origin: Origin
    project: bool = False


def load(env: Environment, flags: Mapping[str, object], cwd: str) -> Loaded:
    """Look every setting up. `flags` by the setting's name, as typed or as values; None: not given.

    A bad value in a variable or a file gives the setting's default and a warning; in a flag it is a
    UsageError. Raises nothing else.
    """
    variables = env.mapping()
    files, problems = read_files(env, cwd)
    problems += [problem for file in files for problem in _refused(file)]
    resource = _resource(variables, problems)
    values: dict[str, Any] = {}
    origins: dict[str, Origin] = {}
    for setting in SETTINGS:
        found = _candidates(
            setting, flags=flags, variables=variables, resource=resource, files=files
        )
        if setting.kind is kinds.PAIRS:
            value, origin = _together(setting, list(found), problems)
        else:
            value, origin = _first(setting, next(found, None), cwd=cwd, problems=problems)
        values[setting.name], origins[setting.name] = value, origin
    _finish(values, origins, env=env, variables=variables, cwd=cwd)
    return Loaded(Settings(**values), origins, problems, tuple(files))


def _candidates(
    setting: Setting,
    *,
    flags: Mapping[str, object],
    variables: Mapping[str, str],
    resource: Mapping[str, str],
    files: list[SettingsFile],
) -> Iterator[_Candidate]:
    """All values that somebody gave to a setting, the strongest first."""
    flag = flags.get(setting.name)
    if flag is not None and flag != ():
        yield _Candidate(flag, Origin("flag", setting.flag))
    if setting.name == "attributes":
        if resource:
            yield _Candidate(_unnamed(resource), Origin("environment", RESOURCE_VARIABLE))
        return
    for variable in setting.env:
        if variables.get(variable, "").strip():  # an empty variable counts as unset
            yield _Candidate(variables[variable], Origin("environment", variable))
    for key in setting.resource:
        if key in resource:
            yield _Candidate(resource[key], Origin("environment", f"{RESOURCE_VARIABLE} {key}"))
    for file in files:
        if setting.key in file.values and (setting.project or not file.project):
            # a project may switch recording off; only who runs it may switch it on again
            if setting.name == "enabled" and file.project and file.values["enabled"] is True:
                continue
            origin = Origin("file", file.place(setting.key))
            yield _Candidate(file.values[setting.key], origin, file.project)


def _first(
    setting: Setting, found: _Candidate | None, *, cwd: str, problems: list[Problem]
) -> tuple[Any, Origin]:
    if found is None:
        return setting.default, Origin(DEFAULT)
    try:
        value = setting.kind.parse(found.value)
        if found.project and setting.kind is kinds.PATH:
            _stay_inside(str(value), cwd)
    except ValueError as error:
        problems.append(_bad_value(setting, found, error))
        return setting.default, Origin(DEFAULT)
    return value, found.origin


def _together(
    setting: Setting, found: list[_Candidate], problems: list[Problem]
) -> tuple[dict[str, str], Origin]:
    pairs: dict[str, str] = {}
    used: list[Origin] = []
    for candidate in reversed(found):
        try:
            more = setting.kind.parse(candidate.value)
        except ValueError as error:
            problems.append(_bad_value(setting, candidate, error))
            continue
        assert isinstance(more, dict)
        pairs.update(more)
        used.insert(0, candidate.origin)
    if not used:
        return {}, Origin(DEFAULT)
    return pairs, Origin(used[0].layer, ", ".join(origin.source for origin in used))


def _finish(
    values: dict[str, Any],
    origins: dict[str, Origin],
    *,
    env: Environment,
    variables: Mapping[str, str],
    cwd: str,
) -> None:
    """What depends on more than one word: the opt-outs, and paths that are made absolute."""
    values["disabled_by"] = ""
    if out := opt_out(variables):
        values["enabled"], origins["enabled"] = False, Origin("environment", out.partition("=")[0])
        values["disabled_by"] = out
    elif not values["enabled"]:
        values["disabled_by"] = f"{origins['enabled'].source} (enabled = false)"
    values["report"] = os.path.join(cwd, values["report"])
    values["events"] = os.path.join(cwd, values["events"]) if values["events"] else ""
    if values["textfile"]:
        values["textfile"] = os.path.join(cwd, values["textfile"])
    try:
        values["state_dir"] = state_folder(env)
    except StateError:
        values["state_dir"] = ""


def _resource(variables: Mapping[str, str], problems: list[Problem]) -> dict[str, str]:
    text = variables.get(RESOURCE_VARIABLE, "")
    try:
        return kinds.parse_attributes(text)
    except ValueError as error:
        problems.append(Problem(RESOURCE_VARIABLE, *_words(text, error), key="attributes"))
        return {}


def _unnamed(resource: Mapping[str, str]) -> list[str]:
    """What no setting of its own takes, in the form that the setting `attributes` reads."""
    named = {key for setting in SETTINGS for key in setting.resource}
    return [
        f"{key}={value}".replace("%", "%25") for key, value in resource.items() if key not in named
    ]


def _refused(file: SettingsFile) -> Iterator[Problem]:
    for key in file.values:
        place = file.place(key)
        setting = BY_KEY.get(key)
        if key in TABLES and (file.system or (key == "destinations" and not file.project)):
            continue  # whoever reads it says what is wrong in it
        if setting is None:
            remedy = REFUSED_KEYS.get(key) or _nearest(key)
            what = "cannot stand in a file" if key in REFUSED_KEYS else "is no setting"
            yield Problem(place, f"{key} {what}", remedy, key)
        elif file.project and not setting.project:
            yield Problem(place, f"{key} is not for a project to set", "take it out", key)


def _nearest(key: str) -> str:
    import difflib

    close = difflib.get_close_matches(key.replace("-", "_"), [*BY_KEY, *BY_NAME], n=1, cutoff=0.5)
    if not close:
        return "see chaos-otel config show"
    return f"did you mean {close[0] if close[0] in BY_KEY else BY_NAME[close[0]].key}?"


def _stay_inside(path: str, cwd: str) -> None:
    """A project's file must not name a file of the user's elsewhere to be written over."""
    here = os.path.realpath(cwd)
    folder = os.path.realpath(os.path.dirname(os.path.join(here, path)))
    if os.path.isabs(path) or os.path.commonpath((here, folder)) != here:
        raise ValueError("is outside of the project: name a path below it")


def _bad_value(setting: Setting, found: _Candidate, error: ValueError) -> Problem:
    seen = "********" if setting.secret else found.value
    message, remedy = _words(seen, error)
    if found.origin.layer == "flag":
        raise UsageError(f"{found.origin.source}: {message}", hint=remedy)
    return Problem(found.origin.source, message, remedy, setting.key or setting.name)


def _words(seen: object, error: ValueError) -> tuple[str, str]:
    what, remedy = what_and_remedy(error)
    if isinstance(seen, tuple):  # an option that may be repeated
        seen = ",".join(map(str, seen))
    text = seen if isinstance(seen, str) else repr(seen)
    return f"{text!r} {what}" if isinstance(seen, str) else f"{text} {what}", remedy
