"""The old `outputs` schema, for SDKs of before May 2026. Source: the protocol reference, section 15.

It had two dialects: that of the first SDKs (Python 1.55, JavaScript 1.33), and that of the last ones.
"""

from __future__ import annotations

import enum
import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked.request import Json
from proxy.emulator.events.deltas import pieces, summary_delta
from proxy.emulator.events.outputs import early_contents
from proxy.emulator.events.rebuilt import rebuilt
from proxy.emulator.events.stream import ending, events, numbered, opening

NEW_SCHEMA_SINCE: Final = "2026-05-20"
"""The revision that brought `steps`; a header with an earlier one asks for `outputs`."""

OLD_SDK: Final = re.compile(r"google-genai-sdk/1\.(\d+)\S*(?: gl-(\w+))?")

LATE_SINCE: Final = {"python": 68, "node": 46}
"""Minor versions of 1.x whose types are those of the late dialect; read in the SDKs Python 1.55, 1.60,
1.65, 1.68, 1.70, 1.75 and JavaScript 1.33, 1.40, 1.46, 1.48, 1.52."""

CITATIONS: Final = frozenset({"url_citation", "file_citation", "place_citation"})
"""Annotations that the late dialect has; those of speech came after it."""

STARTS: Final[dict[str, Json]] = {
    "function_call": {"arguments": {}},
    "function_result": {"result": ""},
    "mcp_server_tool_call": {"arguments": {}},
    "mcp_server_tool_result": {"result": ""},
}
"""What a start needs besides its names: without it the first SDKs take it for another event."""

NEVER_OLD: Final = ("retrieval_", "tool_search_", "processing_")
"""Steps that came after the old schema: it has no name for them."""


class Dialect(enum.StrEnum):
    """How the old schema is spoken."""

    EARLY = "early"
    LATE = "late"


def is_asked_for(user_agents: Iterable[str], revision: str | None) -> bool:
    """Whether a caller speaks the old schema: it says so, or its SDK knows no other."""
    if revision:
        return revision < NEW_SCHEMA_SINCE
    return any("google-genai-sdk/1." in agent for agent in user_agents)


def dialect(user_agents: Iterable[str]) -> Dialect:
    """Which dialect the SDK of a caller of the old schema speaks; late if it does not say."""
    for agent in user_agents:
        found = OLD_SDK.search(agent)
        if found and int(found[1]) < LATE_SINCE.get(found[2] or "", 0):
            return Dialect.EARLY
    return Dialect.LATE


def resource_from_new(answer: Json, spoken: Dialect = Dialect.LATE) -> Json:
    """The old resource from the new one: `outputs` in place of `steps`, and a role."""
    old = {name: value for name, value in answer.items() if name != "steps"}
    if "steps" in answer:
        steps = [step for step in answer["steps"] if step.get("type") != "function_result"]
        old["outputs"] = outputs(steps, spoken)
    return _described(old, spoken)


def outputs(steps: Sequence[Json], spoken: Dialect = Dialect.LATE) -> list[Json]:
    """Flat contents from steps; what the caller said is not an output."""
    flat: list[Json] = []
    for step in steps:
        kind = str(step.get("type"))
        if kind == "model_output":
            flat += step.get("content", ())
        elif kind != "user_input" and not kind.startswith(NEVER_OLD):
            flat.append(step)
    if spoken is Dialect.LATE:
        return [_late_content(content) for content in flat]
    return early_contents(flat)


def old_events(
    interaction: Interaction, *, piece: int | None = None, spoken: Dialect = Dialect.LATE
) -> Iterator[Json]:
    """All events of the old schema, `interaction.start` to `interaction.complete`, or to an error.

    What a scenario gives is told as given, if it speaks the old schema; else its steps are told anew.
    """
    scripted = interaction.composition.events
    steps = interaction.composition.steps
    if scripted is not None:
        if any(event["event_type"] == "interaction.start" for event in scripted):
            return events(interaction)
        steps = rebuilt(scripted)
    bare = _bare_events(
        interaction, () if interaction.status == "cancelled" else steps, piece, spoken
    )
    return numbered(bare) if interaction.request.is_background else bare


def old_closing(interaction: Interaction, spoken: Dialect = Dialect.LATE) -> Json:
    """The old last event."""
    event = ending(interaction)
    if event["event_type"] == "error":
        return event
    described = _described(event["interaction"], spoken)
    return {"event_type": "interaction.complete", "interaction": described}


def _bare_events(
    interaction: Interaction, steps: Sequence[Json], piece: int | None, spoken: Dialect
) -> Iterator[Json]:
    created, update = opening(interaction)
    yield {"event_type": "interaction.start", "interaction": created["interaction"]}
    yield update
    for index, content in enumerate(outputs(steps, spoken)):
        yield {"event_type": "content.start", "index": index, "content": _start(content)}
        for delta in _deltas(content, piece, spoken):
            yield {"event_type": "content.delta", "index": index, "delta": delta}
        yield {"event_type": "content.stop", "index": index}
    yield old_closing(interaction, spoken)


def _start(content: Json) -> Json:
    """A content's type and names; the rest comes with its delta."""
    kept = ("type", "id", "call_id", "name", "server_name", "search_type")
    start: Json = {name: value for name, value in content.items() if name in kept}
    return start | STARTS.get(content["type"], {})


def _deltas(content: Json, piece: int | None, spoken: Dialect) -> Iterator[Json]:
    """Calls and results came in one piece; the old schema has no `arguments_delta`."""
    notes = content.get("annotations")
    match content["type"]:
        case "thought":
            for summary in content.get("summary", ()):
                yield summary_delta(summary)
            if "signature" in content:
                yield {"type": "thought_signature", "signature": content["signature"]}
        case "text":
            for text in pieces(content["text"], piece):
                yield {"type": "text", "text": text}
            if notes and spoken is Dialect.EARLY:
                yield {"type": "text", "text": "", "annotations": notes}
            elif notes:
                yield {"type": "text_annotation", "annotations": notes}
        case _:
            yield {name: value for name, value in content.items() if name != "search_type"}


def _late_content(content: Json) -> Json:
    """The late dialect is the new schema's but for what came later, and a result that may not be missing."""
    if content["type"] == "text" and "annotations" in content:
        notes = [note for note in content["annotations"] if note.get("type") in CITATIONS]
        return content | {"annotations": notes}
    return {"result": [], **content} if content["type"] == "file_search_result" else content


def _described(resource: Json, spoken: Dialect) -> Json:
    """The resource's own fields as the dialect has them."""
    old: Json = resource | {"role": "agent" if "agent" in resource else "model"}
    if "usage" in old:
        usage = dict(old["usage"])
        usage.pop("initial_input_tokens", None)
        old["usage"] = usage if spoken is Dialect.LATE else _early_usage(usage)
    if spoken is Dialect.EARLY:
        old.pop("service_tier", None)
    return old


def _early_usage(usage: dict[str, Any]) -> Json:
    """Thinking was called reasoning, and grounding was not counted."""
    names = {"total_thought_tokens": "total_reasoning_tokens"}
    return {
        names.get(name, name): value
        for name, value in usage.items()
        if name != "grounding_tool_count"
    }
