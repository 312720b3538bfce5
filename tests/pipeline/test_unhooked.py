"""Which processes are tools that we have a hook for."""

from __future__ import annotations

import pytest

from chaos_otel.pipeline.unhooked import tool_of, unhooked


@pytest.mark.parametrize(
    "line",
    [
        "pyinfra @local deploy.py",
        "/venv/bin/pyinfra",
        "/venv/bin/python3.12 /venv/bin/pyinfra @local deploy.py",
        "python -I -m pyinfra @local",
        "python -mpyinfra",
        "python -X dev -W ignore -u -m pyinfra.x",
    ],
)
def test_a_tool_is_known_by_its_program(line: str) -> None:
    """Called by its name, as a script or as a module."""
    assert tool_of(line.split()) == "pyinfra"


@pytest.mark.parametrize(
    "line",
    [
        "",
        "vim pyinfra",
        "python setup.py pyinfra",
        "python -c pyinfra",
        "grep -r pyinfra .",
        "python",
    ],
)
def test_a_word_is_no_tool(line: str) -> None:
    """Its name among the arguments of another program means nothing."""
    assert tool_of(line.split()) == ""


def test_ansible_is_known_too() -> None:
    """Its playbook command: only that one takes callbacks of its own accord."""
    assert tool_of(["python3", "/venv/bin/ansible-playbook", "site.yml"]) == "ansible-playbook"
    assert tool_of(["ansible", "all", "-m", "ping"]) == ""


def test_a_line_for_each_tool_that_did_not_report() -> None:
    """With the remedy; none for those whose hook did, none for what is no tool."""
    (line,) = unhooked(["", "pyinfra", "pyinfra"], {})
    assert "pyinfra-hook" in line
    assert unhooked(["", "pyinfra"], {"pyinfra": None}) == []
