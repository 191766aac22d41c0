from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.reading.layout.settings import VALUE_MAX, answer_lines, setting_lines
from tests.strategies import json_values


@pytest.mark.parametrize(
    ("name", "value", "told"),
    [
        ("system_instruction", "Be brief.", "Be brief."),
        (
            "tools",
            [
                {"type": "function", "name": "look", "parameters": {"type": "object"}},
                {"type": "google_search"},
                {"type": "file_search", "file_search_store_names": ["s"], "top_k": 3},
            ],
            'function look · google_search · file_search (file_search_store_names ["s"], top_k 3)',
        ),
        (
            "generation_config",
            {"temperature": 0.5, "thinking_level": "high"},
            "temperature 0.5 · thinking_level high",
        ),
        ("response_format", {"type": "image", "aspect_ratio": "16:9"}, "image (aspect_ratio 16:9)"),
        ("response_format", {"anyOf": []}, '{"anyOf": []}'),
        ("agent_config", {"type": "deep-research"}, "deep-research"),
        ("labels", {"team": "red", "stage": "test"}, "team red · stage test"),
        (
            "safety_settings",
            [{"type": "harassment", "threshold": "off"}],
            "harassment (threshold off)",
        ),
        ("environment", "env_1", "env_1"),
        ("response_modalities", ["text"], '["text"]'),
        ("tools", [7], "7"),
    ],
)
def test_a_setting_reads_as(name: str, value: Any, told: str) -> None:
    assert setting_lines({name: value}) == [(name, told)]


def test_errors_are_told_one_by_one_and_repetitions_not_at_all() -> None:
    answer = {
        "labels": {"team": "red"},
        "errors": [{"code": "safety", "message": "Blocked."}, {"message": "Oh."}, 7, {}],
        "environment_id": "env_1",
    }

    assert answer_lines(answer, {"labels": {"team": "red"}}) == [
        ("error", "safety: Blocked."),
        ("error", "Oh."),
        ("error", "7"),
        ("error", "{}"),
        ("environment_id", "env_1"),
    ]


def test_nothing_known_gives_no_lines() -> None:
    assert setting_lines(None) == answer_lines(None, None) == []


@given(st.dictionaries(st.sampled_from(["tools", "labels", "errors", "x"]), json_values()))
def test_any_json_gives_short_values(value: dict[str, Any]) -> None:
    for _, told in [*setting_lines(value), *answer_lines(value, {})]:
        assert len(told) <= VALUE_MAX
