"""The `answer` of a turn: checks it, and brings its short forms to steps. Pure."""

from __future__ import annotations

from typing import Any, Final

from proxy.emulator.asked.request import Json
from proxy.emulator.scenarios.format.fields import Fields, nearest
from proxy.emulator.scenarios.format.source import Place

STATUSES: Final = (
    "completed",
    "requires_action",
    "requires_continuation",
    "incomplete",
    "failed",
    "budget_exceeded",
)
"""What an answer can end as. `cancelled` comes of a cancel, `in_progress` of a background run."""

TIERS: Final = ("flex", "standard", "priority", "deferred")

COUNTED: Final = "counted"
"""In place of a usage object: the emulator counts."""

SHORT: Final = ("thought", "text", "calls")
"""Short forms of a thought, an output and function calls, in this order behind `steps`."""

FIELDS: Final = (
    *SHORT,
    "steps",
    "status",
    "usage",
    "errors",
    "service_tier",
    "id",
    "created",
    "updated",
    "continuation_token",
    "environment_id",
)

CALLS: Final = (
    "code_execution",
    "google_search",
    "url_context",
    "file_search",
    "google_maps",
    "retrieval",
    "tool_search",
    "processing",
)
STEPS: Final = (
    "thought",
    "model_output",
    "function_call",
    "function_result",
    "mcp_server_tool_call",
    "mcp_server_tool_result",
    *(f"{name}_call" for name in CALLS),
    *(f"{name}_result" for name in CALLS),
)
"""Types of steps an answer can have (reference, section 7)."""

CONTENTS: Final = ("text", "image", "audio", "video", "document")

_CALL: Final = ("name", "arguments", "id")


def read_answer(fields: Fields, value: Any, place: Place, *, is_exact: bool) -> Json | None:
    """An answer with nothing but `steps` for what was said. None if there was something wrong."""
    told = len(fields.problems)
    given = fields.mapping(value, place, None if is_exact else FIELDS)
    if is_exact:
        return dict(given)
    fields.choice(given, "status", place, STATUSES)
    fields.choice(given, "service_tier", place, TIERS)
    for name in ("id", "created", "updated", "continuation_token", "environment_id"):
        fields.text(given, name, place)
    if given.get("usage", COUNTED) != COUNTED:
        fields.mapping(given["usage"], (*place, "usage"))
    errors = given.get("errors", [])
    for here, error in fields.items(errors, (*place, "errors")):
        fields.mapping(error, here, ("code", "message"))
    steps = [*_steps(fields, given, place), *_short(fields, given, place)]
    kept = {name: item for name, item in given.items() if name not in SHORT}
    return None if len(fields.problems) > told else kept | {"steps": steps}


def _steps(fields: Fields, given: Json, place: Place) -> list[Json]:
    found = []
    for here, step in fields.items(given.get("steps", []), (*place, "steps")):
        read = fields.mapping(step, here)
        kind = read.get("type")
        if kind == "user_input":
            fields.problem(here, "user_input comes from the request; remove this step")
        elif kind not in STEPS:
            fields.problem(here, f"type {kind!r}: {nearest(str(kind), STEPS)}")
        elif kind == "function_call":
            _check_call(fields, read, here)
        elif kind == "model_output":
            _check_contents(fields, read, here)
        elif kind == "thought":
            _check_mappings(fields, read, "summary", here)
        fields.text(read, "call_id", here)
        found.append(read)
    return found


def _short(fields: Fields, given: Json, place: Place) -> list[Json]:
    steps: list[Json] = []
    thought, text = fields.text(given, "thought", place), fields.text(given, "text", place)
    if thought:
        steps.append({"type": "thought", "summary": [{"type": "text", "text": thought}]})
    if text:
        steps.append({"type": "model_output", "content": [{"type": "text", "text": text}]})
    for here, call in fields.items(given.get("calls", []), (*place, "calls")):
        read = fields.mapping(call, here, _CALL)
        _check_call(fields, read, here)
        steps.append({"type": "function_call"} | read)
    return steps


def _check_call(fields: Fields, call: Json, place: Place) -> None:
    if "name" not in call:
        fields.problem(place, "which function? add name")
    fields.text(call, "name", place)
    fields.text(call, "id", place)
    fields.mapping(call.get("arguments", {}), (*place, "arguments"))


def _check_contents(fields: Fields, step: Json, place: Place) -> None:
    if "content" not in step and "error" not in step:
        fields.problem(place, "says nothing; add content: [{type: text, text: …}]")
    for here, content in fields.items(step.get("content", []), (*place, "content")):
        read = fields.mapping(content, here)
        kind = read.get("type")
        if kind not in CONTENTS:
            fields.problem(here, f"type {kind!r}: {nearest(str(kind), CONTENTS)}")
        elif kind == "text":
            if not isinstance(read.get("text"), str):
                fields.problem(here, "a text content without text; add text")
            _check_mappings(fields, read, "annotations", here)
        elif "data" not in read and "uri" not in read:
            fields.problem(here, f"{kind} without data or uri; add data (base64) or uri")


def _check_mappings(fields: Fields, given: Json, name: str, place: Place) -> None:
    for here, item in fields.items(given.get(name, []), (*place, name)):
        fields.mapping(item, here)
