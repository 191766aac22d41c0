"""What a recorded request looked like, as the `when` of a turn. Pure.

Only what tells requests apart goes in: no tools beyond their names, no headers, no credentials.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

from proxy.reading.cassette.exchanges import Json, Passed

INPUT_CHARACTERS_MAX: Final = 2000
"""Longer inputs are told by their beginning: a book in a prompt need not stand in the script."""

BEGINNING_CHARACTERS: Final = 400

_MEDIA: Final = ("image", "audio", "video", "document")


def when_of(passed: Passed, by_id: Mapping[str, Json], by_token: Mapping[str, Json]) -> Json:
    """The conditions of a turn; the maps give earlier turns by interaction id and continuation token."""
    request = passed.request
    when: Json = {}
    for name in ("model", "agent"):
        if isinstance(request.get(name), str):
            when[name] = request[name]
    previous, token = request.get("previous_interaction_id"), request.get("continuation_token")
    if not previous:
        when["previous"] = "none"
    elif previous in by_id:
        when["previous"] = by_id[previous]["name"]
    if isinstance(token, str) and token in by_token:
        when["continues"] = by_token[token]["name"]
    if text := _input(passed):
        when["input"] = text
    results = [result["call_id"] for result in _results(passed.asked) if result.get("call_id")]
    if results:
        when["result_of"] = results
    tools = request.get("tools")
    names = [_tool_name(tool) for tool in tools] if isinstance(tools, list) else []
    if names:
        when["tools"] = list(dict.fromkeys(names))
    for name in ("stream", "background"):
        if request.get(name) is True:
            when[name] = True
    if request.get("store") is False:
        when["store"] = False
    return when


def _input(passed: Passed) -> str | Json:
    contents = list(_contents(passed.asked))
    texts = [content["text"] for content in contents if isinstance(content.get("text"), str)]
    text = "\n".join(texts)
    media = [kind for kind in _MEDIA if any(content.get("type") == kind for content in contents)]
    if not media and len(text) <= INPUT_CHARACTERS_MAX:
        return text
    wanted: Json = {"has": media} if media else {}
    if text:
        wanted["contains"] = text[:BEGINNING_CHARACTERS]
    return wanted


def _contents(steps: tuple[Json, ...]) -> Iterator[Json]:
    """Contents of the caller's last words: behind the last step of the model."""
    last = 0
    for place, step in enumerate(steps):
        if step.get("type") not in ("user_input", "function_result"):
            last = place + 1
    for step in steps[last:]:
        if step.get("type") == "user_input":
            yield from _parts(step.get("content"))


def _results(steps: tuple[Json, ...]) -> Iterator[Json]:
    for step in steps:
        if step.get("type") == "function_result":
            yield step
        else:
            parts = _parts(step.get("content"))
            yield from (part for part in parts if part.get("type") == "function_result")


def _parts(content: Any) -> Iterator[Json]:
    for part in content if isinstance(content, list) else [content]:
        if isinstance(part, str):
            yield {"type": "text", "text": part}
        elif isinstance(part, dict):
            yield part


def _tool_name(tool: Any) -> str:
    given = tool if isinstance(tool, dict) else {}
    return str(given.get("name") or given.get("type") or "unknown")
