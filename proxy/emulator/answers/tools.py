"""What tools do: functions the caller runs, and pairs of call and result for tools Google runs.

Source: the protocol reference, sections 5.3 and 7.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.structured import instance
from proxy.emulator.asked.request import CreateRequest, Json

CALLS_MAX: Final = 8
"""Parallel function calls in one answer; more matching functions than this are left for later turns."""

SUGGESTION: Final = (
    '<style>.chip{{border-radius:16px;padding:4px}}</style><div class="carousel">'
    '<a class="chip" href="https://www.google.com/search?q={query}">{query}</a></div>'
)
DULL_WORDS: Final = frozenset({"the", "and", "for", "with", "from", "this", "that", "get", "given"})


@dataclass(frozen=True, slots=True)
class Source:
    """A page that an answer cites."""

    url: str
    title: str


def signature(chance: Chance) -> str:
    """An opaque signature: base64 of bytes that mean nothing."""
    return base64.b64encode(chance.data(48)).decode()


def function_calls(request: CreateRequest, text: str, chance: Chance) -> list[Json]:
    """The calls this prompt makes a model ask for; none if the prompt does not call for any.

    A function is called when a word of its name or description stands in the prompt. With no such
    function, the first one is called if the prompt is a question or `tool_choice` is `any`.
    """
    functions = [tool for tool in request.tools if tool.get("type") == "function"]
    mode, allowed = _choice(request.config.get("tool_choice"))
    if allowed is not None:
        functions = [tool for tool in functions if tool.get("name") in allowed]
    if mode == "none" or not functions:
        return []
    spoken = _words(text)
    chosen = [tool for tool in functions if spoken & _words(_about(tool))]
    if not chosen and ("?" in text or mode == "any"):
        chosen = functions[:1]
    hints = tuple(_names(text))
    return [
        {
            "id": chance.call_id(),
            "name": str(tool.get("name", "")),
            "type": "function_call",
            "arguments": instance(tool.get("parameters") or {"type": "object"}, chance, hints),
        }
        for tool in chosen[:CALLS_MAX]
    ]


def server_pairs(
    request: CreateRequest, text: str, chance: Chance
) -> tuple[list[Json], list[Source]]:
    """Calls and results of the tools that Google runs, and the sources they give to cite."""
    steps: list[Json] = []
    sources: list[Source] = []
    for kind, make in PAIRS.items():
        if request.tool(kind) is not None:
            pair = make(request.tool(kind) or {}, text, chance)
            steps += pair
            if kind == "google_search":
                sources += cited(text)
    return steps, sources


def search_pair(query: str, chance: Chance) -> list[Json]:
    """One Google search: the call with its query, the result with its suggestions."""
    shown = SUGGESTION.format(query=re.sub(r"[^\w ]", "", query)[:80].strip())
    return _pair(
        "google_search",
        chance,
        {"arguments": {"queries": [query]}, "search_type": "web_search"},
        {"result": [{"search_suggestions": shown}]},
    )


def cited(text: str) -> list[Source]:
    """Two made-up pages, behind redirect links as search grounding gives them."""
    topic = (_names(text) or ["Trees"])[0]
    base = "https://vertexaisearch.cloud.google.com/grounding-api-redirect/emulated"
    return [
        Source(f"{base}-1", f"{topic} at a glance"),
        Source(f"{base}-2", f"Über {topic} ✓"),
    ]


def _search(_tool: Json, text: str, chance: Chance) -> list[Json]:
    return search_pair(text.strip()[:120] or "anything", chance)


def _code(_tool: Json, _text: str, chance: Chance) -> list[Json]:
    number = chance.below(1000)
    code = f"print(sum(range({number})))"
    result = f"{sum(range(number))}\n"
    return _pair(
        "code_execution",
        chance,
        {"arguments": {"language": "python", "code": code}},
        {"result": result, "is_error": False},
    )


def _urls(_tool: Json, text: str, chance: Chance) -> list[Json]:
    urls = re.findall(r"https?://[^\s\"'<>)]+", text)[:5] or ["https://example.com/"]
    found = [{"url": url, "status": "success"} for url in urls]
    return _pair("url_context", chance, {"arguments": {"urls": urls}}, {"result": found})


def _files(_tool: Json, _text: str, chance: Chance) -> list[Json]:
    return _pair("file_search", chance, {}, {})


def _maps(_tool: Json, text: str, chance: Chance) -> list[Json]:
    place = {
        "place_id": "emulated-place-1",
        "name": "Café Über",
        "url": "https://maps.google.com/?cid=1",
    }
    return _pair(
        "google_maps",
        chance,
        {"arguments": {"queries": [text.strip()[:120] or "café"]}},
        {"result": [{"places": [place]}]},
    )


def _mcp(tool: Json, _text: str, chance: Chance) -> list[Json]:
    call_id = chance.call_id()
    server = str(tool.get("name", "server"))
    named = {"name": "lookup", "server_name": server}
    call = {"type": "mcp_server_tool_call", "id": call_id, **named, "arguments": {"q": "emulated"}}
    text = [{"type": "text", "text": "emulated"}]
    return [call, {"type": "mcp_server_tool_result", "call_id": call_id, **named, "result": text}]


PAIRS: Final[dict[str, Callable[[Json, str, Chance], list[Json]]]] = {
    "google_search": _search,
    "url_context": _urls,
    "code_execution": _code,
    "file_search": _files,
    "google_maps": _maps,
    "mcp_server": _mcp,
}
"""How each tool that Google runs behaves; each is used once in an answer whose request has it."""


def _pair(kind: str, chance: Chance, call: Json, result: Json) -> list[Json]:
    call_id = chance.call_id()
    return [
        {"type": f"{kind}_call", "id": call_id, **call, "signature": signature(chance)},
        {"type": f"{kind}_result", "call_id": call_id, **result, "signature": signature(chance)},
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
    return f"{name} {tool.get('description', '')}".replace("_", " ").replace("-", " ")


def _words(text: str) -> frozenset[str]:
    words = re.findall(r"\w{3,}", text.lower().replace("_", " "))
    return frozenset(words) - DULL_WORDS


def _names(text: str) -> list[str]:
    """Words that look like names: capitalised, and not the first of a sentence."""
    return re.findall(r"(?<=[a-zà-ÿ,] )[A-ZÀ-Þ][\wà-ÿ-]+", text)[:4]
