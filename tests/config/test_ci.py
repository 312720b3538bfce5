"""The ids that CI systems give to a job."""

from __future__ import annotations

import pytest

from chaos_otel import semconv
from chaos_otel.config.ci import ci_attributes
from chaos_otel.config.environment import Environment


def _attributes(**variables: str) -> dict[str, str]:
    return ci_attributes(Environment.of_block([f"{k}={v}".encode() for k, v in variables.items()]))


GITHUB = {
    "CI": "true",
    "GITHUB_ACTIONS": "true",
    "GITHUB_RUN_ID": "17",
    "GITHUB_SERVER_URL": "https://github.com",
    "GITHUB_REPOSITORY": "o/r",
    "GITHUB_WORKFLOW": "deploy",
    "GITHUB_JOB": "ship",
    "GITHUB_SHA": "a" * 40,
    "GITHUB_REF_NAME": "main",
    "GITHUB_ACTOR": "somebody",
    "GITHUB_TOKEN": "ghs_secretsecret",
    "RUNNER_NAME": "runner 1",
}


def test_outside_of_ci_there_is_nothing() -> None:
    """CI=true alone says no ids."""
    assert _attributes() == {}
    assert _attributes(CI="true") == {}


def test_a_github_job() -> None:
    """Ids and addresses; not the actor, not the token."""
    assert _attributes(**GITHUB) == {
        semconv.CI_PROVIDER: "github_actions",
        semconv.CI_PIPELINE_RUN_ID: "17",
        semconv.PIPELINE_RUN_URL: "https://github.com/o/r/actions/runs/17",
        semconv.CI_PIPELINE_NAME: "deploy",
        semconv.CI_JOB_NAME: "ship",
        semconv.VCS_REF_HEAD_REVISION: "a" * 40,
        semconv.VCS_REF_HEAD_NAME: "main",
        semconv.VCS_REPOSITORY_URL: "https://github.com/o/r",
        semconv.WORKER_NAME: "runner 1",
    }


@pytest.mark.parametrize(
    ("variable", "value", "provider"),
    [
        ("FORGEJO_ACTIONS", "true", "forgejo_actions"),
        ("GITEA_ACTIONS", "true", "gitea_actions"),
    ],
)
def test_who_sets_the_variables_of_another_is_told_apart(
    variable: str, value: str, provider: str
) -> None:
    """Gitea and Forgejo run GitHub's actions with GitHub's variables."""
    found = _attributes(**GITHUB, **{variable: value})
    assert found[semconv.CI_PROVIDER] == provider


@pytest.mark.parametrize(
    ("provider", "variables"),
    [
        ("gitlab", {"GITLAB_CI": "true", "CI_PIPELINE_ID": "9"}),
        ("buildkite", {"BUILDKITE": "true", "BUILDKITE_BUILD_ID": "9"}),
        ("circleci", {"CIRCLECI": "true", "CIRCLE_WORKFLOW_ID": "9"}),
        ("azure_pipelines", {"TF_BUILD": "True", "BUILD_BUILDID": "9"}),
        ("travis", {"TRAVIS": "true", "TRAVIS_BUILD_ID": "9"}),
        ("bitbucket", {"BITBUCKET_BUILD_NUMBER": "9"}),
        ("teamcity", {"TEAMCITY_VERSION": "2024", "BUILD_NUMBER": "9"}),
        ("woodpecker", {"CI": "woodpecker", "CI_PIPELINE_NUMBER": "9"}),
        ("drone", {"DRONE": "true", "DRONE_BUILD_NUMBER": "9"}),
        ("jenkins", {"JENKINS_URL": "https://ci/", "BUILD_ID": "9"}),
    ],
)
def test_every_provider_is_known_by_its_variable(provider: str, variables: dict[str, str]) -> None:
    """With the id of its run; what it did not set is left out."""
    assert _attributes(**variables) == {
        semconv.CI_PROVIDER: provider,
        semconv.CI_PIPELINE_RUN_ID: "9",
    }


def test_credentials_in_addresses_are_left_out() -> None:
    """Jenkins and GitLab put user and token into clone addresses."""
    found = _attributes(
        JENKINS_URL="x", GIT_URL="https://u:tok@h/r.git", BUILD_URL="https://u:t@k@ci/job/1"
    )
    assert found[semconv.VCS_REPOSITORY_URL] == "https://h/r"
    assert found[semconv.PIPELINE_RUN_URL] == "https://ci/job/1"


def test_no_pull_request_is_no_change() -> None:
    """Buildkite and Travis say "false" where there is none."""
    found = _attributes(BUILDKITE="true", BUILDKITE_PULL_REQUEST="false")
    assert semconv.VCS_CHANGE_ID not in found
    found = _attributes(BUILDKITE="true", BUILDKITE_PULL_REQUEST="12")
    assert found[semconv.VCS_CHANGE_ID] == "12"


def test_half_an_address_is_none() -> None:
    """One part of the address missing: there is no address."""
    assert semconv.PIPELINE_RUN_URL not in _attributes(GITHUB_ACTIONS="true", GITHUB_RUN_ID="1")
