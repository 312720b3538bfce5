"""Every name that leaves this program as OpenTelemetry, in one place, each with where it comes from.

Pinned to semantic conventions 1.44.0. Names under `chaos.` are ours.
"""

from __future__ import annotations

from typing import Final

SCHEMA_URL: Final = "https://opentelemetry.io/schemas/1.44.0"
SCOPE_NAME: Final = "chaos_otel"

# registry/attributes/service
SERVICE_NAME: Final = "service.name"
SERVICE_VERSION: Final = "service.version"

# registry/attributes/cicd
PIPELINE_NAME: Final = "cicd.pipeline.name"
PIPELINE_RUN_ID: Final = "cicd.pipeline.run.id"
PIPELINE_RUN_URL: Final = "cicd.pipeline.run.url.full"
PIPELINE_RESULT: Final = "cicd.pipeline.result"
TASK_NAME: Final = "cicd.pipeline.task.name"
TASK_RUN_ID: Final = "cicd.pipeline.task.run.id"
TASK_RUN_RESULT: Final = "cicd.pipeline.task.run.result"
RESULT_SUCCESS: Final = "success"
RESULT_FAILURE: Final = "failure"
RESULT_TIMEOUT: Final = "timeout"
RESULT_CANCELLATION: Final = "cancellation"

# registry/attributes/process
PROCESS_EXECUTABLE_NAME: Final = "process.executable.name"
PROCESS_PID: Final = "process.pid"
PROCESS_EXIT_CODE: Final = "process.exit.code"
PROCESS_COMMAND_ARGS: Final = "process.command_args"
PROCESS_WORKING_DIRECTORY: Final = "process.working_directory"

# registry/attributes/error, server, host, user, deployment, log, vcs
ERROR_TYPE: Final = "error.type"
SERVER_ADDRESS: Final = "server.address"
HOST_NAME: Final = "host.name"
HOST_ARCH: Final = "host.arch"
OS_TYPE: Final = "os.type"
USER_HASH: Final = "user.hash"
DEPLOYMENT_ENVIRONMENT: Final = "deployment.environment.name"
LOG_IOSTREAM: Final = "log.iostream"
VCS_REF_HEAD_NAME: Final = "vcs.ref.head.name"
VCS_REF_HEAD_REVISION: Final = "vcs.ref.head.revision"
VCS_REPOSITORY_URL: Final = "vcs.repository.url.full"

# ours
OPERATION_CHANGED: Final = "chaos.operation.changed"
OPERATION_RETRY_ATTEMPTS: Final = "chaos.operation.retry_attempts"
OPERATION_MAX_RETRIES: Final = "chaos.operation.max_retries"
OPERATION_STDOUT: Final = "chaos.operation.stdout"
OPERATION_STDERR: Final = "chaos.operation.stderr"
OPERATION_HOST: Final = "chaos.operation.host"
OPERATION_DEPTH: Final = "chaos.operation.depth"
OPERATION_UNFINISHED: Final = "chaos.operation.unfinished"
OPERATION_UNTIMED: Final = "chaos.operation.untimed"
RUN_INTERRUPTED: Final = "chaos.run.interrupted"
TAG_PREFIX: Final = "chaos.tag."

LOCAL_HOST: Final = "@local"
