"""All tables of known names, against Google's own SDK, in both directions and to the last level.

What the SDK knows and we do not would be counted as drift in everybody's records; what we know and
the SDK does not is listed here with its source.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from typing import Any, Final

import pytest

from proxy.interactions import known
from proxy.interactions.interaction import interaction_from_json, request_from_json
from proxy.interactions.problems import Notes
from proxy.interactions.shapes.asked import ASKED_PARTS, FUNCTION
from proxy.interactions.shapes.grammar import Many, Named, OneOf, Record, Shape, Word
from proxy.interactions.shapes.told import (
    ANNOTATION_PARTS,
    CONTENT_PARTS,
    EVENT_METADATA,
    RESOURCE_PARTS,
    STEP_PARTS,
    USAGE,
)
from tests.interactions.sdk_types import (
    EVENT_DATA,
    MODELS,
    examples_of_model,
    fields_of,
    items_of,
    models_of,
    type_of,
    values_of,
    words_of,
)


def record(name: str, names: frozenset[str], parts: dict[str, Shape]) -> Record:
    return Record(name, {**dict.fromkeys(names), **parts})


ANNOTATION: Final = OneOf(
    "annotation",
    {
        name: record(f"annotation {name}", names, ANNOTATION_PARTS.get(name, {}))
        for name, names in known.ANNOTATION_FIELDS.items()
    },
)
CONTENT: Final = OneOf(
    "content",
    {
        name: record(
            f"content {name}",
            names,
            CONTENT_PARTS.get(name, {})
            | ({"annotations": Many(ANNOTATION)} if name == "text" else {}),
        )
        for name, names in known.CONTENT_FIELDS.items()
    },
)
RESULT_CONTENT: Final = OneOf("content", {**CONTENT.arms, "function": FUNCTION})
CONTENTS: Final[dict[str, dict[str, Shape]]] = {
    "user_input": {"content": Many(CONTENT)},
    "model_output": {"content": Many(CONTENT)},
    "thought": {"summary": Many(CONTENT)},
    "thought_summary": {"content": CONTENT},
    "function_result": {"result": Many(RESULT_CONTENT)},
    "mcp_server_tool_result": {"result": Many(RESULT_CONTENT)},
    "code_execution_result": {"result": Many(CONTENT)},
    "text_annotation_delta": {"annotations": Many(ANNOTATION)},
}
STEP: Final = OneOf(
    "step",
    {
        name: record(f"step {name}", names, STEP_PARTS.get(name, {}) | CONTENTS.get(name, {}))
        for name, names in known.STEP_FIELDS.items()
    },
)
DELTA: Final = OneOf(
    "delta",
    {
        name: record(
            f"delta {name}",
            names,
            (CONTENT_PARTS if name in known.MEDIA_TYPES else STEP_PARTS).get(name, {})
            | CONTENTS.get(name, {}),
        )
        for name, names in known.DELTA_FIELDS.items()
    },
)
STATUS: Final = Word("status", known.STATUSES)
INPUT: Final = Many(OneOf("input", {**STEP.arms, **CONTENT.arms}))
RESOURCE: Final = record(
    "interaction",
    known.INTERACTION_FIELDS,
    RESOURCE_PARTS | {"status": STATUS, "usage": USAGE, "steps": Many(STEP), "input": INPUT},
)
REQUEST: Final = record("request", known.REQUEST_FIELDS, ASKED_PARTS | {"input": INPUT})
EVENT_PARTS: Final[dict[str, Shape]] = {
    "interaction": RESOURCE,
    "step": STEP,
    "delta": DELTA,
    "status": STATUS,
    "usage": USAGE,
    "step_usage": USAGE,
    "metadata": EVENT_METADATA,
    "error": RESOURCE_PARTS["errors"],
}
EVENT: Final = OneOf(
    "event",
    {
        name: record(
            f"event {name}",
            names,
            {part: shape for part, shape in EVENT_PARTS.items() if part in names},
        )
        for name, names in known.EVENT_FIELDS.items()
    },
)


BEYOND: Final[dict[str, dict[str, str]]] = {
    "Names of SDK releases before 3.0, and the schema before June 2026: reference, 9.1, 15.": {
        "interaction": "outputs role",
        "usage": "total_reasoning_tokens",
        "event": "interaction.start interaction.complete content.start content.delta content.stop",
        "delta": "function_call text_annotation",
        "google_search_result result": "url title rendered_content",
        "file_search_result result": "title text file_search_store",
        "step file_search_result": "result",
    },
    "As Python 1.55 and 2.0.0 write it: reference, 5.5.": {
        "tool computer_use": "excludedPredefinedFunctions",
        "response_format text": "mimeType",
        "response_format image": "mimeType",
        "response_format audio": "mimeType sampleRate bitRate",
        "content image": "mimeType",
        "content audio": "mimeType sampleRate",
        "content video": "mimeType",
        "content document": "mimeType",
        "delta image": "mimeType",
        "delta audio": "mimeType sampleRate",
        "delta video": "mimeType",
        "delta document": "mimeType",
    },
    "In recordings of the service: reference, 6.1, 7, 9.1.": {
        "interaction": "object",
        "usage": "raw_prompt_token",
        "step function_call": "signature",
    },
    "In documentation or third-party notes: reference, 10.2.": {
        "event": "interaction.in_progress interaction.requires_action interaction.error",
        **{
            f"event {name}": "metadata"
            for name in (
                "interaction.created",
                "interaction.completed",
                "interaction.status_update",
                "step.start",
                "step.stop",
                "error",
            )
        },
    },
    "google.rpc, from the layer in front of the API: reference, 13.1.": {
        "error": "details status",
        "model_output error": "status",
    },
    "All calls have one list of fields, and so have all results and all media: whichever Google fills "
    "next costs nobody a count.": {
        "step file_search_call": "arguments",
        "step processing_call": "arguments",
        "step retrieval_result": "result",
        "step processing_result": "result is_error",
        "step file_search_result": "is_error",
        "step google_maps_result": "is_error",
        "step tool_search_result": "is_error",
        "step mcp_server_tool_result": "is_error signature",
        "step function_result": "signature",
        "step mcp_server_tool_call": "signature",
        "content image": "processing",
        "content audio": "resolution",
        "delta image": "processing",
        "delta audio": "processing resolution",
        "delta video": "processing name",
        "delta document": "processing resolution",
    },
    "A delta has the fields of its step.": {
        **{f"delta {name}": "id arguments signature search_type" for name in known.CALL_TYPES},
        **{f"delta {name}": "call_id result is_error signature" for name in known.RESULT_TYPES},
    },
    "Every summary is read as contents are; the SDK's has texts and images.": {
        "content": "text image audio video document",
    },
}
"""Why we know more than the SDK: reason to place to names. Names that the SDK does know may stand here."""

ADDED_BY_SDK: Final = {
    ("sdk", name, "interaction")
    for name in ("output_text", "output_image", "output_audio", "output_video", "continuation_ids")
}
"""Never on the wire: reference, 6.1."""

OPEN_SETS: Final = {"model", "agent", "mime_type"}
"""They grow with every release, and the value is a column of its own: no word is listed."""


PLANTED: Final = "brand_new"


def plantings(shape: Shape | None, value: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every object inside `value` that a record of the tables describes, with where it is told."""
    if isinstance(shape, Many | Named):
        inner = value.values() if isinstance(value, dict) and isinstance(shape, Named) else value
        for item in inner if not isinstance(inner, dict | str) else [inner]:
            yield from plantings(shape.item, item)
    elif isinstance(shape, OneOf) and isinstance(value, dict):
        yield from plantings(shape.arms.get(value.get("type", "")), value)
    elif isinstance(shape, Record) and isinstance(value, dict):
        if not shape.is_open:
            yield shape.where, value
        for name, part in shape.parts.items():
            if name in value:
                yield from plantings(part, value[name])


def differences(shape: Shape | None, annotations: list[Any]) -> Iterator[tuple[str, str, str]]:
    """(whose, name, where) of everything that only one side knows."""
    items = [item for each in annotations for item in items_of(each)]
    if isinstance(shape, Many):
        yield from differences(shape.item, items + annotations)
    elif isinstance(shape, Named):
        yield from differences(shape.item, [v for each in annotations for v in values_of(each)])
    elif isinstance(shape, Word):
        yield from _word_differences(shape.words, annotations, shape.where)
    elif isinstance(shape, OneOf):
        models = [model for each in annotations for model in models_of(each)]
        found = {type_of(model): model for model in models if model.model_fields}
        yield from (("sdk", str(name), shape.kind) for name in found.keys() - shape.arms.keys())
        yield from (("ours", name, shape.kind) for name in shape.arms.keys() - found.keys())
        for name, arm in shape.arms.items():
            if name in found:
                yield from differences(arm, [found[name]])
        if shape.words:
            yield from _word_differences(shape.words, annotations, shape.kind)
    elif isinstance(shape, Record):
        yield from _record_differences(shape, annotations)


def _record_differences(shape: Record, annotations: list[Any]) -> Iterator[tuple[str, str, str]]:
    found: dict[str, list[Any]] = {}
    for model in (model for each in annotations for model in models_of(each)):
        for name, annotation in fields_of(model).items():
            found.setdefault(name, []).append(annotation)
    where = shape.where
    yield from (("sdk", name, where) for name in found.keys() - shape.parts.keys())
    yield from (("ours", name, where) for name in shape.parts.keys() - found.keys())
    for name, part in shape.parts.items():
        if name in found and part is not None:
            yield from differences(part, found[name])
        elif name not in {"type", "event_type"} and any(map(_has_more, found.get(name, ()))):
            yield "not entered", name, where
    if shape.words:
        yield from _word_differences(shape.words, annotations, where)


def _word_differences(
    ours: frozenset[str], annotations: list[Any], where: str
) -> Iterator[tuple[str, str, str]]:
    sdk = {word for each in annotations for word in words_of(each)}
    yield from (("sdk", word, where) for word in sdk - ours)
    yield from (("ours", word, where) for word in ours - sdk)


def _has_more(annotation: Any) -> bool:
    """Whether the SDK knows of fields or words behind a part that we do not enter."""
    inner = [annotation, *items_of(annotation), *values_of(annotation)]
    return any(words_of(each) for each in inner) or any(
        model.model_fields for each in inner for model in models_of(each)
    )


ROOTS: Final = [
    pytest.param(RESOURCE, [MODELS["Interaction"]], id="resource"),
    pytest.param(
        REQUEST, [MODELS["CreateModelInteraction"], MODELS["CreateAgentInteraction"]], id="request"
    ),
    pytest.param(EVENT, [EVENT_DATA], id="event"),
]


@pytest.mark.parametrize(("shape", "annotations"), ROOTS)
def test_everything_the_sdk_knows_is_known(shape: Shape, annotations: list[Any]) -> None:
    found = {each for each in differences(shape, annotations) if each[0] == "sdk"}

    assert found - ADDED_BY_SDK == set()


@pytest.mark.parametrize(("shape", "annotations"), ROOTS)
def test_nothing_the_sdk_looks_into_is_passed_over(shape: Shape, annotations: list[Any]) -> None:
    found = {each for each in differences(shape, annotations) if each[0] == "not entered"}

    assert {(name, where) for _, name, where in found if name not in OPEN_SETS} == set()


@pytest.mark.parametrize(("shape", "annotations"), ROOTS)
def test_what_we_know_beyond_the_sdk_has_a_source(shape: Shape, annotations: list[Any]) -> None:
    reasons = {
        (name, where)
        for places in BEYOND.values()
        for where, names in places.items()
        for name in names.split()
    }
    found = {
        (name, where)
        for whose, name, where in differences(shape, annotations)
        # The stream's resource is a part of the whole one, which is compared by itself.
        if whose == "ours" and not (where == "interaction" and shape is EVENT)
    }

    assert found - reasons == set()


def first_examples(shape: Shape, model: str) -> dict[str, dict[str, Any]]:
    """Every place in the examples of a model, with the first example that has it."""
    found: dict[str, dict[str, Any]] = {}
    for example in examples_of_model(MODELS[model]):
        if model == "Interaction":
            del example["input"]  # read only where an answer has no timeline of its own
        for where, _ in plantings(shape, example):
            found.setdefault(where, example)
    return found


ANSWERS: Final = first_examples(RESOURCE, "Interaction")
REQUESTS: Final = first_examples(REQUEST, "CreateModelInteraction")


def planted(shape: Shape, example: dict[str, Any], where: str) -> dict[str, Any]:
    """A copy with a field that nobody knows, in the first such place."""
    copied = copy.deepcopy(example)
    place = next(place for told, place in plantings(shape, copied) if told == where)
    place[PLANTED] = 1
    return copied


@pytest.mark.parametrize("where", sorted(ANSWERS))
def test_a_new_field_anywhere_in_an_answer_is_counted_where_it_stands(where: str) -> None:
    notes = Notes()

    interaction_from_json(planted(RESOURCE, ANSWERS[where], where), notes)

    assert ("field", PLANTED, where) in notes.unknowns


@pytest.mark.parametrize("where", sorted(REQUESTS))
def test_a_new_field_anywhere_in_a_request_is_counted_where_it_stands(where: str) -> None:
    notes = Notes()

    request_from_json(planted(REQUEST, REQUESTS[where], where), notes)

    assert ("field", PLANTED, where) in notes.unknowns


@pytest.mark.parametrize("model", ["CreateModelInteraction", "CreateAgentInteraction"])
def test_no_request_of_the_sdk_has_anything_unknown(model: str) -> None:
    notes = Notes()

    for example in examples_of_model(MODELS[model]):
        request_from_json(example, notes)

    assert (notes.unknowns, notes.problems) == ({}, [])


def test_no_answer_of_the_sdk_has_anything_unknown() -> None:
    notes = Notes()
    added = {name for _, name, _ in ADDED_BY_SDK}

    for example in examples_of_model(MODELS["Interaction"]):
        interaction_from_json({k: v for k, v in example.items() if k not in added}, notes)

    assert (notes.unknowns, notes.problems) == ({}, [])
