from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given

from proxy.interactions.interaction import interaction_from_json, request_from_json
from proxy.interactions.problems import Notes, ProblemKind
from proxy.recording.secrecy.names import ODD
from proxy.recording.secrecy.redact import REDACTED
from proxy.recording.telling.about import (
    NO_SETTINGS,
    Settings,
    about_content,
    settings_of,
    settings_sent,
)
from tests.strategies import json_objects


def about(request: dict[str, Any] | None, answer: dict[str, Any]) -> Any:
    notes = Notes()
    asked = request_from_json(request, notes) if request is not None else None
    content = about_content(asked, interaction_from_json(answer, notes), notes)
    return None if content is None else json.loads(content)


def test_settings_are_words_and_numbers() -> None:
    raw = {
        "tools": [{"type": "url_context"}, {"type": "function"}, {"type": "function"}],
        "response_format": [{"type": "text", "schema": {}}, {"type": "image"}],
        "generation_config": {
            "thinking_level": "high",
            "max_output_tokens": 100,
            "tool_choice": {"allowed_tools": {"mode": "any"}},
        },
        "agent_config": {"type": "deep-research"},
    }

    assert settings_of(raw) == Settings(
        agent_config_type="deep-research",
        tool_types="function,url_context",
        tool_choice="allowed_tools",
        response_formats="image,text",
        thinking_level="high",
        max_output_tokens=100,
    )


@pytest.mark.parametrize(
    ("raw", "field", "value"),
    [
        ({"generation_config": {"tool_choice": "any"}}, "tool_choice", "any"),
        ({"generation_config": {"thinking_level": "very high"}}, "thinking_level", ODD),
        ({"response_format": {"type": "object"}}, "response_formats", "object"),
        ({"response_format": {"anyOf": []}}, "response_formats", "untyped"),
        ({"tools": [{"type": "brand new"}]}, "tool_types", ODD),
        ({"tools": {"type": "url_context"}}, "tool_types", "url_context"),
        ({"tools": [7]}, "tool_types", None),
        ({"agent_config": "fast"}, "agent_config_type", None),
    ],
    ids=lambda value: json.dumps(value) if isinstance(value, dict) else "",
)
def test_an_odd_setting_is_told_safely(raw: dict[str, Any], field: str, value: str | None) -> None:
    assert getattr(settings_of(raw), field) == value


def test_a_plain_prompt_has_no_settings_and_nothing_else_to_tell() -> None:
    asked = {"model": "m", "input": "x", "stream": True, "store": False}
    answer = {"id": "v1_a", "status": "completed", "model": "m", "steps": [], "usage": {}}

    assert settings_of(asked) == NO_SETTINGS
    assert about(asked, answer) is None


def test_what_no_column_tells_is_kept() -> None:
    asked = {
        "model": "m",
        "input": "x",
        "system_instruction": "Be brief.",
        "labels": {"team": "red"},
        "generation_config": {"temperature": 0.5},
    }
    answer = {"status": "failed", "errors": [{"code": "safety", "message": "Blocked."}]}

    assert about(asked, answer) == {
        "request": {
            "system_instruction": "Be brief.",
            "labels": {"team": "red"},
            "generation_config": {"temperature": 0.5},
        },
        "answer": {"errors": [{"code": "safety", "message": "Blocked."}]},
    }


def test_secrets_are_not_kept() -> None:
    asked = {
        "input": "x",
        "tools": [
            {"type": "mcp_server", "name": "wiki", "headers": {"Authorization": "Bearer abc"}},
            {"type": "retrieval", "exa_ai_search_config": {"api_key": "abc"}},
        ],
        "environment": {"type": "remote", "env": {"TOKEN": "abc"}},
        "webhook_config": {"uris": ["https://a.example/?token=abc"]},
    }

    told = about(asked, {})

    assert "abc" not in json.dumps(told)
    assert told["request"]["tools"][0]["headers"] == {"Authorization": REDACTED}


def test_too_deep_to_be_written_is_a_problem() -> None:
    deep: dict[str, Any] = {}
    for _ in range(300):
        deep = {"a": deep}
    notes = Notes()
    request = request_from_json({"input": "x", "labels": deep}, notes)

    assert about_content(request, interaction_from_json({}, notes), notes) is None
    assert [problem.kind for problem in notes.problems] == [ProblemKind.TOO_DEEP]


@given(json_objects(), json_objects())
def test_any_json_has_settings_and_a_rest(asked: dict[str, Any], answer: dict[str, Any]) -> None:
    settings_of(asked)
    about(asked, answer)


@pytest.mark.parametrize(
    ("body", "sent"),
    [
        ({"model": "m", "input": "x"}, ""),
        (
            {"tools": [{"type": "url_context"}], "system_instruction": "Be brief."},
            "system_instruction,tools",
        ),
        ({"tools": [], "system_instruction": "", "labels": None, "generation_config": {}}, ""),
        (
            {"service_tier": "flex", "environment": "remote", "store": True},
            "environment,service_tier",
        ),
    ],
)
def test_what_the_next_turn_does_not_inherit_is_named(body: dict[str, Any], sent: str) -> None:
    assert settings_sent(body) == sent
