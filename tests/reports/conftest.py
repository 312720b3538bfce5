"""A report to spoil."""

from __future__ import annotations

import copy
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from chaos_otel.reports.json_text import JsonText

_DOCUMENT = Path(__file__).parents[2] / "docs" / "report-format.md"
Document = dict[str, Any]
Opener = Callable[[str | bytes | Document], JsonText]


@pytest.fixture
def document() -> Document:
    """The documented report."""
    page = _DOCUMENT.read_text()
    example: Document = json.loads(page.partition("```json\n")[2].partition("```")[0])
    return copy.deepcopy(example)


@pytest.fixture
def opened() -> Iterator[Opener]:
    """Opens a text, bytes or a document as a report."""
    fds = []

    def open_(content: str | bytes | Document) -> JsonText:
        if isinstance(content, dict):
            content = json.dumps(content, indent=4)
        data = content.encode("utf-8") if isinstance(content, str) else content
        fd = os.memfd_create("report")
        fds.append(fd)
        for start in range(0, len(data), 1 << 20):
            os.write(fd, data[start : start + (1 << 20)])
        os.lseek(fd, 0, os.SEEK_SET)
        return JsonText(fd, "report.json")

    yield open_
    for fd in fds:
        os.close(fd)
