"""How much a model thinks, and what it shows of it."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.model.thoughts import sketch, thought, thoughts
from tests.emulator.answers.asking import asked, unknown_to_sdk


@pytest.mark.parametrize(
    ("level", "count"), [("minimal", 0), ("low", 1), ("medium", 1), ("high", 2), ("xhigh", 3)]
)
def test_a_level_says_how_many_thoughts_there_are(level: str, count: int) -> None:
    assert len(thoughts(asked(generation_config={"thinking_level": level}))) == count


@pytest.mark.parametrize("model", ["gemma-4-31b-it", "gemini-3.8-flash-tts", "lyria-3.5"])
def test_some_models_do_not_think_unless_ordered(model: str) -> None:
    assert thoughts(asked(model=model)) == []
    assert len(thoughts(asked("emulate: thought", model=model))) == 1


def test_a_thought_is_a_signature_and_on_demand_a_summary() -> None:
    (bare,) = thoughts(asked())
    (shown,) = thoughts(asked(generation_config={"thinking_summaries": "auto"}))

    assert set(bare) == {"type", "signature"}
    assert [part["type"] for part in shown["summary"]] == ["text"]
    assert set(thought(asked(), "Hm.")) == {"type", "signature", "summary"}


def test_models_that_draw_think_in_pictures_too() -> None:
    summaries: dict[str, Any] = {"generation_config": {"thinking_summaries": "auto"}}

    steps = thoughts(asked(model="gemini-3-pro-image", **summaries))

    assert [part["type"] for part in steps[-1]["summary"]] == ["text", "image"]
    assert thoughts(asked("emulate: summary_image"))[-1]["summary"][-1]["type"] == "image"
    assert unknown_to_sdk(steps) == []


def test_a_sketch_is_a_small_png() -> None:
    assert sketch(Chance(1, 1))["data"].startswith("iVBORw0KGgo")
