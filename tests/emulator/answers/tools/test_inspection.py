"""Media with agentic processing are looked at on the server."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.tools.inspection import inspections
from tests.emulator.answers.asking import asked, unknown_to_sdk


@pytest.mark.parametrize("kind", ["video", "audio", "document"])
@pytest.mark.parametrize("wanted", ["agentic", {"type": "agentic"}])
def test_agentic_media_leave_a_call_and_its_result(kind: str, wanted: Any) -> None:
    steps = inspections(asked([{"type": kind, "uri": "files/a", "processing": wanted}])).steps

    assert [step["type"] for step in steps] == ["processing_call", "processing_result"]
    assert steps[0]["id"] == steps[1]["call_id"]
    assert unknown_to_sdk(steps) == []


@pytest.mark.parametrize("wanted", [None, "static", {"type": "static", "fps": 1}])
def test_other_media_leave_nothing(wanted: Any) -> None:
    given = [{"type": "video", "uri": "files/a", "processing": wanted}]

    assert inspections(asked(given)).steps == []
    assert inspections(asked("emulate: processing")).steps
