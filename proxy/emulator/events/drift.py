"""What a newer service might say: names and types that no client knows yet, put into good answers.

Their names stand in `asked.faults.DRIFTS`. Pure. A reader that keeps what it does not know loses nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from proxy.emulator.asked.request import Json

NAME: Final = "brand_new_field"
FIELD: Final[Json] = {NAME: {"colour": "green", "numbers": [1, 2]}}
STATUS: Final = "brand_new_status"
STEP: Final[Json] = {"type": "brand_new_step", "id": "z", "value": 1}
DELTA: Final[Json] = {"type": "brand_new_delta", "value": 1}
CONTENT: Final[Json] = {"type": "brand_new_content", "value": 1}
ANNOTATION: Final[Json] = {"type": "brand_new_annotation", "start_index": 0, "end_index": 1}
EVENT: Final[Json] = {"event_type": "step.sparkle", "index": 0, "colour": "green"}

INDEX: Final = 999
"""Index of the unknown step in a stream: behind every real one, while it comes in between them."""


def drifted_resource(resource: Json, drifts: Collection[str]) -> Json:
    """A resource with unknown things in it; the given one stays as it is."""
    if not drifts:
        return resource
    name = "outputs" if "outputs" in resource else "steps"
    steps = list(resource.get(name, ()))
    if "content" in drifts:
        steps = [_with_content(step) for step in steps] + [CONTENT] * (name == "outputs")
    if "field" in drifts:
        steps = [step | FIELD for step in steps]
    if "step" in drifts:
        steps.insert(0, STEP)
    shown = resource | ({name: steps} if steps else {})
    return _with_field(_with_status(shown, drifts), drifts)


def drifted_events(events: Iterator[Json], drifts: Collection[str]) -> Iterator[Json]:
    """A stream's events with unknown things in and between them."""
    return _drifted(events, drifts) if drifts else events


def _drifted(events: Iterator[Json], drifts: Collection[str]) -> Iterator[Json]:
    has_begun = False
    for event in events:
        yield _within(event, drifts)
        kind = event["event_type"]
        if kind in ("step.start", "content.start") and not has_begun:
            has_begun = True
            yield from _between(event, kind.partition(".")[0], drifts)


def _between(start: Json, word: str, drifts: Collection[str]) -> Iterator[Json]:
    """What comes after the first start; `word` is how the schema calls a step: step or content."""
    if "event" in drifts:
        yield EVENT
    if "step" in drifts:
        yield {"event_type": f"{word}.start", "index": INDEX, word: STEP}
        yield {"event_type": f"{word}.delta", "index": INDEX, "delta": DELTA}
        yield {"event_type": f"{word}.stop", "index": INDEX}
    if "delta" in drifts:
        yield {"event_type": f"{word}.delta", "index": start["index"], "delta": DELTA}


def _within(event: Json, drifts: Collection[str]) -> Json:
    """One known event with unknown fields, or an unknown status at the end."""
    if "interaction" in event and event["event_type"].startswith("interaction.complete"):
        described = _with_field(_with_status(event["interaction"], drifts), drifts)
        event = event | {"interaction": described}
    return event | FIELD if "field" in drifts else event


def _with_status(resource: Json, drifts: Collection[str]) -> Json:
    return resource | {"status": STATUS} if "status" in drifts else resource


def _with_field(resource: Json, drifts: Collection[str]) -> Json:
    if "field" not in drifts:
        return resource
    usage = {"usage": resource["usage"] | FIELD} if "usage" in resource else {}
    return resource | usage | FIELD


def _with_content(step: Json) -> Json:
    """A step of output with one more content, and its texts with one more annotation."""
    if step.get("type") != "model_output":
        return step
    contents = [
        content | {"annotations": [*content.get("annotations", ()), ANNOTATION]}
        if content.get("type") == "text"
        else content
        for content in step.get("content", ())
    ]
    return step | {"content": [*contents, CONTENT]}
