"""Which answers are blocked or fail, and what lets them pass."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.model.refused import passes, refusal
from proxy.emulator.answers.occasion import BLOCKED, FAILED
from tests.emulator.answers.asking import asked, unknown_to_sdk


def setting(harm: str, threshold: str) -> dict[str, Any]:
    return {"safety_settings": [{"type": harm, "threshold": threshold}]}


@pytest.mark.parametrize("code", BLOCKED)
def test_blocked_output_is_an_error_without_content(code: str) -> None:
    refused = refusal(asked(f"emulate:{code}"))

    assert refused is not None
    ((step,), error) = refused
    assert error["code"] == code
    assert step["error"]["code"] == 3
    assert step["content"] == []
    assert unknown_to_sdk([step]) == []


@pytest.mark.parametrize("code", [*FAILED, "failed"])
def test_a_failed_generation_has_no_output(code: str) -> None:
    refused = refusal(asked(f"emulate: {code}"))

    assert refused is not None
    assert refused[0] == []
    assert refused[1]["code"] == ("api_error" if code == "failed" else code)


@pytest.mark.parametrize("threshold", ["off", "block_none"])
def test_thresholds_let_harm_pass_but_not_recitation(threshold: str) -> None:
    allowed = setting("dangerous_content", threshold)

    assert refusal(asked("emulate: safety", **allowed)) is None
    assert refusal(asked("emulate: recitation", **allowed)) is not None
    assert refusal(asked("emulate: image_safety", **allowed)) is not None


def test_other_thresholds_and_other_harms_do_not() -> None:
    request = asked("x", **setting("dangerous_content", "block_only_high")).request

    assert not passes(request, "dangerous_content")
    assert not passes(asked("x", **setting("jailbreak", "off")).request, "dangerous_content")


def test_nothing_is_refused_without_an_order() -> None:
    assert refusal(asked("Is this about safety?")) is None
