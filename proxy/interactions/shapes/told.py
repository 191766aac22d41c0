"""What stands inside steps, contents, annotations, usage and errors, below their own fields.

Source: reference, sections 7 to 9 and 15.3; tests/interactions/shapes/test_tables.py compares with
the SDK's types, both ways.
"""

from __future__ import annotations

from typing import Final

from proxy.interactions.shapes.asked import (
    ASKED_PARTS,
    FUNCTION,
    MODALITIES,
    RETRIEVAL_TYPE,
    SEARCH_TYPE,
)
from proxy.interactions.shapes.grammar import Many, OneOf, Record, Shape, Word, fields, words

ERROR: Final = Record("error", fields("code message status details"))
"""An error of the interactions API, or of the layer in front of it (google.rpc)."""

_SNIPPETS: Final = Many(Record("review_snippets", fields("title url review_id")))
_QUERIES: Final = fields("queries")
STEP_PARTS: Final[dict[str, dict[str, Shape]]] = {
    "model_output": {"error": Record("model_output error", fields("code message details status"))},
    "code_execution_call": {
        "arguments": Record(
            "code_execution_call arguments",
            fields("code") | {"language": Word("language", words("python bash"))},
        )
    },
    "google_search_call": {
        "arguments": Record("google_search_call arguments", _QUERIES),
        "search_type": SEARCH_TYPE,
    },
    "google_search_result": {
        # url, title, rendered_content: before June 2026.
        "result": Many(
            Record(
                "google_search_result result",
                fields("search_suggestions url title rendered_content"),
            )
        )
    },
    "url_context_call": {"arguments": Record("url_context_call arguments", fields("urls"))},
    "url_context_result": {
        "result": Many(
            Record(
                "url_context_result result",
                fields("url")
                | {"status": Word("url_context status", words("success error paywall unsafe"))},
            )
        )
    },
    "file_search_result": {
        "result": Many(
            # As release 1.55 typed it; 3.4.0 has the list and no fields.
            Record("file_search_result result", fields("title text file_search_store"))
        )
    },
    "google_maps_call": {"arguments": Record("google_maps_call arguments", _QUERIES)},
    "google_maps_result": {
        "result": Many(
            Record(
                "google_maps_result result",
                fields("widget_context_token")
                | {
                    "places": Many(
                        Record(
                            "places",
                            fields("place_id name url") | {"review_snippets": _SNIPPETS},
                        )
                    )
                },
            )
        )
    },
    "retrieval_call": {
        "arguments": Record("retrieval_call arguments", _QUERIES),
        "retrieval_type": RETRIEVAL_TYPE,
    },
    "tool_search_call": {
        "arguments": Record("tool_search_call arguments", fields("function_names"))
    },
    "tool_search_result": {"result": Many(FUNCTION)},
}
"""Step type to those of its fields that have a shape of Google's."""

_RESOLUTION: Final = Word("resolution", words("low medium high ultra_high"))
_OFFSETS: Final = fields("type start_offset end_offset")
CONTENT_PARTS: Final[dict[str, dict[str, Shape]]] = {
    "image": {"resolution": _RESOLUTION},
    "audio": {
        "processing": OneOf(
            "audio processing",
            {"static": Record("audio processing static", _OFFSETS)},
            words=words("static"),
        )
    },
    "video": {
        "resolution": _RESOLUTION,
        "processing": OneOf(
            "video processing",
            {
                "static": Record(
                    "video processing static",
                    _OFFSETS
                    | fields("fps")
                    | {
                        "content_layers": Many(
                            Word("video content_layers", words("frames audio transcript"))
                        )
                    },
                )
            },
            words=words("static agentic"),
        ),
    },
    "document": {
        "resolution": _RESOLUTION,
        "processing": OneOf(
            "document processing",
            {
                "static": Record(
                    "document processing static",
                    fields("type")
                    | {
                        "page_options": Record(
                            "page_options",
                            fields("start_page end_page")
                            | {
                                "content_layers": Many(
                                    Word("page content_layers", words("page_image page_text"))
                                )
                            },
                        ),
                        "spreadsheet_options": Record(
                            "spreadsheet_options",
                            fields("sheet_index visible_cells")
                            | {
                                "content_layers": Many(
                                    Word(
                                        "spreadsheet content_layers",
                                        words("visual data formulas"),
                                    )
                                )
                            },
                        ),
                    },
                )
            },
            words=words("static"),
        ),
    },
}
"""Content type to those of its fields that have a shape of Google's."""

ANNOTATION_PARTS: Final[dict[str, dict[str, Shape]]] = {
    "place_citation": {"review_snippets": _SNIPPETS}
}

_MODALITY_TOKENS: Final = Many(
    Record("usage modality", fields("tokens") | {"modality": Word("modality", MODALITIES)})
)
USAGE: Final = Record(
    "usage",
    # total_reasoning_tokens: release 1.55. raw_prompt_token: recordings of August 2026.
    fields("""total_tokens total_input_tokens total_cached_tokens total_output_tokens
        total_thought_tokens total_reasoning_tokens total_tool_use_tokens initial_input_tokens
        raw_prompt_token""")
    | {
        "input_tokens_by_modality": _MODALITY_TOKENS,
        "output_tokens_by_modality": _MODALITY_TOKENS,
        "cached_tokens_by_modality": _MODALITY_TOKENS,
        "tool_use_tokens_by_modality": _MODALITY_TOKENS,
        "grounding_tool_count": Many(
            Record(
                "grounding_tool_count",
                fields("count")
                | {"type": Word("grounding type", words("google_search google_maps retrieval"))},
            )
        ),
    },
)
EVENT_METADATA: Final = Record("event metadata", {"total_usage": USAGE})
RESOURCE_PARTS: Final[dict[str, Shape]] = {**ASKED_PARTS, "errors": Many(ERROR)}
"""Fields of the interaction resource; its steps, input and usage have readers of their own."""
