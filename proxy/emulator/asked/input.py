"""The input of a create request, brought from all its spellings to one: a list of steps.

Source: the protocol reference, sections 5.2 (forms) and 15.2 (the old schema's turns).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from proxy.emulator.asked.refusals import invalid
from proxy.emulator.asked.vocabulary import CONTENT_TYPES, LEGACY_REFUSED, Json


def steps_of(value: object, *, is_legacy: bool) -> tuple[Json, ...]:
    """Steps from every form of `input`: text, one content, contents, steps, the old turns.

    Raises:
        Refusal: 400 for what is none of them, and for old turns unless `is_legacy`.
    """
    if value is None:
        return ()
    if isinstance(value, str):
        return (_user([{"type": "text", "text": value}]),)
    items: list[Any] = value if isinstance(value, list) else [value]
    if not all(isinstance(item, dict) for item in items):
        raise invalid("input must be a string, a content, or a list of contents or steps.")
    if any("role" in item and "type" not in item for item in items):
        if not is_legacy:
            raise invalid(LEGACY_REFUSED)
        return tuple(step for item in items for step in _turn(item))
    return _grouped(items)


def contents_of(step: Json) -> list[Json]:
    """The contents of a step, whether it gives a text, one content or a list of them."""
    content: Any = step.get("content")
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    items = content if isinstance(content, list) else [content]
    return [item for item in items if isinstance(item, dict)]


def function_results(steps: Iterable[Json]) -> Iterator[Json]:
    """The results a caller brings, as steps of their own or inside a `user_input`."""
    for step in steps:
        if step.get("type") == "function_result":
            yield step
        elif step.get("type") == "user_input":
            yield from (c for c in contents_of(step) if c.get("type") == "function_result")


def check_results(given: tuple[Json, ...], before: tuple[Json, ...]) -> None:
    """Refuse a result that answers no call, neither of the conversation so far nor of the input.

    Raises:
        Refusal: 400 `invalid_request`.
    """
    results = list(function_results(given))
    if not results:
        return
    calls = {step.get("id") for step in (*before, *given) if _is_named_call(step)}
    for result in results:
        call_id = result.get("call_id")
        if not isinstance(call_id, str):
            raise invalid("every function_result needs a call_id, which is a string.")
        if call_id not in calls:
            raise invalid(
                f"function_result answers call_id {call_id!r}, but this conversation "
                "has no function_call with that id."
            )


def _is_named_call(step: Json) -> bool:
    return step.get("type") == "function_call" and isinstance(step.get("id"), str)


def _grouped(items: list[Json]) -> tuple[Json, ...]:
    """Neighbouring contents become one `user_input`; steps stay as they are."""
    steps: list[Json] = []
    contents: list[Json] = []
    for item in items:
        if _type_of(item) in CONTENT_TYPES:
            if not contents:
                steps.append(_user(contents))
            contents.append(item)
            continue
        contents = []
        steps.append(item)
    return tuple(steps)


def _turn(turn: Json) -> tuple[Json, ...]:
    """One old-schema turn, `{role, content}`, as steps."""
    content = turn.get("content")
    contents = [{"type": "text", "text": content}] if isinstance(content, str) else content
    if not isinstance(contents, list) or not all(isinstance(item, dict) for item in contents):
        raise invalid("a turn's content must be a string or a list of contents.")
    if turn.get("role") != "model":
        return _grouped(contents)
    return tuple(
        {"type": "model_output", "content": [item]} if _type_of(item) in CONTENT_TYPES else item
        for item in contents
    )


def _type_of(item: Json) -> str:
    kind = item.get("type")
    if not isinstance(kind, str):
        raise invalid("every element of input needs a type.")
    return kind


def _user(contents: list[Json]) -> Json:
    return {"type": "user_input", "content": contents}
