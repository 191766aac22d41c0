"""Everything the newest SDK has a type for can be told, and the SDK's own models read every word of it."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Iterator
from typing import Any, Final, Literal, get_args, get_origin

import pydantic
import pytest

from proxy.emulator.answers.resource import Interaction, resource
from proxy.emulator.events.stream import error_event, events
from tests.emulator.events.composed import ASKED, composed
from tests.emulator.examples import ANNOTATIONS, CONTENTS, STEPS, USAGE, interaction_of

TYPES: Final = "google.genai._gaos.types.interactions."
AGENT: Final = {"agent": "antigravity-preview-09-2026", "background": True}


def module(name: str) -> Any:
    return importlib.import_module(TYPES + name)


def variants(name: str, table: str) -> dict[str, Any]:
    """The SDK's table from discriminator to model."""
    return dict(vars(module(name))[table])


STEP_TYPES: Final = variants("step", "_STEP_VARIANTS")
CONTENT_TYPES: Final = variants("content", "_CONTENT_VARIANTS")
ANNOTATION_TYPES: Final = variants("annotation", "_ANNOTATION_VARIANTS")
DELTA_TYPES: Final = variants("stepdeltadata", "_STEP_DELTA_DATA_VARIANTS")
EVENT_TYPES: Final = variants("interactionsseevent", "_INTERACTION_SSE_EVENT_VARIANTS")


def everything(**body: Any) -> Interaction:
    return interaction_of(*STEPS.values(), **body)


def told() -> list[dict[str, Any]]:
    """All events of a model, of an agent, and of a failure."""
    return [
        *events(everything()),
        *events(everything(**AGENT)),
        error_event("api_error", "Emulated."),
    ]


@functools.cache
def reader() -> pydantic.TypeAdapter[Any]:
    union: Any = module("interactionsseevent").InteractionSSEEvent
    return pydantic.TypeAdapter(union)


def parsed(event: dict[str, Any]) -> Any:
    """As the SDK reads an answer: what a start leaves out does not make its step a stranger."""
    serializers = importlib.import_module("google.genai._gaos.utils.serializers")
    context = {serializers.ALLOW_UNKNOWN_UNION_VARIANTS: True}
    return reader().validate_python(event, context=context)


def strangers(value: Any, path: str = "") -> Iterator[str]:
    """Places where the SDK met a variant or a field that it has no type for."""
    if isinstance(value, pydantic.BaseModel):
        name = type(value).__name__
        if name.startswith("Unknown"):
            yield f"{path}: {name}"
        # A model without fields of its own is an open object, such as what a file search found.
        for extra in (value.model_extra or ()) if type(value).model_fields else ():
            yield f"{path}: {name}.{extra}"
        for field in type(value).model_fields:
            yield from strangers(vars(value).get(field), f"{path}.{field}")
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from strangers(item, f"{path}[{place}]")
    elif isinstance(value, dict) and "type" in value and not path.endswith(".parameters"):
        yield f"{path}: read as a bare object {value}"


@pytest.mark.parametrize("event", told(), ids=lambda event: str(event["event_type"]))
def test_every_event_is_read_without_an_unknown_variant_or_field(event: dict[str, Any]) -> None:
    model = parsed(event)

    assert type(model) is EVENT_TYPES[event["event_type"]]
    assert not list(strangers(model))


@pytest.mark.parametrize("name", [name for name in ASKED if name != "order unknown_step"])
def test_every_answer_the_emulator_makes_up_is_read_so_too(name: str) -> None:
    made = composed(name)

    found = [stranger for event in events(made) for stranger in strangers(parsed(event))]

    assert not found


@pytest.mark.parametrize("kind", sorted(STEP_TYPES))
def test_every_step_type_has_an_example_that_fits_its_model_exactly(kind: str) -> None:
    model = STEP_TYPES[kind].model_validate(STEPS[kind])

    assert not list(strangers(model))


def test_no_step_is_told_that_the_sdk_does_not_know() -> None:
    assert STEPS.keys() == STEP_TYPES.keys()


def test_every_content_and_annotation_type_has_an_example() -> None:
    assert CONTENTS.keys() == CONTENT_TYPES.keys()
    assert ANNOTATIONS.keys() == ANNOTATION_TYPES.keys()


def test_the_events_tell_every_delta_type() -> None:
    deltas = {event["delta"]["type"] for event in told() if "delta" in event}

    assert deltas == DELTA_TYPES.keys()


def test_every_event_type_is_told() -> None:
    assert {event["event_type"] for event in told()} == EVENT_TYPES.keys()


@pytest.mark.parametrize("kind", sorted(DELTA_TYPES.keys() - {"file_search_result"}))
def test_every_delta_fits_its_model_strictly(kind: str) -> None:
    """A file search's result has no result in a step, yet its delta requires one: read leniently."""
    for event in told():
        delta = event.get("delta", {})
        if delta.get("type") == kind:
            assert not list(strangers(DELTA_TYPES[kind].model_validate(delta)))


def test_the_whole_resource_is_read_too() -> None:
    shown = resource(everything(), has_whole_timeline=True, has_input=True)

    model = module("interaction").Interaction.model_validate(shown)

    assert not [found for found in strangers(model) if not found.endswith("Interaction.object")]
    assert [step.type for step in model.steps[1:]] == list(STEPS)


def test_every_counter_of_usage_has_an_example() -> None:
    model = module("usage").Usage.model_validate(USAGE)

    assert USAGE.keys() == type(model).model_fields.keys()
    assert not list(strangers(model))


def test_the_statuses_that_a_stream_can_end_with_are_the_sdk_s() -> None:
    union = module("interactionstatusupdate").InteractionStatusUpdateStatus
    known = {
        status
        for part in get_args(union)
        if get_origin(part) is Literal
        for status in get_args(part)
    }

    ends = {
        list(events(interaction_of(status=status)))[-1]["interaction"]["status"] for status in known
    }

    assert ends == known
