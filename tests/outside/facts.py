"""What an SDK made of an answer, in few words. Pure.

Of a value: its class, and how it differs from the JSON that was sent (`adds`, `lacks`, by dotted
path). Of a stream: the events and the last one's value. Of a failure: exception, status, message.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

TEXT_CHARACTERS: Final = 120
"""As much of a text or a message as is kept: what follows is the body that was sent."""

Json = dict[str, Any]
Facts = dict[str, Any]


def facts(outcome: Json, answer: Json) -> Facts:
    """The facts of an outcome; `answer` is the last one that the far end gave in this case.

    The same for both clients of an SDK: their classes differ by the word Async only.
    """
    found: Facts = {}
    if "type" in outcome:
        found["returned"] = outcome["type"].removeprefix("Async")
        sent, value = answer.get("json"), outcome["value"]
        if isinstance(sent, dict) and isinstance(value, dict):
            before, after = dict(_leaves(sent)), dict(_leaves(value))
            found["adds"] = {path: after[path] for path in after if before.get(path) != after[path]}
            found["lacks"] = [path for path in before if path not in after]
        else:
            found["value"] = value[:TEXT_CHARACTERS] if isinstance(value, str) else value
    if "events" in outcome:
        found["events"] = outcome["events"]
        found["last"] = outcome["values"][-1] if outcome["values"] else None
    if "raised" in outcome:
        found["raised"] = outcome["raised"]
        found["status"] = outcome["status_code"]
        if outcome["raised"] != "SyntaxError":  # the words of one version of Node.js
            found["message"] = outcome["message"].replace("Async", "")[:TEXT_CHARACTERS]
    return {name: value for name, value in found.items() if value not in (None, [], {})}


def seen_in(captured: Facts, now: Facts) -> Facts:
    """Of `now`, what the capture could see: some values were cut short, some attempts not counted."""
    seen = dict(now)
    if "attempts" not in captured:
        seen.pop("attempts", None)
    if captured.get("partial"):
        seen.pop("lacks", None)
        adds = {path: seen.get("adds", {}).get(path) for path in captured.get("adds", {})}
        seen |= {"partial": True, "adds": adds}
    return {name: value for name, value in seen.items() if value not in (None, [], {})}


def _leaves(value: Json, above: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted path, value) of all that is not an object. A list is one value."""
    for name, each in value.items():
        path = f"{above}{name}"
        if isinstance(each, dict) and each:
            yield from _leaves(each, f"{path}.")
        else:
            yield path, each
