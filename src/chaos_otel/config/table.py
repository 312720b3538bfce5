"""Every setting, once: its name, kind, default, and the flag, variables and key that set it.

Knows the words, not how they are looked up. A grep for a variable's name ends here, or in
`table_forwarding` or `table_prometheus`.
"""

from __future__ import annotations

from types import MappingProxyType

from chaos_otel.config import kinds
from chaos_otel.config.setting import Setting
from chaos_otel.config.table_forwarding import FORWARDING
from chaos_otel.config.table_prometheus import PROMETHEUS

DEFAULT_REPORT = "chaos_report.json"


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "enabled",
        kinds.FLAG,
        True,
        "Record runs at all. An opt-out beats every flag.",
        env=("CHAOS_OTEL_ENABLED", "TELEMETRY_ENABLED"),
        key="enabled",
    ),
    Setting(
        "report",
        kinds.PATH,
        DEFAULT_REPORT,
        "Where the report is written.",
        flag="--report",
        env=("CHAOS_OTEL_REPORT",),
        key="report",
    ),
    Setting(
        "write_report",
        kinds.FLAG,
        True,
        "Write a report.",
        flag="--no-report",
        env=("CHAOS_OTEL_WRITE_REPORT",),
        key="write_report",
    ),
    Setting(
        "events",
        kinds.PATH,
        "",
        "Where the run's event document is written; none without it.",
        flag="--events",
        env=("CHAOS_OTEL_EVENTS",),
        key="events",
    ),
    Setting(
        "name",
        kinds.TEXT,
        "",
        "Name of the run; the command's own name if there is none.",
        flag="--name",
        env=("CHAOS_OTEL_NAME", "OTEL_SERVICE_NAME"),
        key="name",
        resource=("service.name",),
    ),
    Setting(
        "script_version",
        kinds.TEXT,
        "",
        "Version of what is run.",
        flag="--script-version",
        env=("CHAOS_OTEL_SCRIPT_VERSION",),
        key="script_version",
        resource=("service.version",),
    ),
    Setting(
        "environment",
        kinds.TEXT,
        "",
        "Where it is deployed to, such as staging.",
        flag="--environment",
        env=("CHAOS_OTEL_ENVIRONMENT",),
        key="environment",
        resource=("deployment.environment.name", "deployment.environment"),
    ),
    Setting(
        "tags",
        kinds.PAIRS,
        MappingProxyType({}),
        "Words of your own on the run; those of every layer are put together.",
        flag="--tag",
        env=("CHAOS_OTEL_TAGS",),
        key="tags",
    ),
    Setting(
        "attributes",
        kinds.ATTRIBUTES,
        MappingProxyType({}),
        "What else OTEL_RESOURCE_ATTRIBUTES says of the run.",
        env=("OTEL_RESOURCE_ATTRIBUTES",),
    ),
    Setting(
        "capture",
        kinds.choice("auto", "pipe", "pty", "none"),
        "auto",
        "How the command's output is seen.",
        flag="--capture",
        env=("CHAOS_OTEL_CAPTURE",),
        key="capture",
    ),
    Setting(
        "split",
        kinds.FLAG,
        False,
        "Keep stdout and stderr apart even where both are one file.",
        flag="--split",
        env=("CHAOS_OTEL_SPLIT",),
        key="split",
    ),
    Setting(
        "output_limit_bytes",
        kinds.SIZE,
        65536,
        "Output kept of each operation, head and tail; 0 keeps all.",
        flag="--output-limit",
        env=("CHAOS_OTEL_OUTPUT_LIMIT",),
        key="output_limit",
    ),
    Setting(
        "timeout_s",
        kinds.LIMIT,
        None,
        "End the command after this long, with status 124; 0 never does.",
        flag="--timeout",
        env=("CHAOS_OTEL_TIMEOUT",),
        key="timeout",
    ),
    Setting(
        "kill_after_s",
        kinds.DURATION,
        10.0,
        "Time between TERM and KILL at a timeout.",
        flag="--kill-after",
        env=("CHAOS_OTEL_KILL_AFTER",),
        key="kill_after",
    ),
    Setting(
        "inject",
        kinds.FLAG,
        True,
        "Give the command the variables that the shell library and hooks need.",
        flag="--no-inject",
        env=("CHAOS_OTEL_INJECT",),
        key="inject",
    ),
    Setting(
        "otlp_receiver",
        kinds.FLAG,
        False,
        "Take in what the command's own programs send by OpenTelemetry.",
        flag="--otlp-receiver",
        env=("CHAOS_OTEL_OTLP_RECEIVER",),
        key="otlp_receiver",
    ),
    Setting(
        "quiet",
        kinds.FLAG,
        False,
        "Print no summary.",
        flag="--quiet",
        env=("CHAOS_OTEL_QUIET",),
        key="quiet",
    ),
    Setting(
        "wait",
        kinds.FLAG,
        True,
        "Wait for the report after the command has ended.",
        flag="--no-wait",
        env=("CHAOS_OTEL_WAIT",),
        key="wait",
    ),
    Setting(
        "redact_value_from",
        kinds.NAMES,
        (),
        "Variables whose values are taken out of all that is kept.",
        flag="--redact-value-from",
        env=("CHAOS_OTEL_REDACT_VALUE_FROM",),
        key="redact_value_from",
    ),
    Setting(
        "retention_age_s",
        kinds.DURATION,
        14 * 86400.0,
        "How long journals are kept once they are delivered.",
        env=("CHAOS_OTEL_RETENTION_AGE",),
        key="retention.age",
        project=False,
    ),
    Setting(
        "retention_bytes",
        kinds.SIZE,
        10**9,
        "How much all journals together may take.",
        env=("CHAOS_OTEL_RETENTION_SIZE",),
        key="retention.size",
        project=False,
    ),
    Setting(
        "state_dir",
        kinds.PATH,
        "",
        "Folder of the journals.",
        env=("CHAOS_OTEL_STATE_DIR",),
    ),
    *FORWARDING,
    *PROMETHEUS,
)

# no file may say these: whoever writes a project's file would decide for whoever runs it
REFUSED_KEYS = {
    "state_dir": "set CHAOS_OTEL_STATE_DIR",
    "consent": "consent is given by a person, not by a file: take it out, chaos-otel consent grant",
    "destinations": "a project sends nothing anywhere: put it into your own config.toml",
}

# what a file may hold besides settings, at the top: whoever reads such a table checks what is in it
TABLES = ("destinations", "consent")

BY_NAME = {setting.name: setting for setting in SETTINGS}
BY_KEY = {setting.key: setting for setting in SETTINGS if setting.key}


def option_help(name: str, text: str = "") -> str:
    """The help of a setting's option, with its default at the end where it has one."""
    setting = BY_NAME[name]
    default = setting.show(setting.default)
    if isinstance(setting.default, bool) or not default:
        return text or setting.help
    return f"{text or setting.help}  [default: {default}]"
