"""Each feature of the API, through Google's own SDK, the proxy and the emulator; and each in the records."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google import genai

from tests.end_to_end.features.script import FEATURES, Feature
from tests.end_to_end.stage import Row, Stage

KEY = "a-made-up-api-key-0123456789"
NAMES = [feature.name for feature in FEATURES]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the SDK got for each feature, unary and streamed, and what the records say."""

    stage: Stage
    answers: dict[str, Any]
    streams: dict[str, list[Any]]
    rows: list[Row]
    """(number of the exchange, type) of all output steps, in order."""

    def recorded(self, number: int) -> list[str]:
        return [type_ for sequence, type_ in self.rows if sequence == number]


def ask(talk: Any, call: dict[str, Any]) -> Any:
    return talk.create(**call)


def listen(talk: Any, call: dict[str, Any]) -> list[Any]:
    return list(talk.create(**call, stream=True))


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Asked]:
    stage = Stage.set_up(tmp_path_factory.mktemp("stage"))
    try:
        options: Any = {"base_url": stage.proxy.url, "retry_options": {"attempts": 1}}
        with genai.Client(api_key=KEY, http_options=options) as client:
            answers = {one.name: ask(client.interactions, one.call) for one in FEATURES}
            streams = {one.name: listen(client.interactions, one.call) for one in FEATURES}
        rows = stage.proxy.rows(
            "SELECT sequence, type FROM steps JOIN exchanges USING (exchange)"
            " WHERE side = 'output' ORDER BY sequence, step_index"
        )
        yield Asked(stage, answers, streams, rows)
    finally:
        print(stage.logs())
        stage.stop()


@pytest.mark.parametrize("feature", FEATURES, ids=NAMES)
def test_it_answers_as_documented(asked: Asked, feature: Feature) -> None:
    answer = asked.answers[feature.name]

    assert answer.status == feature.status
    assert {step.type for step in answer.steps or ()} >= feature.types
    assert feature.check(answer) in (None, True)


@pytest.mark.parametrize("feature", FEATURES, ids=NAMES)
def test_its_usage_adds_up(asked: Asked, feature: Feature) -> None:
    usage = asked.answers[feature.name].usage

    assert usage.total_tokens == (
        usage.total_input_tokens
        + usage.total_output_tokens
        + usage.total_thought_tokens
        + usage.total_tool_use_tokens
    )
    assert sum(one.tokens for one in usage.input_tokens_by_modality) == usage.total_input_tokens


@pytest.mark.parametrize("feature", FEATURES, ids=NAMES)
def test_its_stream_has_the_same_steps_in_the_order_of_the_service(
    asked: Asked, feature: Feature
) -> None:
    events = asked.streams[feature.name]
    types = [event.event_type for event in events]

    assert types[:2] == ["interaction.created", "interaction.status_update"]
    if feature.status == "failed":
        assert types[-1] == "error"
    else:
        assert types[-1] == "interaction.completed"
        assert events[-1].interaction.status == feature.status
    started = [event.step.type for event in events if event.event_type == "step.start"]
    assert set(started) >= feature.types
    assert types.count("step.stop") == len(started)


@pytest.mark.parametrize("number", range(len(FEATURES)), ids=NAMES)
def test_each_of_its_steps_is_a_typed_row(asked: Asked, number: int) -> None:
    feature = FEATURES[number]
    unary, streamed = asked.recorded(number + 1), asked.recorded(len(FEATURES) + number + 1)
    events = asked.streams[feature.name]

    assert unary == [step.type for step in asked.answers[feature.name].steps or ()]
    assert streamed == [event.step.type for event in events if event.event_type == "step.start"]


def test_nothing_of_it_is_unknown_to_the_recorder(asked: Asked) -> None:
    assert asked.stage.proxy.rows("FROM unknowns") == []
    assert asked.stage.proxy.rows("FROM problems") == []
