"""What the emulator answers: steps, status and usage for a request. Deterministic given the chance.

Order of steps as recordings show it (reference, section 7): thought, tool pairs, output; or thought and
function calls with status `requires_action`.
"""

from __future__ import annotations

from typing import Any, Final

import orjson

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.composition import Composition, Context
from proxy.emulator.answers.media.made import made
from proxy.emulator.answers.media.seen import seen
from proxy.emulator.answers.structured import instance
from proxy.emulator.answers.tools import (
    Source,
    cited,
    function_calls,
    search_pair,
    server_pairs,
    signature,
)
from proxy.emulator.answers.usage import BYTES_PER_TOKEN, counted, text_tokens
from proxy.emulator.asked import catalogue
from proxy.emulator.asked.faults import Wishes
from proxy.emulator.asked.request import CreateRequest, Json

SENTENCES: Final = (
    "The short answer is yes, with two reservations.",
    "Larches lose their needles in autumn; firs do not.",
    "Measured twice, the result was the same to the third digit.",
    "In Tromsø the sun stays up from May to July ✓.",
    "Nothing in the sources contradicts this.",
    "A second look at the numbers is worth the time.",
    "Grüße aus Zürich: the café opens at seven.",
    "That holds for small inputs, and the large ones follow.",
    "日本語の例もあります。",
    "Keep the original, and note what was changed.",
)
THOUGHTS: Final = (
    "**Reading the question**\n\nI look at what is asked and what is already known.",
    "**Weighing the sources**\n\nTwo of them agree; the third is older.",
    "**Writing it down**\n\nA short answer first, the reasons after it.",
)
HOP_TOKENS_STREAM: Final = 64 * 1024
HOP_TOKENS_UNARY: Final = 32 * 1024
"""Documented limits of one request's decode (reference, section 11)."""

NO_LIMIT: Final = 2**62
"""More tokens than any answer has."""


def compose(
    request: CreateRequest, context: Context, wishes: Wishes, chance: Chance
) -> Composition:
    """Decide the whole answer at once; a stream and a background run only show it piece by piece."""
    text = prompt(request.steps)
    hops_left = _hops_left(request, context, wishes)
    if wishes.ending == "failed":
        error = {"code": "api_error", "message": "Emulated failure."}
        return Composition((), "failed", counted(request, context, []), (error,))
    if request.is_deep_research:
        steps = _research(request, text, chance)
    else:
        steps = _think(request, text, chance)
        calls = [] if _is_answered(request.steps) else function_calls(request, text, chance)
        if calls:
            steps += calls
            return Composition(tuple(steps), "requires_action", counted(request, context, steps))
        steps += _output(request, context, wishes, text, chance)
    status = "completed"
    if hops_left:
        status = "requires_continuation"
    elif _shorten(steps, request.config.get("max_output_tokens")):
        status = "incomplete"
    return Composition(
        tuple(steps),
        wishes.ending or status,
        counted(request, context, steps),
        hops_left=hops_left,
    )


def prompt(steps: tuple[Json, ...]) -> str:
    """The text of the last step that has some: what the answer is about."""
    for step in reversed(steps):
        content: Any = step.get("content", step.get("result"))
        items = content if isinstance(content, list) else [content]
        texts = [item if isinstance(item, str) else item.get("text") for item in items if item]
        joined = " ".join(text for text in texts if isinstance(text, str))
        if joined:
            return joined
    return ""


def _is_answered(steps: tuple[Json, ...]) -> bool:
    """Whether the input ends with function results: then it is the model's turn to speak."""
    for step in reversed(steps):
        if step.get("type") == "function_result":
            return True
        if step.get("type") == "user_input":
            contents = step.get("content")
            items = contents if isinstance(contents, list) else []
            return any(isinstance(c, dict) and c.get("type") == "function_result" for c in items)
    return False


def _think(request: CreateRequest, text: str, chance: Chance) -> list[Json]:
    step: Json = {"signature": signature(chance), "type": "thought"}
    if request.config.get("thinking_summaries") == "auto":
        summary = f"{chance.pick(THOUGHTS)} The prompt has {len(text.split())} words."
        step["summary"] = [{"text": summary, "type": "text"}]
    return [step]


def _research(request: CreateRequest, text: str, chance: Chance) -> list[Json]:
    """Deep Research: thoughts and searches in turn, then a long report with its sources."""
    steps: list[Json] = []
    config = request.raw.get("agent_config")
    is_shown = isinstance(config, dict) and config.get("thinking_summaries") == "auto"
    for thought in THOUGHTS:
        step: Json = {"signature": signature(chance), "type": "thought"}
        if is_shown:
            step["summary"] = [{"text": thought, "type": "text"}]
        steps += [step, *search_pair(f"{text[:60]} {chance.pick(THOUGHTS)[2:9]}", chance)]
    paragraphs = [f"# Report\n\nOn “{_excerpt(text)}”."]
    paragraphs += [
        f"## Part {number}\n\n" + " ".join(chance.pick(SENTENCES) for _ in range(8))
        for number in range(1, 6)
    ]
    return [*steps, _spoken("\n\n".join(paragraphs), cited(text))]


def _output(
    request: CreateRequest, context: Context, wishes: Wishes, text: str, chance: Chance
) -> list[Json]:
    contents = made(request, wishes.output_bytes or 0, chance)
    if contents is not None:
        return [{"content": contents, "type": "model_output"}]
    pairs, sources = server_pairs(request, text, chance)
    schema = response_schema(request.raw)
    if schema is not None:
        said = orjson.dumps(instance(schema, chance)).decode()
        return [*pairs, _spoken(said, [])]
    if wishes.output_bytes is not None:
        size = min(wishes.output_bytes, _hop_tokens(request) * BYTES_PER_TOKEN)
        return [*pairs, _spoken(_sized(size, chance), [])]
    sentences = [chance.pick(SENTENCES) for _ in range(2 + chance.below(3))]
    done = f"wrote “{_excerpt(text)}”" if text else "gave a result"
    opening = f"In turn {context.turn} you {done}."
    if context.hops_left is not None:
        opening = "To continue:"
    shown = seen(request.steps)
    spoken = [opening, shown, *sentences] if shown else [opening, *sentences]
    return [*pairs, _spoken(" ".join(spoken), sources)]


def response_schema(raw: Json) -> object | None:
    """The JSON Schema an answer has to fit, in any spelling of any SDK; None for free text."""
    formats = raw.get("response_format")
    for entry in formats if isinstance(formats, list) else [formats]:
        if not isinstance(entry, dict):
            continue
        kind = entry.get("type")
        if kind == "text":
            mime_type = entry.get("mime_type", entry.get("mimeType"))
            if "schema" in entry or mime_type == "application/json":
                return entry.get("schema") or {"type": "object"}
        elif kind not in ("image", "audio", "video"):
            return entry
    return {"type": "object"} if raw.get("response_mime_type") == "application/json" else None


def _spoken(text: str, sources: list[Source]) -> Json:
    content: Json = {"text": text, "type": "text"}
    if sources:
        content["annotations"] = [_citation(text, i, s) for i, s in enumerate(sources)]
    return {"content": [content], "type": "model_output"}


def _citation(text: str, index: int, source: Source) -> Json:
    """A citation of one sentence; its bounds count bytes of UTF-8, not characters."""
    ends = [place for place, letter in enumerate(text) if letter == "."] or [len(text) - 1]
    last = ends[min(index, len(ends) - 1)] + 1
    first = ends[index - 1] + 1 if 0 < index < len(ends) else 0
    return {
        "type": "url_citation",
        "url": source.url,
        "title": source.title,
        "start_index": len(text[:first].encode()),
        "end_index": len(text[:last].encode()),
    }


def _sized(size: int, chance: Chance) -> str:
    """ASCII text of exactly `size` bytes."""
    sentence = f"{chance.pick([s for s in SENTENCES if s.isascii()])} "
    return (sentence * (size // len(sentence) + 1))[:size]


def _excerpt(text: str) -> str:
    return text if len(text) <= 80 else text[:77] + "…"


def _shorten(steps: list[Json], limit: object) -> bool:
    """Cut the text to `max_output_tokens`; whether that was needed."""
    if not isinstance(limit, int) or steps[-1]["type"] != "model_output":
        return False
    content = steps[-1]["content"][0]
    text = content.get("text")
    if not isinstance(text, str) or text_tokens(text) <= limit:
        return False
    kept = text.encode()[: limit * BYTES_PER_TOKEN].decode(errors="ignore")
    steps[-1] = {"content": [{"text": kept, "type": "text"}], "type": "model_output"}
    return True


def _hops_left(request: CreateRequest, context: Context, wishes: Wishes) -> int:
    """How many requests a long decode still needs after this one."""
    if context.hops_left is not None:
        return context.hops_left - 1
    if request.is_background or request.model is None:
        return 0
    if wishes.hops:
        return wishes.hops - 1
    wanted = (wishes.output_bytes or 0) // BYTES_PER_TOKEN
    return max(0, -(-wanted // _hop_tokens(request)) - 1)


def _hop_tokens(request: CreateRequest) -> int:
    """How many tokens one request decodes at most; only models with a documented limit have one."""
    has_limit = catalogue.bare(request.name) in catalogue.LONG_DECODE_MODELS
    if request.is_background or not has_limit:
        return NO_LIMIT
    return HOP_TOKENS_STREAM if request.is_streaming else HOP_TOKENS_UNARY
