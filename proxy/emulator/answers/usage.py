"""Token counts by the sum rule: total = input + output + thought + tool use (reference, section 9).

The counting is made up but steady: four bytes of text are a token, media have fixed or size-bound prices.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import orjson

from proxy.emulator.answers.composition import Context
from proxy.emulator.asked.request import CreateRequest, Json

BYTES_PER_TOKEN: Final = 4
"""Usual for English text; the emulator needs no tokenizer."""

IMAGE_TOKENS: Final = {"low": 64, "medium": 258, "high": 1120, "ultra_high": 2240}
"""Price of an image or a document by its `resolution`; 258 is the documented one of a small image."""

MEDIA_BYTES_PER_TOKEN: Final = 1024
"""Audio and video are counted by size; 32 tokens a second of 256 kbit/s audio comes to this."""

CACHE_BLOCK_TOKENS: Final = 1024
"""History is served from the implicit cache in whole blocks of this many tokens."""

THOUGHT_TOKENS: Final = {"minimal": 0, "low": 24, "medium": 96, "high": 222, "xhigh": 480}
"""Thinking tokens of one thought, by `thinking_level`."""

GROUNDING_CALLS: Final = {
    "google_search_call": "google_search",
    "google_maps_call": "google_maps",
    "retrieval_call": "retrieval",
}
"""Calls that are billed by their queries, and their names in `grounding_tool_count`."""

MEDIA: Final = frozenset({"image", "audio", "video", "document"})


def text_tokens(text: str) -> int:
    """Tokens of a text: one for every four bytes begun."""
    size = len(text) if text.isascii() else len(text.encode())
    return -(-size // BYTES_PER_TOKEN)


def tokens_by_modality(steps: Iterable[Json]) -> Counter[str]:
    """Tokens of all steps, by modality. Thoughts cost nothing as input; calls and results are text.

    Media within the result of a tool count under their own modality.
    """
    return +Counter(_tokens(steps))


def _tokens(steps: Iterable[Json]) -> dict[str, int]:
    """The same as a plain dict, which is faster; zeros may be among them."""
    counts = {"text": 0}
    for step in steps:
        kind = step.get("type")
        if kind in ("user_input", "model_output"):
            _add_contents(counts, step.get("content"))
        elif kind != "thought":
            media = _media_within(step.get("result"))
            _add_contents(counts, media)
            kept = [item for item in step["result"] if item not in media] if media else None
            counts["text"] += _json_tokens(step | {"result": kept} if media else step)
    return counts


def counted(request: CreateRequest, context: Context, steps: Sequence[Json]) -> Json:
    """The usage of an answer that consists of these steps."""
    level = str(request.config.get("thinking_level", "medium"))
    spoken: list[Json] = []
    results: list[Json] = []
    thoughts = 0
    grounding: dict[str, int] = {}
    for step in steps:
        kind = str(step["type"])
        if kind in ("model_output", "function_call"):
            spoken.append(step)
        elif kind == "thought":
            thoughts += 1
        elif kind.endswith("_result"):
            results.append(step)
        elif kind in GROUNDING_CALLS:
            tool = GROUNDING_CALLS[kind]
            grounding[tool] = grounding.get(tool, 0) + _queries(step)
    given = _tokens(request.steps)
    if told := request.system_instruction:
        given["text"] += text_tokens(told)
    answer = usage(
        new_input=given,
        history=_history(context),
        output=_tokens(spoken),
        thought=THOUGHT_TOKENS.get(level, THOUGHT_TOKENS["medium"]) * thoughts,
        tool_use=_tokens(results) if results else {},
        grounding=grounding,
    )
    if context.hops_left is not None:
        first = context.initial_input
        answer["initial_input_tokens"] = answer["total_input_tokens"] if first is None else first
    return answer


def usage(
    *,
    new_input: Mapping[str, int],
    history: Mapping[str, int],
    output: Mapping[str, int],
    thought: int,
    tool_use: Mapping[str, int],
    grounding: Mapping[str, int],
) -> Json:
    """The usage object of one interaction.

    Args:
        new_input: tokens of this request's own input, by modality.
        history: tokens behind `previous_interaction_id`, by modality; input as well.
        output: tokens of the answer without thoughts, by modality.
        thought: thinking tokens.
        tool_use: tokens of results that server-side tools fed to the model, by modality.
        grounding: queries by tool, to be billed as grounding.
    """
    given = dict(new_input)
    for name, count in history.items():
        given[name] = given.get(name, 0) + count
    cached = history.get("text", 0) // CACHE_BLOCK_TOKENS * CACHE_BLOCK_TOKENS
    total_input, total_output = sum(given.values()), sum(output.values())
    total_tool_use = sum(tool_use.values())
    answer: Json = {
        "total_tokens": total_input + total_output + thought + total_tool_use,
        "total_input_tokens": total_input,
        "input_tokens_by_modality": _listed(given),
        "total_cached_tokens": cached,
        "total_output_tokens": total_output,
        "total_tool_use_tokens": total_tool_use,
        "total_thought_tokens": thought,
    }
    if cached:
        answer["cached_tokens_by_modality"] = [{"modality": "text", "tokens": cached}]
    if MEDIA.intersection(output):
        answer["output_tokens_by_modality"] = _listed(output)
    if total_tool_use:
        answer["tool_use_tokens_by_modality"] = _listed(tool_use)
    if grounding:
        answer["grounding_tool_count"] = [
            {"type": name, "count": count} for name, count in sorted(grounding.items())
        ]
    return answer


def _history(context: Context) -> dict[str, int]:
    """The history by modality: media as they were counted when they came, all the rest as text."""
    counts: dict[str, int] = {}
    left = context.history
    for step in context.before:
        kind = step.get("type")
        items = step.get("content" if kind in ("user_input", "model_output") else "result")
        for item in _media_within(items):
            tokens = min(_content_tokens(item), left)
            counts[item["type"]] = counts.get(item["type"], 0) + tokens
            left -= tokens
    return counts | {"text": left}


def context_tokens(counted: Json) -> int:
    """What this interaction costs as history of the next: its input and its answer, not its thoughts."""
    return int(counted["total_input_tokens"]) + int(counted["total_output_tokens"])


def running(whole: Json, steps: Sequence[Json]) -> Iterator[tuple[Json, Json]]:
    """Usage up to the end of each step, and of that step alone, as agents report it (section 9.2).

    The running counts never fall and end at `whole`; the steps' own add up to it without the input.
    """
    parts = ("output", "tool_use", "thought")
    left = {part: int(whole.get(f"total_{part}_tokens", 0)) for part in parts}
    total_input = int(whole.get("total_input_tokens", 0))
    thoughts = sum(step["type"] == "thought" for step in steps)
    per_thought = left["thought"] // thoughts if thoughts else 0
    spent = dict.fromkeys(parts, 0)
    for place, step in enumerate(steps, 1):
        own = dict.fromkeys(parts, 0)
        if place == len(steps):
            own = dict(left)
        else:
            part, amount = _share(step, per_thought)
            own[part] = min(amount, left[part])
        for part in parts:
            left[part] -= own[part]
            spent[part] += own[part]
        yield _totals(total_input, spent), _totals(0, own)


def _share(step: Json, per_thought: int) -> tuple[str, int]:
    """Which part of the usage a step belongs to, and how much of it is its own."""
    kind = str(step["type"])
    if kind == "thought":
        return "thought", per_thought
    if kind in ("model_output", "function_call"):
        return "output", sum(_tokens([step]).values())
    if kind.endswith("_result"):
        return "tool_use", sum(_tokens([step]).values())
    return "output", 0


def _totals(given: int, spent: Mapping[str, int]) -> Json:
    return {
        "total_tokens": given + sum(spent.values()),
        "total_input_tokens": given,
        "total_cached_tokens": 0,
        "total_output_tokens": spent["output"],
        "total_tool_use_tokens": spent["tool_use"],
        "total_thought_tokens": spent["thought"],
    }


def _queries(call: Json) -> int:
    """How many queries a call makes; one if it does not say."""
    arguments = call.get("arguments")
    queries = arguments.get("queries") if isinstance(arguments, dict) else None
    return len(queries) if isinstance(queries, list) and queries else 1


def _listed(counts: Mapping[str, int]) -> list[Json]:
    return [{"modality": name, "tokens": count} for name, count in sorted(counts.items()) if count]


def _add_contents(counts: dict[str, int], content: Any) -> None:
    if isinstance(content, str):
        counts["text"] += text_tokens(content)
        return
    for item in content if isinstance(content, list) else [content]:
        if isinstance(item, dict):
            kind = item.get("type")
            modality = kind if isinstance(kind, str) and kind in MEDIA else "text"
            counts[modality] = counts.get(modality, 0) + _content_tokens(item)


def _media_within(items: Any) -> list[Json]:
    if not isinstance(items, list):
        return []
    return [i for i in items if isinstance(i, dict) and str(i.get("type")) in MEDIA]


def _content_tokens(content: Json) -> int:
    kind = content.get("type")
    if kind == "text":
        return text_tokens(str(content.get("text") or ""))
    if kind in ("image", "document"):
        return IMAGE_TOKENS.get(str(content.get("resolution")), IMAGE_TOKENS["medium"])
    if kind in ("audio", "video"):
        return 1 + len(str(content.get("data") or "")) // MEDIA_BYTES_PER_TOKEN
    return _json_tokens(content)


def _json_tokens(value: Json) -> int:
    return -(-len(orjson.dumps(value)) // BYTES_PER_TOKEN)
