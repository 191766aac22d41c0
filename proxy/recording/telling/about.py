"""What was said about an interaction beside its steps: settings as columns, the rest to be sealed. Pure.

Columns hold words out of Google's sets and numbers. Labels, instructions, schemas, declarations and
the texts of errors are the caller's or the model's: they go into one redacted content.
"""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import orjson

from proxy.interactions.content import int_or_none, text_or_none
from proxy.interactions.interaction import Interaction, Request
from proxy.interactions.problems import JsonObject, Notes, ProblemKind
from proxy.recording.secrecy.names import clear_name, clear_name_or_none
from proxy.recording.secrecy.redact import may_hold_secret, redact

NAMES_MAX: Final = 20
"""Different types told of one list; there are ten tools and four formats."""

_ASKED_ELSEWHERE: Final = frozenset(
    [
        "model",
        "agent",
        "input",
        "stream",
        "store",
        "background",
        "previous_interaction_id",
        "service_tier",
    ]
)
"""Fields of a request that are columns, or steps."""
_TOLD_ELSEWHERE: Final = frozenset(
    [
        "id",
        "object",
        "status",
        "model",
        "agent",
        "role",
        "created",
        "updated",
        "steps",
        "outputs",
        "input",
        "usage",
        "service_tier",
        "previous_interaction_id",
    ]
)
"""The same of a resource."""


NOT_INHERITED: Final = (
    *("agent_config", "cached_content", "environment", "generation_config", "labels"),
    *("response_format", "response_mime_type", "response_modalities", "safety_settings"),
    *("service_tier", "system_instruction", "tools", "webhook_config"),
)
"""Fields of a request, by the alphabet, that the next turn must send again. Source: reference, 12.1."""


class Settings(NamedTuple):
    """What a request asks for, in words that may stand in clear."""

    agent_config_type: str | None
    tool_types: str | None
    tool_choice: str | None
    response_formats: str | None
    thinking_level: str | None
    max_output_tokens: int | None


NO_SETTINGS: Final = Settings(None, None, None, None, None, None)


def settings_of(raw: JsonObject) -> Settings:
    """The settings in a create's body, or in a resource that repeats them."""
    tools, config = raw.get("tools"), raw.get("generation_config")
    formats, agent_config = raw.get("response_format"), raw.get("agent_config")
    if tools is formats is config is agent_config is None:
        return NO_SETTINGS
    config = config if isinstance(config, dict) else {}
    agent_config = agent_config if isinstance(agent_config, dict) else {}
    choice = config.get("tool_choice")
    if isinstance(choice, dict):
        choice = next(iter(choice), None)
    return Settings(
        clear_name_or_none(text_or_none(agent_config.get("type"))),
        _types(tools),
        clear_name_or_none(text_or_none(choice)),
        _types(formats),
        clear_name_or_none(text_or_none(config.get("thinking_level"))),
        int_or_none(config.get("max_output_tokens")),
    )


def settings_sent(raw: JsonObject) -> str:
    """Which fields of a create's body the next turn does not inherit: "generation_config,tools".

    Nulls and empty values are as good as nothing.
    """
    return ",".join([name for name in NOT_INHERITED if raw.get(name)])


def about_content(request: Request | None, found: Interaction, notes: Notes) -> bytes | None:
    """JSON {"request": ..., "answer": ...}: all that no column and no step tells, redacted.

    None where that is nothing, as it is for a plain prompt and a plain answer.
    """
    asked = _rest(request.raw, _ASKED_ELSEWHERE) if request else None
    told = _rest(found.raw, _TOLD_ELSEWHERE)
    if not (asked or told):
        return None
    about = {"request": asked} if asked else {}
    if told:
        about["answer"] = told
    try:
        dumped = orjson.dumps(about)
        return orjson.dumps(redact(about)) if may_hold_secret(dumped) else dumped
    except orjson.JSONEncodeError:  # orjson reads 1,024 levels and writes 254
        notes.problem(ProblemKind.TOO_DEEP, "settings", "kept in the raw record only")
        return None


def _rest(raw: JsonObject, elsewhere: frozenset[str]) -> JsonObject | None:
    if elsewhere.issuperset(raw):
        return None
    return {name: value for name, value in raw.items() if name not in elsewhere}


def _types(value: Any) -> str | None:
    """The types in a list of typed objects, each once, in order of the alphabet: "function,url_context"."""
    items = value if isinstance(value, list) else [value]
    found: set[str] = set()
    for item in items:
        if isinstance(item, dict) and len(found) < NAMES_MAX:
            found.add(clear_name(text_or_none(item.get("type")) or "untyped"))
    return ",".join(sorted(found)) or None
