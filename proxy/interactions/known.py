"""The names Google's open sets had when this release was made: one table for each kind of object.

A name that is missing here costs a count in `unknowns`, never a lost byte. What stands below these
fields is in shapes/. Source: the protocol reference, sections 5 to 10 and 15;
tests/interactions/test_known.py compares with the SDK's types, both ways.
"""

from __future__ import annotations

from typing import Final


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _table(rows: dict[str, str], shared: str = "") -> dict[str, frozenset[str]]:
    return {name: _names(f"{shared} {fields}") for name, fields in rows.items()}


MEDIA_TYPES: Final = frozenset({"image", "audio", "video", "document"})
_MEDIA: Final = "data uri mime_type mimeType resolution processing"
CONTENT_FIELDS: Final = _table(
    {
        "text": "text annotations",
        "image": _MEDIA,
        "audio": f"{_MEDIA} sample_rate sampleRate channels",
        "video": f"{_MEDIA} name",
        "document": _MEDIA,
    },
    "type",
)
ANNOTATION_FIELDS: Final = _table(
    {
        "url_citation": "url title",
        "file_citation": "document_uri file_name source page_number media_id custom_metadata",
        "place_citation": "place_id name url review_snippets",
        "word_info": "text start_offset end_offset speaker",
        "speech_metadata": "speaker style",
    },
    "type start_index end_index",
)
UNTYPED_ANNOTATION_FIELDS: Final = frozenset({"start_index", "end_index", "source"})
"""Of the release 1.55 SDKs: an annotation without a type."""

CALL_TYPES: Final = _names("""function_call code_execution_call google_search_call url_context_call file_search_call
    google_maps_call mcp_server_tool_call retrieval_call tool_search_call processing_call""")
RESULT_TYPES: Final = frozenset(name.removesuffix("call") + "result" for name in CALL_TYPES)
_CALL: Final = "id arguments signature"
_RESULT: Final = "call_id result is_error signature"
STEP_FIELDS: Final = _table(
    {
        "user_input": "content",
        "model_output": "content error",
        "thought": "signature summary",
        "function_call": f"{_CALL} name",
        "function_result": f"{_RESULT} name",
        "code_execution_call": _CALL,
        "code_execution_result": _RESULT,
        "google_search_call": f"{_CALL} search_type",
        "google_search_result": _RESULT,
        "url_context_call": _CALL,
        "url_context_result": _RESULT,
        "file_search_call": _CALL,
        "file_search_result": _RESULT,
        "google_maps_call": _CALL,
        "google_maps_result": _RESULT,
        "mcp_server_tool_call": f"{_CALL} name server_name",
        "mcp_server_tool_result": f"{_RESULT} name server_name",
        "retrieval_call": f"{_CALL} retrieval_type",
        "retrieval_result": _RESULT,
        "tool_search_call": _CALL,
        "tool_search_result": _RESULT,
        "processing_call": _CALL,
        "processing_result": _RESULT,
    },
    "type",
)
DELTA_FIELDS: Final = {
    **_table(
        {
            "text": "text",
            "image": _MEDIA,
            "audio": f"{_MEDIA} sample_rate sampleRate channels rate",
            "video": f"{_MEDIA} name",
            "document": _MEDIA,
            "text_annotation_delta": "annotations",
            "text_annotation": "annotations",
            "thought_summary": "content",
            "thought_signature": "signature",
            "arguments_delta": "arguments",
        },
        "type",
    ),
    # Whole fields for the step of the same name; the old schema's function_call is one of them.
    **{name: fields for name, fields in STEP_FIELDS.items() if name in CALL_TYPES | RESULT_TYPES},
}
EVENT_FIELDS: Final = _table(
    {
        "interaction.created": "interaction",
        "interaction.completed": "interaction",
        "interaction.status_update": "interaction_id status usage continuation_token",
        "step.start": "index step",
        "step.delta": "index delta",
        "step.stop": "index usage step_usage",
        "error": "error",
        # Named by one documentation page instead of interaction.status_update.
        "interaction.in_progress": "interaction interaction_id status usage continuation_token",
        "interaction.requires_action": "interaction interaction_id status usage continuation_token",
        # Mentioned by a third party.
        "interaction.error": "interaction interaction_id error",
        # The schema before June 2026.
        "interaction.start": "interaction",
        "interaction.complete": "interaction",
        "content.start": "index content",
        "content.delta": "index delta",
        "content.stop": "index usage",
    },
    "event_type event_id metadata",
)
STATUSES: Final = _names("""queued in_progress requires_action completed failed cancelled incomplete budget_exceeded
    requires_continuation""")
TERMINAL_STATUSES: Final = STATUSES - {"queued", "in_progress"}
"""Of this interaction (requires_action) or this hop (requires_continuation) nothing more will come."""

_BOTH_WAYS: Final = """model agent input previous_interaction_id system_instruction tools
    generation_config agent_config response_format response_mime_type response_modalities
    environment safety_settings service_tier labels webhook_config cached_content
    continuation_token"""
REQUEST_FIELDS: Final = _names(f"{_BOTH_WAYS} stream background store")
INTERACTION_FIELDS: Final = frozenset(
    f"{_BOTH_WAYS} id object status created updated steps usage errors environment_id role "
    "outputs".split()
)
USAGE_LISTS: Final = {
    "input_tokens_by_modality": "input",
    "output_tokens_by_modality": "output",
    "cached_tokens_by_modality": "cached",
    "tool_use_tokens_by_modality": "tool_use",
}
"""Field of a usage object to the kind of its lines."""
