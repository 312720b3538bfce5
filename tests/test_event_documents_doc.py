"""docs/event-documents.md says what the code does."""

from __future__ import annotations

import json
import re
from pathlib import Path

from tests.exporters.test_event_document import SCHEMA

from chaos_otel.exporters import event_document_layout as layout
from chaos_otel.exporters.event_document import KEPT_OF_TYPE
from chaos_otel.pipeline.events_file import EVENTS_NAME

TEXT = (Path(__file__).parent.parent / "docs" / "event-documents.md").read_text()


def test_the_example_is_a_document() -> None:
    """And has each key in its order."""
    (example,) = re.findall(r"^```json\n(.*?)^```$", TEXT, re.MULTILINE | re.DOTALL)
    document = json.loads(example)
    layout.validate(document)
    assert list(document) == SCHEMA["required"]


def test_every_key_is_explained() -> None:
    """A row for each."""
    for key in SCHEMA["required"]:
        assert re.search(rf"^\|.*`{key}`.*\|", TEXT, re.MULTILINE), key


def test_the_limits_are_the_codes() -> None:
    """And the name of the file that lies beside a journal."""
    flat = " ".join(TEXT.split())
    assert f"at most {layout.MESSAGE_CHARACTERS_MAX:,} characters" in flat
    assert f"a name {layout.NAME_CHARACTERS_MAX}," in flat
    assert f"at most {KEPT_OF_TYPE} events of a type" in flat
    assert f"{layout.ERRORS_MAX} errors" in flat
    assert f"{layout.METRICS_MAX:,} metrics and {layout.TAGS_MAX} tags" in flat
    assert f"`{EVENTS_NAME}`" in flat
