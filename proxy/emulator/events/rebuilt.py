"""Steps from the events of a stream: the way back from `stream` and `deltas`.

Neighbouring texts of one step come back as one: a stream cannot tell them apart.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import orjson

from proxy.emulator.asked.request import Json


def rebuilt(events: Iterable[Json]) -> tuple[Json, ...]:
    """The steps that these events tell of, in the order of their indices."""
    steps: dict[int, Json] = {}
    arguments: dict[int, list[str]] = {}
    for event in events:
        if event["event_type"] == "step.start":
            steps[event["index"]] = dict(event["step"])
        elif event["event_type"] == "step.delta":
            index, delta = event["index"], event["delta"]
            if delta["type"] == "arguments_delta":
                arguments.setdefault(index, []).append(delta["arguments"])
            else:
                _fill(steps.setdefault(index, {"type": delta["type"]}), delta)
    for index, parts in arguments.items():
        step = steps.setdefault(index, {"type": "function_call"})
        step["arguments"] = orjson.loads("".join(parts))
    return tuple(step for _, step in sorted(steps.items()))


def _fill(step: Json, delta: Json) -> None:
    match delta["type"]:
        case "text":
            _say(step, {"text": delta["text"], "type": "text"})
        case "text_annotation_delta":
            text = step["content"][-1]
            text["annotations"] = [*text.get("annotations", ()), *delta["annotations"]]
        case "thought_summary":
            step["summary"] = [*step.get("summary", ()), delta["content"]]
        case "thought_signature":
            step["signature"] = delta["signature"]
        case kind if kind == step["type"]:
            step |= delta
        case _:
            step["content"] = [*step.get("content", ()), delta]


def _say(step: Json, content: Json) -> None:
    """Add a text to the text before it, or as a content of its own."""
    contents: list[Any] = step.setdefault("content", [])
    if contents and contents[-1]["type"] == "text":
        contents[-1] = contents[-1] | {"text": contents[-1]["text"] + content["text"]}
    else:
        contents.append(dict(content))
