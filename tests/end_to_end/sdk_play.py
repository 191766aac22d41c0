"""A play of many acts in Google's own SDK. It does not know whether a proxy is in between.

`play` and `play_async` return what the SDK made of each call, as plain data: two runs against two
emulators of one seed and one stepping clock must return the same, byte for byte.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from typing import Any, Final

from google import genai

MODEL: Final = "gemini-3-flash-preview"
AGENT: Final = "deep-research-preview-04-2026"
KEY: Final = "a-made-up-api-key-0123456789"
POLLS_MAX: Final = 10

WEATHER: Final = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}},
        "required": ["city"],
    },
}
PLAN: Final = {
    "type": "text",
    "mime_type": "application/json",
    "schema": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
    },
}

Outcome = tuple[str, Any]
"""Name of the act, what came of it."""

Call = tuple[str, str, dict[str, Any]]
"""Name of the act, method of the SDK, arguments. The text "$name.id" stands for an id seen before."""

SCRIPT: Final[tuple[Call, ...]] = (
    ("plain", "create", {"model": MODEL, "input": "Say hello to Tromsø. 🌞"}),
    (
        "streamed",
        "create",
        {
            "model": MODEL,
            "input": "What should I see there?",
            "tools": [{"type": "google_search"}],
            "previous_interaction_id": "$plain.id",
            "stream": True,
        },
    ),
    ("asked", "create", {"model": MODEL, "input": "Weather in Oslo?", "tools": [WEATHER]}),
    (
        "told",
        "create",
        {
            "model": MODEL,
            "input": [
                {
                    "type": "function_result",
                    "call_id": "$asked.call",
                    "name": "get_weather",
                    "result": {"celsius": 11},
                }
            ],
            "tools": [WEATHER],
            "previous_interaction_id": "$asked.id",
        },
    ),
    (
        "called in a stream",
        "create",
        {"model": MODEL, "input": "Weather in Bodø?", "tools": [WEATHER], "stream": True},
    ),
    ("structured", "create", {"model": MODEL, "input": "Plan.", "response_format": PLAN}),
    ("traceless", "create", {"model": MODEL, "input": "Keep nothing.", "store": False}),
    (
        "traceless stream",
        "create",
        {"model": MODEL, "input": "Keep nothing.", "store": False, "stream": True},
    ),
    (
        "research",
        "create",
        {
            "agent": AGENT,
            "input": "Why are nights bright there?",
            "background": True,
            "agent_config": {"type": "deep-research", "thinking_summaries": "auto"},
        },
    ),
    ("research over", "poll", {"id": "$research.id"}),
    (
        "long research",
        "create",
        {"agent": AGENT, "input": "Forever?", "background": True},
    ),
    ("cancelled", "cancel", {"id": "$long research.id"}),
    ("read", "get", {"id": "$plain.id"}),
    ("read with input", "get", {"id": "$plain.id", "include_input": True}),
    ("read as a stream", "get", {"id": "$streamed.id", "stream": True}),
    ("deleted", "delete", {"id": "$plain.id"}),
    ("read after deletion", "get", {"id": "$plain.id"}),
    ("deleted again", "delete", {"id": "$plain.id"}),
    ("unknown model", "create", {"model": "no-such-model", "input": "Hello?"}),
    ("refused", "create", {"model": "fault:status=403", "input": "Hello?"}),
    ("cut stream", "create", {"model": "fault:cut_stream=4", "input": "Hello?", "stream": True}),
    (
        "error in a stream",
        "create",
        {"model": "fault:error_event=3", "input": "Hello?", "stream": True},
    ),
    (
        "retried",
        "create",
        {"model": "fault:status=503,retry_after_ms=1,times=1", "input": "Hello?"},
    ),
    ("long", "create", {"model": "fault:size=300000", "input": "Much." * 20_000}),
)
"""In order: later acts use what earlier ones returned."""


def play(url: str) -> list[Outcome]:
    """All acts with the synchronous client."""
    with genai.Client(api_key=KEY, http_options={"base_url": url}) as client:
        seen: dict[str, Any] = {}
        return [(call[0], _act(client.interactions, seen, call)) for call in SCRIPT]


async def play_async(url: str) -> list[Outcome]:
    """All acts with the asynchronous client."""
    async with genai.Client(api_key=KEY, http_options={"base_url": url}).aio as client:
        seen: dict[str, Any] = {}
        return [(call[0], await _act_async(client.interactions, seen, call)) for call in SCRIPT]


def _act(talk: Any, seen: dict[str, Any], call: Call) -> Any:
    name, method, given = call
    arguments = _filled(given, seen)
    try:
        if method == "poll":
            return list(_poll(talk.get, arguments))
        result = getattr(talk, method)(**arguments)
        if given.get("stream"):
            return _streamed(name, list(_until_broken(result)), seen)
    except Exception as error:  # noqa: BLE001 - the SDK has several trees of exceptions: all are results
        return _told(error)
    _remember(name, result, seen)
    return _plain(result)


async def _act_async(talk: Any, seen: dict[str, Any], call: Call) -> Any:
    name, method, given = call
    arguments = _filled(given, seen)
    try:
        if method == "poll":
            return [each async for each in _poll_async(talk.get, arguments)]
        result = await getattr(talk, method)(**arguments)
        if given.get("stream"):
            return _streamed(name, [e async for e in _until_broken_async(result)], seen)
    except Exception as error:  # noqa: BLE001 - the SDK has several trees of exceptions: all are results
        return _told(error)
    _remember(name, result, seen)
    return _plain(result)


def _poll(get: Callable[..., Any], arguments: dict[str, Any]) -> Iterator[Any]:
    for _ in range(POLLS_MAX):
        result = get(**arguments)
        yield _plain(result)
        if result.status not in {"queued", "in_progress"}:
            return


async def _poll_async(
    get: Callable[..., Awaitable[Any]], arguments: dict[str, Any]
) -> AsyncIterator[Any]:
    for _ in range(POLLS_MAX):
        result = await get(**arguments)
        yield _plain(result)
        if result.status not in {"queued", "in_progress"}:
            return


def _until_broken(events: Any) -> Iterator[Any]:
    """The events; a break of the connection is one more, told by the class of the exception."""
    try:
        yield from events
    except Exception as broken:  # noqa: BLE001 - whatever the SDK raises is the result
        yield type(broken).__name__


async def _until_broken_async(events: Any) -> AsyncIterator[Any]:
    try:
        async for event in events:
            yield event
    except Exception as broken:  # noqa: BLE001 - whatever the SDK raises is the result
        yield type(broken).__name__


def _streamed(name: str, events: list[Any], seen: dict[str, Any]) -> list[Any]:
    for event in events:
        if getattr(event, "interaction", None) is not None:
            _remember(name, event.interaction, seen)
    return [_plain(event) for event in events]


def _remember(name: str, result: Any, seen: dict[str, Any]) -> None:
    seen[f"${name}.id"] = getattr(result, "id", None)
    for step in getattr(result, "steps", None) or ():
        if step.type == "function_call":
            seen[f"${name}.call"] = step.id


def _filled(value: Any, seen: dict[str, Any]) -> Any:
    if isinstance(value, dict):
        return {name: _filled(each, seen) for name, each in value.items()}
    if isinstance(value, list):
        return [_filled(each, seen) for each in value]
    return seen[value] if isinstance(value, str) and value.startswith("$") else value


def _plain(result: Any) -> Any:
    return result.model_dump(mode="json") if hasattr(result, "model_dump") else result


def _told(error: Exception) -> Any:
    return type(error).__name__, getattr(error, "code", None), str(error)
