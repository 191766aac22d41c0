"""Settings are checked by the reference's rules, and a refusal names the field."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.settings import check_known, check_settings, either

HOOK = {"uris": ["https://example.com/hook"], "user_metadata": {"a": 1}}


def nested(levels: int) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}}
    return schema


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"service_tier": "flex"},
        {"labels": {"team": "blue-1", "e_2": ""}},
        {"labels": {"a" * 63: "b" * 63}},
        {"safety_settings": [{"type": "jailbreak", "threshold": "off", "method": "severity"}]},
        {"webhook_config": HOOK, "background": True},
        {"environment": "remote"},
        {"environment": {"type": "remote"}},
        {"tools": [{"type": "tool_of_2031"}]},
        {"generation_config": {"tool_choice": {"allowed_tools": {"mode": "any", "tools": ["f"]}}}},
        {"generation_config": {"thinking_level": "word of 2031"}},
        {"response_format": nested(20)},
        {"response_format": [{"type": "text", "schema": nested(20)}, {"type": "image"}]},
    ],
)
def test_what_the_reference_allows_passes(body: dict[str, Any]) -> None:
    check_settings(body)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"service_tier": "gold"}, "service_tier"),
        ({"labels": ["a"]}, "labels"),
        ({"labels": {"Team": "a"}}, "labels"),
        ({"labels": {"1a": "a"}}, "labels"),
        ({"labels": {"a" * 64: "a"}}, "labels"),
        ({"labels": {"a": "b" * 64}}, "labels"),
        ({"labels": {"a": 1}}, "labels"),
        ({"safety_settings": [{"type": "boredom", "threshold": "off"}]}, "safety_settings.type"),
        ({"safety_settings": [{"type": "jailbreak"}]}, "threshold"),
        ({"safety_settings": ["off"]}, "safety_settings"),
        ({"webhook_config": HOOK}, "background=true"),
        ({"webhook_config": {"uris": 7}, "background": True}, "uris"),
        ({"webhook_config": {"user_metadata": 7}, "background": True}, "user_metadata"),
        ({"environment": 7}, "environment"),
        ({"tools": {}}, "tools"),
        ({"tools": [{"name": "f"}]}, "tools"),
        ({"generation_config": 7}, "generation_config"),
        ({"generation_config": {"max_output_tokens": 0}}, "max_output_tokens"),
        ({"generation_config": {"seed": "a"}}, "seed"),
        ({"generation_config": {"stop_sequences": "a"}}, "stop_sequences"),
        ({"generation_config": {"tool_choice": "sometimes"}}, "tool_choice"),
        ({"generation_config": {"tool_choice": {"allowed_tools": {"mode": "x"}}}}, "mode"),
        ({"response_format": 7}, "response_format"),
        ({"response_format": nested(40)}, "too complex"),
    ],
)
def test_what_it_forbids_is_refused_by_the_field_s_name(body: dict[str, Any], field: str) -> None:
    with pytest.raises(Refusal, match=field) as refused:
        check_settings(body)

    assert (refused.value.status, refused.value.code) == (400, "invalid_request")


@pytest.mark.parametrize(
    "body",
    [
        {"wings": 2},
        {"generation_config": {"thinking_level": "huge"}},
        {"generation_config": {"video_config": {"task": "dance"}}},
        {"response_format": {"type": "image", "aspect_ratio": "7:1"}},
        {"response_format": [{"type": "audio", "mimeType": "audio/flac"}]},
    ],
)
def test_strictness_refuses_what_the_reference_does_not_know(body: dict[str, Any]) -> None:
    with pytest.raises(Refusal) as refused:
        check_known(body)

    assert refused.value.shape == "rpc"


def test_strictness_passes_what_it_knows() -> None:
    check_known(
        {
            "model": "m",
            "generation_config": {"thinking_level": "low", "video_config": {"task": "edit"}},
            "response_format": {"type": "audio", "mimeType": "audio/wav"},
        }
    )


def test_a_field_is_read_in_both_spellings() -> None:
    assert either({"sample_rate": 1}, "sample_rate") == 1
    assert either({"sampleRate": 1}, "sample_rate") == 1
    assert either({}, "sample_rate") is None
