"""A create request, read and checked: what is asked, with the input brought to one form, a list of steps.

Source: the protocol reference, sections 5 and 12 (fields, exclusions) and 15.2 (the old schema's forms).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from proxy.emulator.asked import catalogue
from proxy.emulator.asked.refusals import Refusal, invalid, model_not_found

Json: TypeAlias = dict[str, Any]

TOP_LEVEL_FIELDS: Final = frozenset(
    {
        "model",
        "agent",
        "input",
        "stream",
        "background",
        "store",
        "previous_interaction_id",
        "system_instruction",
        "tools",
        "generation_config",
        "agent_config",
        "response_format",
        "response_mime_type",
        "response_modalities",
        "environment",
        "safety_settings",
        "service_tier",
        "labels",
        "webhook_config",
        "cached_content",
        "continuation_token",
    }
)
CONTENT_TYPES: Final = frozenset({"text", "image", "audio", "video", "document"})
TIERS: Final = frozenset({"flex", "standard", "priority", "deferred"})
LEGACY_REFUSED: Final = (
    "The legacy Interactions API schema is no longer supported. "
    "Upgrade to a Google GenAI SDK of version 2.0.0 or later."
)


@dataclass(frozen=True, slots=True)
class CreateRequest:
    """What a caller asked for. `raw` is the body as sent; `steps` its input, one form for all spellings."""

    raw: Json
    model: str | None
    agent: str | None
    steps: tuple[Json, ...]
    previous_id: str | None
    continuation_token: str | None
    is_streaming: bool
    is_background: bool
    is_stored: bool
    is_legacy: bool

    @property
    def name(self) -> str:
        """The model or agent, as the caller wrote it."""
        return self.model or self.agent or ""

    @property
    def is_deep_research(self) -> bool:
        return self.agent in catalogue.DEEP_RESEARCH_AGENTS

    @property
    def config(self) -> Json:
        """`generation_config`, or an empty object."""
        value = self.raw.get("generation_config")
        return value if isinstance(value, dict) else {}

    @property
    def tools(self) -> tuple[Json, ...]:
        value = self.raw.get("tools")
        tools = value if isinstance(value, list) else []
        return tuple(tool for tool in tools if isinstance(tool, dict))

    def tool(self, kind: str) -> Json | None:
        """The first tool of that type, if the request has one."""
        return next((tool for tool in self.tools if tool.get("type") == kind), None)


def read_create(body: object, *, is_legacy: bool = False, is_strict: bool = False) -> CreateRequest:
    """Read a create body.

    Raises:
        Refusal: 400 for what the API forbids, 404 for an unknown model or agent.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid JSON payload received. Expected an object.", shape="rpc")
    if is_strict:
        _check_known(body)
    request = CreateRequest(
        raw=body,
        model=_text(body, "model"),
        agent=_text(body, "agent"),
        steps=_steps(body.get("input"), is_legacy=is_legacy),
        previous_id=_text(body, "previous_interaction_id"),
        continuation_token=_text(body, "continuation_token"),
        is_streaming=_flag(body, "stream", default=False),
        is_background=_flag(body, "background", default=False),
        is_stored=_flag(body, "store", default=True),
        is_legacy=is_legacy,
    )
    _check(request)
    return request


def _check_known(body: Json) -> None:
    for name in body:
        if name not in TOP_LEVEL_FIELDS:
            message = f'Invalid JSON payload received. Unknown name "{name}": Cannot find field.'
            raise Refusal(400, message, shape="rpc")


def _check(request: CreateRequest) -> None:
    raw = request.raw
    if (request.model is None) == (request.agent is None):
        raise invalid("Exactly one of model and agent is required.")
    if not request.steps and request.continuation_token is None:
        raise invalid("input is required.")
    if request.is_background and not request.is_stored:
        raise invalid("background requires store=true.")
    if request.agent is not None and ("generation_config" in raw or "cached_content" in raw):
        raise invalid("generation_config and cached_content can only be used with a model.")
    if raw.get("service_tier", "standard") not in TIERS:
        raise invalid(f"service_tier must be one of {', '.join(sorted(TIERS))}.")
    if request.model is not None and not catalogue.is_model(request.model):
        raise model_not_found(request.model)
    if request.agent is not None and request.agent not in catalogue.AGENTS:
        raise model_not_found(request.agent)
    if request.is_deep_research and not request.is_background:
        raise invalid("Deep Research agents require background=true.")


def _text(body: Json, name: str) -> str | None:
    value = body.get(name)
    if value is None or isinstance(value, str):
        return value or None
    raise invalid(f"{name} must be a string.")


def _flag(body: Json, name: str, *, default: bool) -> bool:
    value = body.get(name)
    if value is None:
        return default
    if isinstance(value, bool):
        return value
    raise invalid(f"{name} must be a boolean.")


def _steps(value: object, *, is_legacy: bool) -> tuple[Json, ...]:
    """Bring every form of `input` to steps: text, one content, contents, steps, the old turns."""
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


def _grouped(items: list[Json]) -> tuple[Json, ...]:
    """Neighbouring contents become one `user_input`; steps stay as they are."""
    steps: list[Json] = []
    contents: list[Json] = []
    for item in items:
        kind = item.get("type")
        if not isinstance(kind, str):
            raise invalid("every element of input needs a type.")
        if kind in CONTENT_TYPES:
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
        {"type": "model_output", "content": [item]} if item.get("type") in CONTENT_TYPES else item
        for item in contents
    )


def _user(contents: list[Json]) -> Json:
    return {"type": "user_input", "content": contents}
