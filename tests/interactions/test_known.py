"""The table of known names against two witnesses: the protocol reference and Google's own SDK."""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass

import pydantic
import pytest
from google.genai._gaos.types import interactions as sdk

from proxy.interactions import known

REFERENCE_STEPS = [
    "user_input",
    "model_output",
    "thought",
    "function_call",
    "function_result",
    "code_execution_call",
    "code_execution_result",
    "google_search_call",
    "google_search_result",
    "url_context_call",
    "url_context_result",
    "file_search_call",
    "file_search_result",
    "google_maps_call",
    "google_maps_result",
    "mcp_server_tool_call",
    "mcp_server_tool_result",
    "retrieval_call",
    "retrieval_result",
    "tool_search_call",
    "tool_search_result",
    "processing_call",
    "processing_result",
]
REFERENCE_DELTAS = [
    "text",
    "image",
    "audio",
    "video",
    "document",
    "text_annotation_delta",
    "thought_summary",
    "thought_signature",
    "arguments_delta",
    "function_result",
    "code_execution_call",
    "code_execution_result",
    "google_search_call",
    "google_maps_call",
    "url_context_call",
    "retrieval_call",
    "tool_search_call",
    "google_search_result",
    "google_maps_result",
    "url_context_result",
    "file_search_result",
    "retrieval_result",
    "tool_search_result",
    "file_search_call",
    "processing_call",
    "processing_result",
    "mcp_server_tool_call",
    "mcp_server_tool_result",
    "text_annotation",
    "function_call",
]
REFERENCE_EVENTS = [
    "interaction.created",
    "interaction.status_update",
    "step.start",
    "step.delta",
    "step.stop",
    "interaction.completed",
    "error",
    "interaction.in_progress",
    "interaction.requires_action",
    "interaction.error",
    "interaction.start",
    "content.start",
    "content.delta",
    "content.stop",
    "interaction.complete",
]
REFERENCE_STATUSES = [
    "queued",
    "in_progress",
    "requires_action",
    "completed",
    "failed",
    "cancelled",
    "incomplete",
    "budget_exceeded",
    "requires_continuation",
]
ADDED_BY_SDK = {"output_text", "output_image", "output_audio", "output_video", "continuation_ids"}


@dataclass(frozen=True)
class Model:
    """One of the SDK's types."""

    name: str
    type: str
    """The constant of its `type` field, if it has one."""
    fields: set[str]
    """As they are on the wire."""


def sdk_models() -> list[Model]:
    """All types of the SDK but its own unknown arms."""
    found: list[Model] = []
    for info in pkgutil.iter_modules(sdk.__path__):
        module = importlib.import_module(f"{sdk.__name__}.{info.name}")
        for name, kind in vars(module).items():
            if isinstance(kind, type) and issubclass(kind, pydantic.BaseModel):
                fields = {field.alias or key for key, field in kind.model_fields.items()}
                constant = getattr(kind.model_fields.get("type"), "default", None)
                if "is_unknown" not in fields:
                    found.append(Model(name, constant if isinstance(constant, str) else "", fields))
    return found


MODELS = sdk_models()


@pytest.mark.parametrize(
    ("table", "names"),
    [
        (known.STEP_FIELDS, REFERENCE_STEPS),
        (known.DELTA_FIELDS, REFERENCE_DELTAS),
        (known.EVENT_FIELDS, REFERENCE_EVENTS),
        (known.CONTENT_FIELDS, ["text", "image", "audio", "video", "document"]),
        (
            known.ANNOTATION_FIELDS,
            ["url_citation", "file_citation", "place_citation", "word_info", "speech_metadata"],
        ),
        (known.STATUSES, REFERENCE_STATUSES),
    ],
    ids=["steps", "deltas", "events", "contents", "annotations", "statuses"],
)
def test_every_type_of_the_reference_is_known_and_no_other(
    table: dict[str, frozenset[str]], names: list[str]
) -> None:
    assert set(table) == set(names)


@pytest.mark.parametrize(
    ("ending", "table"),
    [
        ("Step", known.STEP_FIELDS),
        ("Delta", known.DELTA_FIELDS),
        ("Content", known.CONTENT_FIELDS),
        ("Citation", known.ANNOTATION_FIELDS),
    ],
)
def test_every_type_and_field_of_the_sdk_is_known(
    ending: str, table: dict[str, frozenset[str]]
) -> None:
    kinds = [model for model in MODELS if model.type and model.name.endswith(ending)]

    unknown = [(model.type, model.fields - table.get(model.type, frozenset())) for model in kinds]

    assert len(kinds) > 2
    assert [(name, fields) for name, fields in unknown if fields] == []


@pytest.mark.parametrize(
    ("model", "fields"),
    [
        ("Usage", known.USAGE_FIELDS),
        ("CreateModelInteraction", known.REQUEST_FIELDS),
        ("CreateAgentInteraction", known.REQUEST_FIELDS),
        ("Interaction", known.INTERACTION_FIELDS | ADDED_BY_SDK),
        ("InteractionSseEventInteraction", known.INTERACTION_FIELDS),
        ("StepStart", known.EVENT_FIELDS["step.start"]),
        ("StepDelta", known.EVENT_FIELDS["step.delta"]),
        ("StepStop", known.EVENT_FIELDS["step.stop"]),
        ("InteractionStatusUpdate", known.EVENT_FIELDS["interaction.status_update"]),
        ("ErrorEvent", known.EVENT_FIELDS["error"]),
        ("WordInfo", known.ANNOTATION_FIELDS["word_info"]),
        ("SpeechAnnotation", known.ANNOTATION_FIELDS["speech_metadata"]),
    ],
)
def test_every_field_of_the_sdk_is_known(model: str, fields: frozenset[str]) -> None:
    (found,) = {frozenset(kind.fields) for kind in MODELS if kind.name == model}

    assert found - fields == set()


def test_a_status_is_terminal_when_nothing_more_will_come() -> None:
    assert {"queued", "in_progress"} == known.STATUSES - known.TERMINAL_STATUSES
