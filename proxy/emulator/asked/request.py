"""A create request, read and checked: what is asked, with the input brought to one form, a list of steps.

Source: the protocol reference, sections 5 and 12 (fields, exclusions) and 15.2 (the old schema's forms).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, TypeAlias

from proxy.emulator.asked import catalogue, vocabulary
from proxy.emulator.asked.input import steps_of
from proxy.emulator.asked.refusals import Refusal, invalid, model_not_found
from proxy.emulator.asked.settings import check_known, check_settings

Json: TypeAlias = vocabulary.Json

LEGACY_REFUSED: Final = vocabulary.LEGACY_REFUSED
TOP_LEVEL_FIELDS: Final = vocabulary.TOP_LEVEL_FIELDS

BASE_AGENTS_MAX: Final = 8
"""Custom agents based on custom agents: so many steps down to one of Google's, then the last counts."""

CustomAgent: TypeAlias = Callable[[str], Json | None]
"""Finds the definition of an agent that a caller made, by its id."""


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
    definitions: tuple[Json, ...] = ()
    """For a custom agent: its definition, then that of the custom agent it is based on, and so on."""

    @property
    def name(self) -> str:
        """The model or agent, as the caller wrote it."""
        return self.model or self.agent or ""

    @property
    def base_agent(self) -> str | None:
        """The agent of Google's that does the work: itself, or what a custom one is based on."""
        if self.definitions:
            return str(self.definitions[-1].get("base_agent") or "") or self.agent
        return self.agent

    @property
    def entry(self) -> catalogue.Entry | None:
        """What the catalogue knows of the model or base agent."""
        return catalogue.entry(self.model or self.base_agent or "")

    @property
    def is_deep_research(self) -> bool:
        return self.base_agent in catalogue.DEEP_RESEARCH_AGENTS

    @property
    def config(self) -> Json:
        """`generation_config`, or an empty object."""
        value = self.raw.get("generation_config")
        return value if isinstance(value, dict) else {}

    @property
    def agent_config(self) -> Json:
        """`agent_config` over what a custom agent's definitions say, the nearest first."""
        merged: Json = {}
        for source in (*reversed(self.definitions), self.raw):
            value = source.get("agent_config")
            merged |= value if isinstance(value, dict) else {}
        return merged

    @property
    def system_instruction(self) -> str:
        """The caller's, or the nearest of a custom agent's definitions; never an earlier turn's."""
        for source in (self.raw, *self.definitions):
            value = source.get("system_instruction")
            if isinstance(value, str) and value:
                return value
        return ""

    @property
    def environment(self) -> str | Json | None:
        """The sandbox asked for: an id, `remote`, an object; or a custom agent's own."""
        asked: str | Json | None = self.raw.get("environment")
        for definition in self.definitions:
            asked = asked or definition.get("base_environment")
        return asked

    @property
    def tools(self) -> tuple[Json, ...]:
        """The caller's tools, then those that belong to a custom agent."""
        return tuple(
            tool
            for source in (self.raw, *self.definitions)
            for tool in (source["tools"] if isinstance(source.get("tools"), list) else ())
            if isinstance(tool, dict)
        )

    def tool(self, kind: str) -> Json | None:
        """The first tool of that type, if the request has one."""
        return next((tool for tool in self.tools if tool.get("type") == kind), None)


def no_custom_agent(_name: str) -> None:
    """Nobody made an agent."""


def read_create(
    body: object,
    *,
    is_legacy: bool = False,
    is_strict: bool = False,
    custom_agent: CustomAgent = no_custom_agent,
) -> CreateRequest:
    """Read a create body.

    Raises:
        Refusal: 400 for what the API forbids, 404 for an unknown model or agent.
    """
    if not isinstance(body, dict):
        raise Refusal(400, "Invalid JSON payload received. Expected an object.", shape="rpc")
    if is_strict:
        check_known(body)
    agent = _text(body, "agent")
    request = CreateRequest(
        raw=body,
        model=_text(body, "model"),
        agent=agent,
        steps=steps_of(body.get("input"), is_legacy=is_legacy),
        previous_id=_text(body, "previous_interaction_id"),
        continuation_token=_text(body, "continuation_token"),
        is_streaming=_flag(body, "stream", default=False),
        is_background=_flag(body, "background", default=False),
        is_stored=_flag(body, "store", default=True),
        is_legacy=is_legacy,
        definitions=_definitions(agent, custom_agent),
    )
    _check(request)
    return request


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
    if request.model is not None and raw.get("agent_config") is not None:
        raise invalid("agent_config can only be used with an agent.")
    check_settings(raw)
    if request.model is not None and not catalogue.is_model(request.model):
        raise model_not_found(request.model)
    is_custom = bool(request.definitions)
    if request.agent is not None and not (is_custom or catalogue.is_agent(request.agent)):
        raise model_not_found(request.agent)
    if request.is_deep_research:
        _check_research(request)
    _check_signatures(request)


def _check_research(request: CreateRequest) -> None:
    """Deep Research: in the background only; no functions of the caller, no structured output."""
    if not request.is_background:
        raise invalid("Deep Research agents require background=true.")
    if request.tool("function") is not None:
        raise invalid("Deep Research agents do not support function tools.")
    if request.raw.get("response_format") is not None:
        raise invalid("Deep Research agents do not support response_format.")


def _check_signatures(request: CreateRequest) -> None:
    """Thoughts that a caller sends back to a thinking model keep their signature."""
    entry = request.entry
    if request.model is None or entry is None or not entry.thinks:
        return
    for place, step in enumerate(request.steps):
        if step.get("type") == "thought" and not step.get("signature"):
            raise Refusal(
                400,
                f"The thought at input[{place}] has no signature. "
                "Send the model's steps back unchanged.",
                code="missing_thought_signature",
            )


def _definitions(agent: str | None, custom_agent: CustomAgent) -> tuple[Json, ...]:
    """A custom agent's definition and those it builds on, nearest first; none for Google's agents."""
    found: list[Json] = []
    name = agent
    while name and not catalogue.is_agent(name) and len(found) < BASE_AGENTS_MAX:
        definition = custom_agent(name)
        if definition is None:
            break
        found.append(definition)
        base = definition.get("base_agent")
        name = base if isinstance(base, str) else None
    return tuple(found)


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
