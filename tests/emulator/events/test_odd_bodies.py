"""Whatever a create body holds, it is refused, or answered whole: as a resource and as a stream, old and new."""

from __future__ import annotations

import json
from typing import Any

import orjson
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.compose import compose
from proxy.emulator.answers.composition import Context
from proxy.emulator.answers.resource import Interaction, resource
from proxy.emulator.asked.faults import Wishes
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.request import read_create
from proxy.emulator.events.legacy import Dialect, old_events, resource_from_new
from proxy.emulator.events.rebuilt import rebuilt
from proxy.emulator.events.stream import block, events
from tests.strategies import json_values

odd = json_values()
kinds = st.sampled_from(["text", "image", "audio", "video", "document"]) | odd


def some(*names: str) -> dict[str, st.SearchStrategy[Any]]:
    """Each of these fields, perhaps, with any value."""
    return dict.fromkeys(names, odd)


contents = st.fixed_dictionaries(
    {"type": kinds}, optional=some("text", "data", "uri", "mime_type", "resolution", "processing")
)
steps = st.fixed_dictionaries(
    {"type": st.sampled_from(["user_input", "model_output", "thought", "function_result"])},
    optional={
        "content": st.lists(contents, max_size=3) | odd,
        "result": st.lists(contents, max_size=3) | odd,
        "call_id": st.just("a"),
    },
)
formats = st.fixed_dictionaries(
    {"type": kinds},
    optional=some("mime_type", "aspect_ratio", "image_size", "sample_rate", "delivery", "duration"),
)
configs = st.fixed_dictionaries(
    {},
    optional=some("speech_config", "image_config", "transcription_config", "thinking_summaries"),
)
bodies = st.fixed_dictionaries(
    {
        "model": st.sampled_from(
            [
                "gemini-3-flash-preview",
                "gemini-3.5-transcribe",
                "gemini-3.1-flash-image",
                "gemini-3.8-flash-tts",
                "gemini-omni-1.2-flash",
                "lyria-3-clip-preview",
            ]
        ),
        "input": st.lists(contents, max_size=3) | st.lists(steps, max_size=3) | odd,
    },
    optional={
        "response_format": formats | st.lists(formats, max_size=3) | odd,
        "response_modalities": st.lists(kinds, max_size=3) | odd,
        "generation_config": configs | odd,
    },
)


@settings(
    max_examples=60, suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much]
)
@given(bodies)
def test_an_odd_body_is_refused_or_answered_whole(body: dict[str, Any]) -> None:
    asked = orjson.loads(json.dumps(body))  # numbers beyond 64 bits become floats
    try:
        request = read_create(asked)
        composition = compose(request, Context(), Wishes(), Chance(1, 1))
    except Refusal:
        return
    made = Interaction("v1_a", request, composition, "standard", 0, 1, composition.status)

    assert orjson.dumps(resource(made, has_whole_timeline=True, has_input=True))
    assert rebuilt(events(made)) == composition.steps
    shown = resource(made, has_whole_timeline=False)
    for spoken in Dialect:
        assert orjson.dumps(resource_from_new(shown, spoken))
        assert all(block(event) for event in old_events(made, spoken=spoken))
