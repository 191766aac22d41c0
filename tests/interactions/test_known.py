"""The table of known names against the protocol reference; shapes/test_tables.py has the SDK's side."""

from __future__ import annotations

import pytest

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


def test_a_status_is_terminal_when_nothing_more_will_come() -> None:
    assert {"queued", "in_progress"} == known.STATUSES - known.TERMINAL_STATUSES
