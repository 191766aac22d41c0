"""Token counts by the sum rule: total = input + output + thought + tool use (reference, section 9).

The counting is made up but steady: four bytes of text are a token, media have fixed or size-bound prices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import Any, Final

import orjson

from proxy.emulator.asked.request import Json

BYTES_PER_TOKEN: Final = 4
"""Usual for English text; the emulator needs no tokenizer."""

IMAGE_TOKENS: Final = 258
"""Documented price of a small image in tokens; used for every image and document page."""

MEDIA_BYTES_PER_TOKEN: Final = 1024
"""Audio and video are counted by size; 32 tokens a second of 256 kbit/s audio comes to this."""

CACHE_BLOCK_TOKENS: Final = 1024
"""History is served from the implicit cache in whole blocks of this many tokens."""


def text_tokens(text: str) -> int:
    """Tokens of a text: one for every four bytes begun."""
    return -(-len(text.encode()) // BYTES_PER_TOKEN)


def tokens_by_modality(steps: Iterable[Json]) -> Counter[str]:
    """Tokens of all steps, by modality. Thoughts cost nothing as input; calls and results are text."""
    counts: Counter[str] = Counter()
    for step in steps:
        kind = step.get("type")
        if kind in ("user_input", "model_output"):
            for content in _contents(step):
                counts[_modality(content)] += _content_tokens(content)
        elif kind != "thought":
            counts["text"] += text_tokens(orjson.dumps(step).decode())
    return +counts


def usage(
    *,
    new_input: Counter[str],
    history: int,
    output: Counter[str],
    thought: int,
    tool_use: int,
    searches: int = 0,
) -> Json:
    """The usage object of one interaction.

    Args:
        new_input: tokens of this request's own input, by modality.
        history: tokens behind `previous_interaction_id`; counted as text input.
        output: tokens of the answer without thoughts, by modality.
        thought: thinking tokens.
        tool_use: tokens of results that server-side tools fed to the model.
        searches: queries to Google Search, to be billed as grounding.
    """
    given = Counter(new_input)
    given["text"] += history
    cached = history // CACHE_BLOCK_TOKENS * CACHE_BLOCK_TOKENS
    total_input, total_output = given.total(), output.total()
    answer: Json = {
        "total_tokens": total_input + total_output + thought + tool_use,
        "total_input_tokens": total_input,
        "input_tokens_by_modality": _listed(given),
        "total_cached_tokens": cached,
        "total_output_tokens": total_output,
        "total_tool_use_tokens": tool_use,
        "total_thought_tokens": thought,
    }
    if cached:
        answer["cached_tokens_by_modality"] = _listed(Counter(text=cached))
    if set(output) - {"text"}:
        answer["output_tokens_by_modality"] = _listed(output)
    if searches:
        answer["grounding_tool_count"] = [{"type": "google_search", "count": searches}]
    return answer


def context_tokens(counted: Json) -> int:
    """What this interaction costs as history of the next: its input and its answer, not its thoughts."""
    return int(counted["total_input_tokens"]) + int(counted["total_output_tokens"])


def _listed(counts: Counter[str]) -> list[Json]:
    return [{"modality": name, "tokens": count} for name, count in sorted((+counts).items())]


def _contents(step: Json) -> list[Json]:
    content: Any = step.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    items = content if isinstance(content, list) else [content]
    return [item for item in items if isinstance(item, dict)]


def _modality(content: Json) -> str:
    kind = content.get("type")
    return kind if kind in ("image", "audio", "video", "document") else "text"


def _content_tokens(content: Json) -> int:
    kind = content.get("type")
    if kind == "text":
        return text_tokens(str(content.get("text") or ""))
    if kind in ("image", "document"):
        return IMAGE_TOKENS
    if kind in ("audio", "video"):
        return 1 + len(str(content.get("data") or "")) // MEDIA_BYTES_PER_TOKEN
    return text_tokens(orjson.dumps(content).decode())
