"""Every model and every agent that the emulator knows: Google's own SDK, through the proxy, in the records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google import genai

from proxy.emulator.asked.catalogue import AGENTS, DEEP_RESEARCH_AGENTS, MODELS
from tests.end_to_end.features.script import SOUND
from tests.end_to_end.stage import Row, Stage

POLLS_MAX = 10
TERMINAL = {"completed", "requires_action", "budget_exceeded", "failed", "incomplete"}
HEARS = [{"type": "audio", "mime_type": "audio/wav", "data": SOUND}]


@dataclass(frozen=True, slots=True)
class Met:
    """The last answer of each, and what the records say of it."""

    answers: dict[str, Any]
    rows: dict[str, Row]
    """By interaction id: model, agent, status, total tokens."""


def to_its_end(talk: Any, answer: Any) -> Any:
    for _ in range(POLLS_MAX):
        if answer.status in TERMINAL:
            return answer
        answer = talk.get(id=answer.id)
    raise AssertionError(f"{answer.status} after {POLLS_MAX} polls")


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Met]:
    stage = Stage.set_up(tmp_path_factory.mktemp("stage"))
    options: Any = {"base_url": stage.proxy.url, "retry_options": {"attempts": 1}}
    try:
        with genai.Client(api_key="a-made-up-key", http_options=options) as client:
            talk = client.interactions
            answers = {
                name: talk.create(
                    model=name,
                    input=HEARS if "transcribe" in name else "Why do larches turn yellow?",
                )
                for name in MODELS
            }
            for name in AGENTS:
                started = talk.create(
                    agent=name,
                    input="Why do larches turn yellow?",
                    background=name in DEEP_RESEARCH_AGENTS,
                )
                answers[name] = to_its_end(talk, started)
        rows = stage.proxy.rows(
            "SELECT interaction_id, model, agent, status, total_tokens FROM interactions"
        )
        yield Met(answers, {row[0]: row[1:] for row in rows})
    finally:
        print(stage.logs())
        stage.stop()


@pytest.mark.parametrize("name", [*MODELS, *AGENTS])
def test_it_answers_and_is_recorded(met: Met, name: str) -> None:
    answer = met.answers[name]

    assert answer.status == "completed"
    assert any(step.type == "model_output" for step in answer.steps)
    named = (name, None) if name in MODELS else (None, name)
    assert met.rows[answer.id] == (*named, "completed", answer.usage.total_tokens)
