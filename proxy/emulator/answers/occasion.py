"""What one answer is made for: the request, its prompt, what the prompt orders, and chance.

A prompt may order any type of step, content, annotation or ending, so that each can be had without a
script: `emulate: google_search, word_info`. `ORDERS` lists the words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.composition import Context
from proxy.emulator.asked.input import contents_of, function_results
from proxy.emulator.asked.request import CreateRequest, Json

BLOCKED: Final = {
    "safety": "dangerous_content",
    "recitation": None,
    "language": None,
    "prohibited_content": None,
    "spii": None,
    "blocklist": None,
    "content_blocked": None,
    "image_safety": "image_dangerous_content",
    "image_prohibited_content": None,
    "image_recitation": None,
    "image_other": None,
}
"""Codes of blocked output, and the harm whose threshold `off` or `block_none` lets it pass."""

FAILED: Final = (
    "malformed_function_call",
    "malformed_tool_call",
    "unexpected_tool_call",
    "no_image",
    "too_many_tool_calls",
    "missing_thought_signature",
)
"""Codes of a failed generation (reference, section 13.2)."""

SERVER_TOOLS: Final = (
    "google_search",
    "url_context",
    "code_execution",
    "file_search",
    "google_maps",
    "mcp_server",
    "retrieval",
)
"""Tools that Google runs, in the order in which an answer uses them."""

ANNOTATIONS: Final = (
    "url_citation",
    "file_citation",
    "place_citation",
    "word_info",
    "speech_metadata",
)

ORDERS: Final[dict[str, str]] = {
    **{kind: f"use the tool {kind}, whether the request has it or not" for kind in SERVER_TOOLS},
    "error": "let the results of tools be errors, where they can be",
    "bash": "execute code in bash, not in Python",
    "function_call": "call a function, also if the request has none",
    "function_result": "run a function on the server: a call and its result",
    "computer_use": "act on a computer, whether the request has the tool or not",
    "tool_search": "search for tools, whether the request has the tool or not",
    "processing": "analyse media on the server, whether there are any or not",
    "thought": "think, also if the model or its level does not",
    "summary_image": "put a picture into the thought's summary",
    **{kind: f"answer with {kind} content" for kind in ("image", "audio", "video", "document")},
    **{kind: f"annotate the text with {kind}" for kind in ANNOTATIONS},
    "checkpoint": "offer a continuation token after every step of the stream",
    "incomplete": "end with that status",
    "budget_exceeded": "end with that status",
    "failed": "end with that status and an error",
    "unknown_step": "add a step of a type that no release knows",
    **{code: f"block the output: {code}" for code in BLOCKED},
    **{code: f"fail: {code}" for code in FAILED},
}
"""Every word that may stand behind `emulate:`, and what it does."""

NO_ORDERS: Final[frozenset[str]] = frozenset()

ORDER_LINE: Final = re.compile(r"emulate:[ \t]*([\w ,]+)")


@dataclass(frozen=True, slots=True)
class Occasion:
    """One request with all that its answer follows from; what is looked at often is at hand."""

    request: CreateRequest
    context: Context
    text: str
    """The text that the answer is about."""
    orders: frozenset[str]
    """What the prompt orders, in words of `ORDERS`."""
    config: Json
    """`generation_config`, or an empty object."""
    tools: tuple[Json, ...]
    results: tuple[Json, ...]
    """The function results at the end of the input, after the last text of the user."""
    chance: Chance

    @property
    def is_plain(self) -> bool:
        """Whether there is neither a tool nor an order: most prompts of a load test."""
        return not (self.tools or self.orders)

    @property
    def query(self) -> str:
        """The prompt, as short as a query to a search engine."""
        return self.text.strip()[:120] or "anything"


def occasion(request: CreateRequest, context: Context, chance: Chance) -> Occasion:
    """The request with its prompt; where the input has no text, the conversation's last prompt."""
    text = prompt(request.steps)
    if not text and context.before:
        text = prompt(step for step in context.before if step.get("type") == "user_input")
    # What continues a long decode is the rest of its text: tools and orders had their turn.
    is_first = context.hops_left is None
    return Occasion(
        request=request,
        context=context,
        text=text,
        orders=_orders(text) if is_first and "emulate:" in text else NO_ORDERS,
        config=request.config,
        tools=request.tools if is_first else (),
        results=_results(request.steps),
        chance=chance,
    )


def prompt(steps: Iterable[Json]) -> str:
    """The text of the last step that has some: what the answer is about."""
    for step in reversed(tuple(steps)):
        content: Any = step.get("content", step.get("result"))
        items = content if isinstance(content, list) else [content]
        texts = [
            item if isinstance(item, str) else item.get("text", item.get("result"))
            for item in items
            if isinstance(item, (str, dict))
        ]
        joined = " ".join(text for text in texts if isinstance(text, str))
        if joined:
            return joined
    return ""


def _orders(text: str) -> frozenset[str]:
    found = ORDER_LINE.findall(text)
    return frozenset(word for line in found for word in re.split(r"\W+", line)) & ORDERS.keys()


def _results(steps: tuple[Json, ...]) -> tuple[Json, ...]:
    found: list[Json] = []
    for step in reversed(steps):
        if _is_prompt(step):
            break
        found[:0] = function_results((step,))
    return tuple(found)


def _is_prompt(step: Json) -> bool:
    return step.get("type") == "user_input" and any(
        content.get("type") != "function_result" for content in contents_of(step)
    )
