"""Every name that leaves this program as OpenTelemetry, in one place, each with its source.

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
WORKER_NAME: Final = "cicd.worker.name"
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
ERROR_TYPE_OTHER: Final = "_OTHER"
SERVER_ADDRESS: Final = "server.address"
HOST_NAME: Final = "host.name"
HOST_ARCH: Final = "host.arch"
OS_TYPE: Final = "os.type"
USER_HASH: Final = "user.hash"
DEPLOYMENT_ENVIRONMENT: Final = "deployment.environment.name"
LOG_IOSTREAM: Final = "log.iostream"
VCS_REF_HEAD_NAME: Final = "vcs.ref.head.name"
VCS_REF_HEAD_REVISION: Final = "vcs.ref.head.revision"
VCS_REF_HEAD_TYPE: Final = "vcs.ref.head.type"
VCS_REPOSITORY_URL: Final = "vcs.repository.url.full"
VCS_CHANGE_ID: Final = "vcs.change.id"

# ours
OPERATION_CHANGED: Final = "chaos.operation.changed"
OPERATION_RETRY_ATTEMPTS: Final = "chaos.operation.retry_attempts"
OPERATION_MAX_RETRIES: Final = "chaos.operation.max_retries"
OPERATION_STDOUT: Final = "chaos.operation.stdout"
OPERATION_STDERR: Final = "chaos.operation.stderr"
OPERATION_HOST: Final = "chaos.operation.host"
# how many operations on the same host it stands in; 0: an outermost one, whose duration adds up
OPERATION_DEPTH: Final = "chaos.operation.depth"
# false: a part of an operation, or one that was skipped: in the trace and not in the report
OPERATION_COUNTED: Final = "chaos.operation.counted"
OPERATION_UNFINISHED: Final = "chaos.operation.unfinished"
OPERATION_UNTIMED: Final = "chaos.operation.untimed"
# the CI job around a run: the pipeline names above say the run itself, so these need their own
CI_PROVIDER: Final = "chaos.ci.provider"
CI_PIPELINE_NAME: Final = "chaos.ci.pipeline.name"
CI_PIPELINE_RUN_ID: Final = "chaos.ci.pipeline.run.id"
CI_JOB_NAME: Final = "chaos.ci.job.name"
CI_JOB_ID: Final = "chaos.ci.job.id"
RUN_INTERRUPTED: Final = "chaos.run.interrupted"
RUN_HOOKS: Final = "chaos.run.hooks"
RUN_CPU_USER_S: Final = "chaos.run.cpu_user_s"
RUN_CPU_SYSTEM_S: Final = "chaos.run.cpu_system_s"
RUN_MEMORY_PEAK_BYTES: Final = "chaos.run.memory_peak_bytes"
RUN_IO_READ_BYTES: Final = "chaos.run.io_read_bytes"
RUN_IO_WRITE_BYTES: Final = "chaos.run.io_write_bytes"
RUN_CONTEXT_SWITCHES_VOLUNTARY: Final = "chaos.run.context_switches_voluntary"
RUN_CONTEXT_SWITCHES_INVOLUNTARY: Final = "chaos.run.context_switches_involuntary"
RUN_DISK_USED_BYTES: Final = "chaos.run.disk_used_bytes"
RUN_NETWORK_BYTES: Final = "chaos.run.network_bytes"
RUN_TREE_CPU_S: Final = "chaos.run.tree.cpu_s"
RUN_TREE_MEMORY_PEAK_BYTES: Final = "chaos.run.tree.memory_peak_bytes"
RUN_TREE_PROCESSES_PEAK: Final = "chaos.run.tree.processes_peak"
# said by Ch-aOS, or by the hook in pyinfra that knows the same operations better
CH_AOS_SOURCE: Final = "ch_aos.source"
CH_AOS_OPERATION: Final = "operation"
CH_AOS_DIFF: Final = "ch_aos.diff"
CH_AOS_ARGUMENTS: Final = "ch_aos.operation_arguments"
PYINFRA_HASH: Final = "pyinfra.hash"
# spans of the command's own programs; a name of ours (or one that says "a run", "a task") in them
# gets the prefix, and the trace that such a span was in is kept where that is not the run's
FOREIGN_PREFIX: Final = "foreign."
FOREIGN_TRACE_ID: Final = "chaos.foreign.trace_id"
EVENT_SPAN_ID: Final = "chaos.event.span_id"
EVENT_PREFIX: Final = "chaos.event."
EVENT_MESSAGE: Final = "chaos.event.message"
# how many attributes and events a record had no room for
LEFT_OUT: Final = "chaos.left_out"
# a line that stands for output which was left out; a part of a line that goes on in the next
OUTPUT_CUT_BYTES: Final = "chaos.output.cut_bytes"
OUTPUT_PARTIAL: Final = "chaos.output.partial"
LOSS_PREFIX: Final = "chaos.loss."
METRIC_PREFIX: Final = "chaos.metric."
TAG_PREFIX: Final = "chaos.tag."

LOCAL_HOST: Final = "@local"

# resource of what an installation says of itself
SERVICE_INSTANCE_ID: Final = "service.instance.id"

# labels of metrics
LABEL_SCRIPT: Final = "script.name"
LABEL_ENVIRONMENT: Final = DEPLOYMENT_ENVIRONMENT
LABEL_RESULT: Final = "result"
LABEL_RECORDED_REVISION: Final = "recorded_revision"
LABEL_RECORDED_USER: Final = "recorded_user"
LABEL_WORKING_HOURS: Final = "working_hours"
LABEL_OPERATION: Final = "operation"
LABEL_CHANGED: Final = "changed"
LABEL_DIRECTION: Final = "direction"
LABEL_CHANGE: Final = "change"
LABEL_SOURCE: Final = "source"
LABEL_RECORD: Final = "record"
LABEL_WHERE: Final = "where"
LABEL_REASON: Final = "reason"
LABEL_DESTINATION: Final = "destination"
LABEL_SIGNAL: Final = "signal"
LABEL_OUTCOME: Final = "outcome"
LABEL_PHASE: Final = "phase"
# stands in a label for all that came after the first MAX_SERIES series of a metric
LABEL_REST: Final = "_other"
MAX_SERIES: Final = 500
