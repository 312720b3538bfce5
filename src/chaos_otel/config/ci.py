"""Which CI system runs us, and the ids it gave to this job: one table, one row a provider.

Only ids, names of jobs and addresses: nothing about persons, no tokens.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import NamedTuple

from chaos_otel import semconv
from chaos_otel.config.environment import Environment
from chaos_otel.config.repository_url import repository_url

_REPOSITORY = semconv.VCS_REPOSITORY_URL
_NO = frozenset(("", "false"))  # a pull request's number is "false" where there is none


class _Provider(NamedTuple):
    """`variable` tells that it is this one (`value`, or any), `fields` where the attributes are.

    A field is a variable's name, or a text with names in braces.
    """

    name: str
    variable: str
    value: str
    run_id: str
    url: str
    pipeline: str
    job_name: str
    job_id: str
    revision: str
    branch: str
    repository: str
    change: str = ""
    worker: str = ""

    def fields(self) -> dict[str, str]:
        """Attribute → where its value is."""
        return {
            semconv.CI_PIPELINE_RUN_ID: self.run_id,
            semconv.PIPELINE_RUN_URL: self.url,
            semconv.CI_PIPELINE_NAME: self.pipeline,
            semconv.CI_JOB_NAME: self.job_name,
            semconv.CI_JOB_ID: self.job_id,
            semconv.VCS_REF_HEAD_REVISION: self.revision,
            semconv.VCS_REF_HEAD_NAME: self.branch,
            _REPOSITORY: self.repository,
            semconv.VCS_CHANGE_ID: self.change,
            semconv.WORKER_NAME: self.worker,
        }


_GITHUB = _Provider(
    name="github_actions",
    variable="GITHUB_ACTIONS",
    value="true",
    run_id="GITHUB_RUN_ID",
    url="{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}/actions/runs/{GITHUB_RUN_ID}",
    pipeline="GITHUB_WORKFLOW",
    job_name="GITHUB_JOB",
    job_id="",
    revision="GITHUB_SHA",
    branch="GITHUB_REF_NAME",
    repository="{GITHUB_SERVER_URL}/{GITHUB_REPOSITORY}",
    worker="RUNNER_NAME",
)

# the first that fits; Gitea and Forgejo set GitHub's variables too
_PROVIDERS = (
    _GITHUB._replace(name="forgejo_actions", variable="FORGEJO_ACTIONS"),
    _GITHUB._replace(name="gitea_actions", variable="GITEA_ACTIONS"),
    _GITHUB,
    _Provider(
        name="gitlab",
        variable="GITLAB_CI",
        value="",
        run_id="CI_PIPELINE_ID",
        url="CI_PIPELINE_URL",
        pipeline="CI_PROJECT_PATH",
        job_name="CI_JOB_NAME",
        job_id="CI_JOB_ID",
        revision="CI_COMMIT_SHA",
        branch="CI_COMMIT_REF_NAME",
        repository="CI_PROJECT_URL",
        change="CI_MERGE_REQUEST_IID",
        worker="CI_RUNNER_ID",
    ),
    _Provider(
        name="buildkite",
        variable="BUILDKITE",
        value="true",
        run_id="BUILDKITE_BUILD_ID",
        url="BUILDKITE_BUILD_URL",
        pipeline="BUILDKITE_PIPELINE_SLUG",
        job_name="BUILDKITE_LABEL",
        job_id="BUILDKITE_JOB_ID",
        revision="BUILDKITE_COMMIT",
        branch="BUILDKITE_BRANCH",
        repository="BUILDKITE_REPO",
        change="BUILDKITE_PULL_REQUEST",
        worker="BUILDKITE_AGENT_NAME",
    ),
    _Provider(
        name="circleci",
        variable="CIRCLECI",
        value="true",
        run_id="CIRCLE_WORKFLOW_ID",
        url="CIRCLE_BUILD_URL",
        pipeline="CIRCLE_PROJECT_REPONAME",
        job_name="CIRCLE_JOB",
        job_id="CIRCLE_BUILD_NUM",
        revision="CIRCLE_SHA1",
        branch="CIRCLE_BRANCH",
        repository="CIRCLE_REPOSITORY_URL",
        change="CIRCLE_PR_NUMBER",
    ),
    _Provider(
        name="azure_pipelines",
        variable="TF_BUILD",
        value="true",
        run_id="BUILD_BUILDID",
        url="{SYSTEM_TEAMFOUNDATIONCOLLECTIONURI}{SYSTEM_TEAMPROJECT}"
        "/_build/results?buildId={BUILD_BUILDID}",
        pipeline="BUILD_DEFINITIONNAME",
        job_name="AGENT_JOBNAME",
        job_id="SYSTEM_JOBID",
        revision="BUILD_SOURCEVERSION",
        branch="BUILD_SOURCEBRANCHNAME",
        repository="BUILD_REPOSITORY_URI",
        change="SYSTEM_PULLREQUEST_PULLREQUESTID",
        worker="AGENT_NAME",
    ),
    _Provider(
        name="travis",
        variable="TRAVIS",
        value="true",
        run_id="TRAVIS_BUILD_ID",
        url="TRAVIS_BUILD_WEB_URL",
        pipeline="TRAVIS_REPO_SLUG",
        job_name="TRAVIS_JOB_NAME",
        job_id="TRAVIS_JOB_ID",
        revision="TRAVIS_COMMIT",
        branch="TRAVIS_BRANCH",
        repository="",
        change="TRAVIS_PULL_REQUEST",
    ),
    _Provider(
        name="bitbucket",
        variable="BITBUCKET_BUILD_NUMBER",
        value="",
        run_id="BITBUCKET_BUILD_NUMBER",
        url="{BITBUCKET_GIT_HTTP_ORIGIN}/pipelines/results/{BITBUCKET_BUILD_NUMBER}",
        pipeline="BITBUCKET_REPO_FULL_NAME",
        job_name="",
        job_id="BITBUCKET_STEP_UUID",
        revision="BITBUCKET_COMMIT",
        branch="BITBUCKET_BRANCH",
        repository="BITBUCKET_GIT_HTTP_ORIGIN",
        change="BITBUCKET_PR_ID",
    ),
    _Provider(
        name="teamcity",
        variable="TEAMCITY_VERSION",
        value="",
        run_id="BUILD_NUMBER",
        url="BUILD_URL",
        pipeline="TEAMCITY_PROJECT_NAME",
        job_name="TEAMCITY_BUILDCONF_NAME",
        job_id="",
        revision="BUILD_VCS_NUMBER",
        branch="",
        repository="",
    ),
    _Provider(
        name="woodpecker",
        variable="CI",
        value="woodpecker",
        run_id="CI_PIPELINE_NUMBER",
        url="CI_PIPELINE_URL",
        pipeline="CI_REPO",
        job_name="CI_STEP_NAME",
        job_id="CI_STEP_NUMBER",
        revision="CI_COMMIT_SHA",
        branch="CI_COMMIT_BRANCH",
        repository="CI_REPO_URL",
        change="CI_COMMIT_PULL_REQUEST",
    ),
    _Provider(
        name="drone",
        variable="DRONE",
        value="true",
        run_id="DRONE_BUILD_NUMBER",
        url="DRONE_BUILD_LINK",
        pipeline="DRONE_REPO",
        job_name="DRONE_STEP_NAME",
        job_id="DRONE_STEP_NUMBER",
        revision="DRONE_COMMIT_SHA",
        branch="DRONE_COMMIT_BRANCH",
        repository="DRONE_GIT_HTTP_URL",
        change="DRONE_PULL_REQUEST",
    ),
    # last: other systems start Jenkins agents, and a shell of Jenkins may start another system
    _Provider(
        name="jenkins",
        variable="JENKINS_URL",
        value="",
        run_id="BUILD_ID",
        url="BUILD_URL",
        pipeline="JOB_NAME",
        job_name="STAGE_NAME",
        job_id="",
        revision="GIT_COMMIT",
        branch="GIT_BRANCH",
        repository="GIT_URL",
        change="CHANGE_ID",
        worker="NODE_NAME",
    ),
)


def ci_attributes(env: Environment) -> dict[str, str]:
    """What the CI system says of this job, by attribute; empty outside of a known one."""
    variables = env.mapping()
    for provider in _PROVIDERS:
        word = variables.get(provider.variable, "")
        if word and (not provider.value or word.lower() == provider.value):
            return {semconv.CI_PROVIDER: provider.name, **_known(provider, variables)}
    return {}


def _known(provider: _Provider, variables: Mapping[str, str]) -> dict[str, str]:
    found = {name: _fill(field, variables) for name, field in provider.fields().items()}
    found[_REPOSITORY] = repository_url(found[_REPOSITORY])
    found[semconv.PIPELINE_RUN_URL] = _without_user(found[semconv.PIPELINE_RUN_URL])
    return {name: value for name, value in found.items() if value not in _NO}


def _fill(field: str, variables: Mapping[str, str]) -> str:
    """The value of a field; empty as soon as one of its variables is."""
    names = re.findall(r"\{(\w+)\}", field)
    if not names:
        return variables.get(field, "")
    if not all(variables.get(name) for name in names):
        return ""
    return re.sub(r"\{(\w+)\}", lambda match: variables[match[1]], field)


def _without_user(url: str) -> str:
    return re.sub(r"^(\w+://)[^/]*@", r"\1", url)
