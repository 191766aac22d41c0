"""The words of a create body: fields, and the closed sets that their values come from.

Source: the protocol reference, section 5. Tool, step and content types are open sets; they stand elsewhere.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

Json: TypeAlias = dict[str, Any]

TOP_LEVEL_FIELDS: Final = frozenset(
    [
        "model",
        "agent",
        "input",
        "stream",
        "background",
        "store",
        "previous_interaction_id",
        "system_instruction",
        "tools",
        "generation_config",
        "agent_config",
        "response_format",
        "response_mime_type",
        "response_modalities",
        "environment",
        "safety_settings",
        "service_tier",
        "labels",
        "webhook_config",
        "cached_content",
        "continuation_token",
    ]
)

LEGACY_REFUSED: Final = (
    "The legacy Interactions API schema is no longer supported. "
    "Upgrade to a Google GenAI SDK of version 2.0.0 or later."
)

CONTENT_TYPES: Final = frozenset({"text", "image", "audio", "video", "document"})

TIERS: Final = frozenset({"flex", "standard", "priority", "deferred"})

TOOL_CHOICES: Final = frozenset({"auto", "any", "none", "validated"})

GENERATION_WORDS: Final = {
    "thinking_level": frozenset({"minimal", "low", "medium", "high", "xhigh"}),
    "thinking_summaries": frozenset({"auto", "none"}),
}
"""Fields of `generation_config` that take a word."""

VIDEO_TASKS: Final = frozenset(
    {"text_to_video", "image_to_video", "reference_to_video", "edit", "extend", "upscale"}
)

HARMS: Final = frozenset(
    [
        "hate_speech",
        "dangerous_content",
        "harassment",
        "sexually_explicit",
        "civic_integrity",
        "image_hate",
        "image_dangerous_content",
        "image_harassment",
        "image_sexually_explicit",
        "jailbreak",
    ]
)
THRESHOLDS: Final = frozenset(
    {"block_low_and_above", "block_medium_and_above", "block_only_high", "block_none", "off"}
)
HARM_METHODS: Final = frozenset({"severity", "probability"})

_RATIOS: Final = frozenset(
    [
        "1:1",
        "2:3",
        "3:2",
        "3:4",
        "4:3",
        "4:5",
        "5:4",
        "9:16",
        "16:9",
        "21:9",
        "1:8",
        "8:1",
        "1:4",
        "4:1",
    ]
)
_DELIVERIES: Final = frozenset({"inline", "uri"})

FORMAT_WORDS: Final = {
    "text": {"mime_type": frozenset({"application/json", "text/plain"})},
    "image": {
        "aspect_ratio": _RATIOS,
        "image_size": frozenset({"512", "1K", "2K", "4K"}),
        "delivery": _DELIVERIES,
    },
    "audio": {
        "mime_type": frozenset(
            ["audio/mp3", "audio/ogg_opus", "audio/l16", "audio/wav", "audio/alaw", "audio/mulaw"]
        ),
        "delivery": _DELIVERIES,
    },
    "video": {
        "aspect_ratio": frozenset({"16:9", "9:16"}),
        "resolution": frozenset({"360p", "720p", "1080p", "4k"}),
        "delivery": _DELIVERIES,
    },
}
"""By the type of a `response_format`: its fields that take a word, in snake_case."""
