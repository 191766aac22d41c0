"""The old `outputs` schema, for SDKs of before May 2026. Source: the protocol reference, section 15."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked.request import Json
from proxy.emulator.events.stream import closing, content_deltas, event_id, events, pieces

NEW_SCHEMA_SINCE: Final = "2026-05-20"
"""The revision that brought `steps`; a header with an earlier one asks for `outputs`."""

OLD_SDK: Final = re.compile(r"google-genai-sdk/1\.")


def is_asked_for(user_agents: Iterable[str], revision: str | None) -> bool:
    """Whether a caller speaks the old schema: it says so, or its SDK knows no other."""
    if revision:
        return revision < NEW_SCHEMA_SINCE
    return any(OLD_SDK.search(agent) for agent in user_agents)


def resource_from_new(answer: Json) -> Json:
    """The old resource from the new one: `outputs` in place of `steps`, and a role."""
    old = {name: value for name, value in answer.items() if name != "steps"}
    if "steps" in answer:
        old["outputs"] = outputs(answer["steps"])
    return old | {"role": _role(answer)}


def outputs(steps: Iterable[Json]) -> list[Json]:
    """Flat contents from steps; what the caller sent is not an output."""
    flat: list[Json] = []
    for step in steps:
        kind = step.get("type")
        if kind == "model_output":
            flat += [_content(content) for content in step["content"]]
        elif kind not in ("user_input", "function_result"):
            flat.append(_content(step))
    return flat


def old_events(interaction: Interaction, *, piece: int | None = None) -> Iterator[Json]:
    """All events of the old schema, `interaction.start` to `interaction.complete`."""
    is_numbered = interaction.request.is_background
    for number, event in enumerate(_bare_events(interaction, piece)):
        if is_numbered:
            event["event_id"] = event_id(number)
        yield event


def old_closing(interaction: Interaction) -> Json:
    """The old last event."""
    event = closing(interaction)
    described = event["interaction"]
    return {
        "event_type": "interaction.complete",
        "interaction": described | {"role": _role(described)},
    }


def _bare_events(interaction: Interaction, piece: int | None) -> Iterator[Json]:
    new = events(interaction)
    created = next(new)["interaction"]
    yield {"event_type": "interaction.start", "interaction": created}
    update = next(new)
    update.pop("event_id", None)
    yield update
    for index, content in enumerate(outputs(interaction.composition.steps)):
        start = _start(content)
        yield {"event_type": "content.start", "index": index, "content": start}
        for delta in _deltas(content, piece):
            yield {"event_type": "content.delta", "index": index, "delta": delta}
        yield {"event_type": "content.stop", "index": index}
    yield old_closing(interaction)


def _start(content: Json) -> Json:
    """A content's type and names; 1.55 reads a call without its name as an unknown event."""
    kept = ("type", "id", "call_id", "name")
    start: Json = {name: value for name, value in content.items() if name in kept}
    return start | {"arguments": {}} if content["type"] == "function_call" else start


def _deltas(content: Json, piece: int | None) -> Iterator[Json]:
    if content["type"] == "thought":
        for summary in content.get("summary", ()):
            for text in pieces(summary["text"], piece):
                yield {"type": "thought_summary", "content": {"type": "text", "text": text}}
        yield {"type": "thought_signature", "signature": content["signature"]}
    else:
        # Calls came in one piece; the old schema has no `arguments_delta`.
        yield from content_deltas(content, piece, "text_annotation")


def _content(content: Json) -> Json:
    if content.get("annotations"):
        notes = [
            {
                "start_index": note["start_index"],
                "end_index": note["end_index"],
                "source": note["url"],
            }
            for note in content["annotations"]
        ]
        return content | {"annotations": notes}
    if content["type"] == "google_search_result":
        shown = [{"rendered_content": item["search_suggestions"]} for item in content["result"]]
        return content | {"result": shown}
    return content


def _role(answer: Json) -> str:
    return "agent" if "agent" in answer else "model"
