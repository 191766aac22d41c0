"""Functions that the caller runs: which ones a prompt calls, loaded at once or found by a tool search.

Source: the protocol reference, sections 5.3 and 7.
"""

from __future__ import annotations

import re
from typing import Final

from proxy.emulator.answers.occasion import Occasion
from proxy.emulator.answers.structured import instance
from proxy.emulator.answers.tools.pairs import names_in, pair
from proxy.emulator.asked.request import Json

CALLS_MAX: Final = 8
"""Parallel function calls in one answer; more matching functions than this are left for later turns."""

DULL_WORDS: Final = frozenset({"the", "and", "for", "with", "from", "this", "that", "get", "given"})

ORDERED: Final[Json] = {"type": "function", "name": "emulated_function"}
"""What is called if a prompt orders a call and the request has no function."""


def calls(occasion: Occasion) -> list[Json]:
    """Calls that the caller has to answer, with the tool search that found them; none if none is due.

    A function is called when a word of its name or description stands in the prompt. With no such
    function, the first one is called if the prompt is a question or `tool_choice` forces a call.
    When the input ends with results it is the model's turn to speak, unless they declare functions.
    """
    if occasion.is_plain:
        return []
    mode, allowed = _choice(occasion.config.get("tool_choice"))
    loaded = _loaded(occasion)
    if mode == "none" or (occasion.results and not loaded):
        return []
    functions = [tool for tool in occasion.tools if tool.get("type") == "function"]
    if "function_call" in occasion.orders and not functions:
        functions = [ORDERED]
    if allowed is not None:
        functions = [tool for tool in functions if tool.get("name") in allowed]
    search = occasion.request.tool("tool_search")
    if search is None and "tool_search" in occasion.orders:
        search = {"type": "tool_search"}
    is_forced = (
        "?" in occasion.text
        or mode == "any"
        or bool(loaded)
        or "function_call" in (occasion.orders)
    )
    if search is None:
        return _called(_chosen(functions, occasion, is_forced=is_forced), occasion)
    ready = [tool for tool in functions if not tool.get("defer_loading")] + loaded
    hidden = [tool for tool in functions if tool.get("defer_loading")]
    return _searched(search, ready, hidden, occasion, is_forced=is_forced)


def _searched(
    search: Json, ready: list[Json], hidden: list[Json], occasion: Occasion, *, is_forced: bool
) -> list[Json]:
    """Calls of functions at hand, or else a search: ours with its result, or one the caller runs."""
    fitting = _chosen(ready, occasion, is_forced=False)
    if fitting:
        return _called(fitting, occasion)
    if search.get("execution") == "client":
        if ready and is_forced:
            return _called(ready[:1], occasion)
        if not is_forced and not _chosen(hidden, occasion, is_forced=False):
            return []
        asked = {
            "name": search.get("name") or "tool_search",
            "parameters": search.get("parameters"),
        }
        return _called([asked], occasion)
    found = _chosen(hidden, occasion, is_forced=is_forced)
    if not found and "tool_search" not in occasion.orders:
        return _called(ready[:1], occasion) if is_forced else []
    names = [str(tool.get("name", "")) for tool in found]
    shown = [{k: v for k, v in tool.items() if k != "defer_loading"} for tool in found]
    steps = pair(
        "tool_search", occasion.chance, {"arguments": {"function_names": names}}, {"result": shown}
    )
    return [*steps, *_called(found, occasion)]


def _loaded(occasion: Occasion) -> list[Json]:
    """Functions that the caller's own tool search declares in a result."""
    return [
        item
        for result in occasion.results
        for item in (result["result"] if isinstance(result.get("result"), list) else ())
        if isinstance(item, dict) and item.get("type") == "function"
    ]


def _chosen(functions: list[Json], occasion: Occasion, *, is_forced: bool) -> list[Json]:
    if not functions:
        return []
    spoken = _words(occasion.text)
    chosen = [tool for tool in functions if spoken & _words(_about(tool))]
    return chosen or (functions[:1] if is_forced else [])


def _called(functions: list[Json], occasion: Occasion) -> list[Json]:
    hints = tuple(names_in(occasion.text)) if functions else ()
    chance = occasion.chance
    return [
        {
            "id": chance.call_id(),
            "name": str(tool.get("name", "")),
            "type": "function_call",
            "arguments": instance(tool.get("parameters") or {"type": "object"}, chance, hints),
        }
        for tool in functions[:CALLS_MAX]
    ]


def _choice(value: object) -> tuple[str, frozenset[str] | None]:
    """The mode of `tool_choice`, and the names it allows if it names any."""
    if isinstance(value, dict):
        allowed = value.get("allowed_tools")
        if isinstance(allowed, dict):
            names = allowed.get("tools")
            listed = frozenset(map(str, names)) if isinstance(names, list) else None
            return str(allowed.get("mode", "auto")), listed
    return (value, None) if isinstance(value, str) else ("auto", None)


def _about(tool: Json) -> str:
    name = re.sub(r"([a-z])([A-Z])", r"\1 \2", str(tool.get("name", "")))
    said = tool.get("description") or tool.get("short_description") or ""
    return f"{name} {said}".replace("_", " ").replace("-", " ")


def _words(text: str) -> frozenset[str]:
    words = re.findall(r"\w{3,}", text.lower().replace("_", " "))
    return frozenset(words) - DULL_WORDS
