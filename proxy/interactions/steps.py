"""Steps: what happened inside an interaction, in order. Source: reference, sections 5.2, 7 and 15.

The 23 step types have six shapes here: what they are good for differs, how they are read does not.
"""

from __future__ import annotations

from typing import Any, Final

from proxy.interactions.content import (
    Content,
    content_from_json,
    contents_from_json,
    is_content_type,
    text_or_none,
    told_name,
)
from proxy.interactions.known import CALL_TYPES, STEP_FIELDS
from proxy.interactions.problems import JsonObject, Notes, ProblemKind
from proxy.interactions.shapes.asked import FUNCTION
from proxy.interactions.shapes.grammar import check_parts
from proxy.interactions.shapes.told import STEP_PARTS
from proxy.values import plain_value

STEPS_MAX: Final = 20_000
"""Steps read of one list; more are kept raw only. A context of a million tokens holds as many steps of
50 tokens, and a hostile 16 MiB holds 800,000: each costs the recorder 6 KB until it is in the tables."""
_CONTENT_RESULTS: Final = frozenset(
    {"function_result", "mcp_server_tool_result", "code_execution_result"}
)
"""Results whose list holds contents; other lists hold places, pages, declarations."""


@plain_value(frozen=True, slots=True)
class UserInput:
    """What the caller said."""

    type: str
    contents: tuple[Content, ...]
    raw: JsonObject


@plain_value(frozen=True, slots=True)
class ModelOutput:
    """What the model said; `error` is a google.rpc Status where it broke off."""

    type: str
    contents: tuple[Content, ...]
    error: JsonObject | None
    raw: JsonObject


@plain_value(frozen=True, slots=True)
class Thought:
    """A thought: always a signature, a summary if asked for."""

    type: str
    summary: tuple[Content, ...]
    signature: str | None
    raw: JsonObject


@plain_value(frozen=True, slots=True)
class Call:
    """A tool was called, on the client's side (function_call) or on the server's."""

    type: str
    id: str | None
    name: str | None
    server_name: str | None
    signature: str | None
    raw: JsonObject


@plain_value(frozen=True, slots=True)
class Result:
    """What a tool gave back. `contents` only where its result is a list of contents or a string."""

    type: str
    call_id: str | None
    name: str | None
    server_name: str | None
    is_error: bool | None
    signature: str | None
    contents: tuple[Content, ...]
    raw: JsonObject


@plain_value(frozen=True, slots=True)
class UnknownStep:
    """A step whose `type` this release does not know. Kept whole, counted, never dropped."""

    type: str
    raw: JsonObject


Step = UserInput | ModelOutput | Thought | Call | Result | UnknownStep


def step_from_json(raw: JsonObject, notes: Notes) -> Step:
    """One step."""
    name = raw.get("type")
    known = STEP_FIELDS.get(name) if isinstance(name, str) else None
    if known is None or not isinstance(name, str):
        notes.unknown("step", told_name(name), "steps")
        return UnknownStep(told_name(name), raw)
    if not known.issuperset(raw):
        notes.unknown_fields(raw, known, f"step {name}")
    if name in STEP_PARTS:
        check_parts(raw, STEP_PARTS[name], notes)
    if name == "model_output":
        error = raw.get("error")
        contents = contents_from_json(raw.get("content"), notes, name)
        return ModelOutput(name, contents, error if isinstance(error, dict) else None, raw)
    if name == "user_input":
        return UserInput(name, _input_contents(raw.get("content"), notes), raw)
    signature = text_or_none(raw.get("signature"))
    if name == "thought":
        return Thought(name, contents_from_json(raw.get("summary"), notes, name), signature, raw)
    title, server = text_or_none(raw.get("name")), text_or_none(raw.get("server_name"))
    if name in CALL_TYPES:
        return Call(name, text_or_none(raw.get("id")), title, server, signature, raw)
    is_error = raw.get("is_error")
    return Result(
        name,
        text_or_none(raw.get("call_id")),
        title,
        server,
        is_error if isinstance(is_error, bool) else None,
        signature,
        _result_contents(name, raw.get("result"), notes),
        raw,
    )


def steps_from_json(value: Any, notes: Notes, where: str) -> list[Step]:
    """A list of steps; entries that are no objects are noted and left to the raw record."""
    if value is None:
        return []
    if not isinstance(value, list):
        notes.problem(ProblemKind.WRONG_SHAPE, where, "steps are not a list")
        return []
    if len(value) > STEPS_MAX:
        notes.problem(ProblemKind.TOO_MANY, where, f"{len(value)} steps, {STEPS_MAX} are read")
        value = value[:STEPS_MAX]
    found: list[Step] = []
    for index, item in enumerate(value):
        if isinstance(item, dict):
            found.append(step_from_json(item, notes))
        else:
            notes.problem(ProblemKind.WRONG_SHAPE, f"{where}/{index}", "a step is not an object")
    return found


def steps_from_outputs(outputs: list[Any]) -> list[Any]:
    """The old schema's flat `outputs` as steps: neighbouring contents make one model_output."""
    steps: list[Any] = []
    open_content: list[Any] | None = None
    for item in outputs:
        if isinstance(item, dict) and is_content_type(item.get("type")):
            if open_content is None:
                open_content = []
                steps.append({"type": "model_output", "content": open_content})
            open_content.append(item)
        else:
            open_content = None
            steps.append(item)
    return steps


def steps_from_input(value: Any, notes: Notes) -> list[Any]:
    """A request's `input` in any of its forms as raw steps.

    A string or content becomes one user_input step; so do neighbouring contents in a list. Steps
    stay. A turn {role, content} of the old schema becomes user_input or model_output.
    """
    if value is None:
        return []
    if isinstance(value, str):
        return [{"type": "user_input", "content": [{"type": "text", "text": value}]}]
    if isinstance(value, dict):
        value = [value]
    if not isinstance(value, list):
        notes.problem(ProblemKind.WRONG_SHAPE, "/input", "input is no string, object or list")
        return []
    steps: list[Any] = []
    open_content: list[Any] | None = None
    for item in value:
        if isinstance(item, str) or (isinstance(item, dict) and _is_input_content(item)):
            if open_content is None:
                open_content = []
                steps.append({"type": "user_input", "content": open_content})
            open_content.append({"type": "text", "text": item} if isinstance(item, str) else item)
        else:
            open_content = None
            steps.append(_turn_as_step(item) if isinstance(item, dict) else item)
    return steps


def _is_input_content(item: JsonObject) -> bool:
    """Contents, and objects of types we do not know: only steps are known to stand alone."""
    name = item.get("type")
    return is_content_type(name) or ("role" not in item and not _is_step_type(name))


def _is_step_type(name: Any) -> bool:
    return isinstance(name, str) and name in STEP_FIELDS


def _turn_as_step(item: JsonObject) -> JsonObject:
    if "role" not in item or "type" in item:
        return item
    content = item.get("content")
    if isinstance(content, str):
        content = [{"type": "text", "text": content}]
    kind = "user_input" if item["role"] == "user" else "model_output"
    return {"type": kind, "content": content}


def _input_contents(value: Any, notes: Notes) -> tuple[Content, ...]:
    """Like contents_from_json; function results may stand among the contents of user_input."""
    if isinstance(value, list) and any(
        isinstance(item, dict) and _is_step_type(item.get("type")) for item in value
    ):
        found: list[Content] = []
        for item in value:
            name = item.get("type") if isinstance(item, dict) else None
            if _is_step_type(name):
                step = step_from_json(item, notes)
                found.extend(step.contents if isinstance(step, Result) else ())
            else:
                found.append(content_from_json(item, notes, "user_input"))
        return tuple(found)
    return contents_from_json(value, notes, "user_input")


def _result_contents(name: str, result: Any, notes: Notes) -> tuple[Content, ...]:
    """Contents of a result. A caller's own JSON (an object, a list of anything) is not content."""
    if name not in _CONTENT_RESULTS:
        return ()
    if isinstance(result, str):
        return contents_from_json(result, notes, name)
    if not isinstance(result, list):
        return ()
    found: list[Content] = []
    for item in result:
        kind = item.get("type") if isinstance(item, dict) else None
        if kind == "function":
            FUNCTION.check(item, notes)
        elif isinstance(kind, str):
            found.append(content_from_json(item, notes, name))
    return tuple(found)
