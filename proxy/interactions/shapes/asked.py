"""What a request may say beside its input: tools, settings, formats, agents, environments.

The interaction resource may repeat all of it. Source: reference, sections 5.3 to 5.8 and 15.2;
tests/interactions/shapes/test_tables.py compares with the SDK's types, both ways.
"""

from __future__ import annotations

from typing import Final

from proxy.interactions.shapes.grammar import (
    Many,
    Named,
    OneOf,
    Record,
    Shape,
    Word,
    fields,
    words,
)

MODALITIES: Final = words("text image audio video document")
THINKING_LEVELS: Final = words("minimal low medium high xhigh")
SERVICE_TIERS: Final = words("flex standard priority deferred")
_SUMMARIES: Final = words("auto none")
_RETRIEVAL_TYPES: Final = words("vertex_ai_search rag_store exa_ai_search parallel_ai_search")
_SEARCH_TYPES: Final = words("web_search image_search enterprise_web_search")

RETRIEVAL_TYPE: Final = Word("retrieval_type", _RETRIEVAL_TYPES)
SEARCH_TYPE: Final = Word("search_type", _SEARCH_TYPES)

FUNCTION: Final = Record(
    "tool function", fields("type name description parameters defer_loading short_description")
)
_ALLOWED_TOOLS: Final = Record(
    "allowed_tools",
    fields("tools") | {"mode": Word("tool_choice", words("auto any none validated"))},
)
_RAG: Final = Record(
    "rag_store_config",
    fields("similarity_top_k vector_distance_threshold")
    | {
        "rag_resources": Many(Record("rag_resources", fields("rag_corpus rag_file_ids"))),
        "rag_retrieval_config": Record(
            "rag_retrieval_config",
            fields("top_k")
            | {
                "filter": Record(
                    "rag filter",
                    fields("metadata_filter vector_distance_threshold vector_similarity_threshold"),
                ),
                "hybrid_search": Record("hybrid_search", fields("alpha")),
                "ranking": Record(
                    "ranking",
                    fields("model_name")
                    | {
                        "rank_service": Record("rank_service", fields("model_name")),
                        "ranking_config": Word("ranking_config", words("rank_service")),
                    },
                ),
            },
        ),
    },
)
_SAFETY_POLICIES: Final = words("""financial_transactions sensitive_data_modification
    communication_tool account_creation data_modification user_consent_management
    legal_terms_and_agreements""")
TOOL: Final = OneOf(
    "tool",
    {
        "function": FUNCTION,
        "google_search": Record(
            "tool google_search", fields("type") | {"search_types": Many(SEARCH_TYPE)}
        ),
        "code_execution": Record("tool code_execution", fields("type")),
        "url_context": Record("tool url_context", fields("type")),
        "file_search": Record(
            "tool file_search", fields("type file_search_store_names top_k metadata_filter")
        ),
        "google_maps": Record("tool google_maps", fields("type latitude longitude enable_widget")),
        "computer_use": Record(
            "tool computer_use",
            # excludedPredefinedFunctions: as Python 1.55 sends it.
            fields("""type excluded_predefined_functions excludedPredefinedFunctions
                enable_prompt_injection_detection""")
            | {
                "environment": Word("computer_use environment", words("browser mobile desktop")),
                "disabled_safety_policies": Many(
                    Word("disabled_safety_policies", _SAFETY_POLICIES)
                ),
            },
        ),
        "mcp_server": Record(
            "tool mcp_server",
            fields("type name url headers") | {"allowed_tools": Many(_ALLOWED_TOOLS)},
        ),
        "retrieval": Record(
            "tool retrieval",
            fields("type")
            | {
                "retrieval_types": Many(RETRIEVAL_TYPE),
                "exa_ai_search_config": Record(
                    "exa_ai_search_config", fields("api_key custom_config")
                ),
                "parallel_ai_search_config": Record(
                    "parallel_ai_search_config", fields("api_key custom_config")
                ),
                "rag_store_config": _RAG,
                "vertex_ai_search_config": Record(
                    "vertex_ai_search_config", fields("datastores engine")
                ),
            },
        ),
        "tool_search": Record(
            "tool tool_search",
            fields("type name description parameters")
            | {"execution": Word("tool_search execution", words("server client"))},
        ),
    },
)

_ASPECT_RATIOS: Final = words("1:1 2:3 3:2 3:4 4:3 4:5 5:4 9:16 16:9 21:9 1:8 8:1 1:4 4:1")
_IMAGE_SIZE: Final = Word("image_size", words("512 1K 2K 4K"))
_DELIVERY: Final = Word("delivery", words("inline uri"))
_SPEECH: Final = fields("voice language speaker")
_VERBATIM: Final = fields("type diarization_mode timestamp_granularities")
GENERATION_CONFIG: Final = Record(
    "generation_config",
    fields("temperature top_p seed max_output_tokens stop_sequences")
    | {
        "thinking_level": Word("thinking_level", THINKING_LEVELS),
        "thinking_summaries": Word("thinking_summaries", _SUMMARIES),
        "tool_choice": Record(
            "tool_choice",
            {"allowed_tools": _ALLOWED_TOOLS},
            words=words("auto any none validated"),
        ),
        "speech_config": Many(
            Record("speech_config", _SPEECH | {"speakers": Many(Record("speakers", _SPEECH))})
        ),
        "image_config": Record(
            "image_config",
            {"aspect_ratio": Word("aspect_ratio", _ASPECT_RATIOS), "image_size": _IMAGE_SIZE},
        ),
        "video_config": Record(
            "video_config",
            {
                "task": Word(
                    "video task",
                    words("""text_to_video image_to_video reference_to_video edit extend
                        upscale"""),
                )
            },
        ),
        "transcription_config": Record(
            "transcription_config",
            fields("""language_codes custom_vocabulary adaptation_phrases language_hints
                diarization_mode timestamp_granularities""")
            | {
                "mode": OneOf(
                    "transcription mode",
                    {
                        "verbatim": Record("transcription verbatim", _VERBATIM),
                        "smart": Record("transcription smart", fields("type source_text")),
                    },
                    words=words("verbatim smart"),
                )
            },
        ),
    },
)

_SCHEMA_TYPES: Final = words("object array string number integer boolean null")
RESPONSE_FORMAT: Final = OneOf(
    "response_format",
    {
        # mimeType, sampleRate, bitRate: as Python 2.0.0 sends them.
        "text": Record(
            "response_format text",
            fields("type schema")
            | dict.fromkeys(
                ("mime_type", "mimeType"),
                Word("text mime_type", words("application/json text/plain")),
            ),
        ),
        "image": Record(
            "response_format image",
            fields("type mime_type mimeType")
            | {
                "aspect_ratio": Word("aspect_ratio", _ASPECT_RATIOS),
                "image_size": _IMAGE_SIZE,
                "delivery": _DELIVERY,
            },
        ),
        "audio": Record(
            "response_format audio",
            fields("type mime_type mimeType sample_rate sampleRate bit_rate bitRate")
            | {"delivery": _DELIVERY},
        ),
        "video": Record(
            "response_format video",
            fields("type duration gcs_uri")
            | {
                "aspect_ratio": Word("video aspect_ratio", words("16:9 9:16")),
                "resolution": Word("video resolution", words("360p 720p 1080p 4k")),
                "delivery": _DELIVERY,
            },
        ),
    },
    # A bare JSON Schema: the only form before June 2026.
    free=_SCHEMA_TYPES | frozenset(name.upper() for name in _SCHEMA_TYPES),
)

_FILE: Final = Many(Record("source_files", fields("path content")))
AGENT_CONFIG: Final = OneOf(
    "agent_config",
    {
        "deep-research": Record(
            "agent_config deep-research",
            fields("type collaborative_planning enable_bigquery_tool")
            | {
                "thinking_summaries": Word("thinking_summaries", _SUMMARIES),
                "visualization": Word("visualization", words("auto off")),
            },
        ),
        "antigravity": Record("agent_config antigravity", fields("type model max_total_tokens")),
        "code-mender": Record(
            "agent_config code-mender",
            fields("type model session_id")
            | {
                "session_config": Record("session_config", fields("max_rounds")),
                "find_request": Record(
                    "find_request",
                    fields("description finding_id")
                    | {"mode": Word("find mode", words("scan verify")), "source_files": _FILE},
                ),
                "fix_request": Record(
                    "fix_request", fields("description finding_id") | {"source_files": _FILE}
                ),
            },
        ),
        "dynamic": Record("agent_config dynamic", fields("type"), is_open=True),
    },
)

ENVIRONMENT: Final = Record(
    # A string names an environment: any word will do, so none is listed.
    "environment",
    fields("environment_id")
    | {
        "type": Word("environment type", words("remote")),
        "sources": Many(
            Record(
                "environment source",
                fields("source content encoding target")
                | {
                    "type": Word(
                        "environment source type", words("gcs inline repository skill_registry")
                    )
                },
            )
        ),
        "network": Record(
            "environment network",
            {
                "allowlist": Many(
                    Record(
                        "network allowlist",
                        fields("domain credential transform"),
                        words=words("disabled"),
                    )
                )
            },
            words=words("disabled"),
        ),
        "env": Named(Record("environment variable", fields("value credential"))),
    },
)

SAFETY_SETTING: Final = Record(
    "safety_settings",
    {
        "type": Word(
            "safety type",
            words("""hate_speech dangerous_content harassment sexually_explicit civic_integrity
                image_hate image_dangerous_content image_harassment image_sexually_explicit
                jailbreak"""),
        ),
        "threshold": Word(
            "safety threshold",
            words("""block_low_and_above block_medium_and_above block_only_high block_none
                off"""),
        ),
        "method": Word("safety method", words("severity probability")),
    },
)

ASKED_PARTS: Final[dict[str, Shape]] = {
    "tools": Many(TOOL),
    "generation_config": GENERATION_CONFIG,
    "response_format": Many(RESPONSE_FORMAT),
    "response_modalities": Many(Word("response_modalities", MODALITIES)),
    "agent_config": AGENT_CONFIG,
    "environment": ENVIRONMENT,
    "safety_settings": Many(SAFETY_SETTING),
    "service_tier": Word("service_tier", SERVICE_TIERS),
    "webhook_config": Record("webhook_config", fields("uris user_metadata")),
}
"""Fields of a request, and of the resource that repeats them."""
