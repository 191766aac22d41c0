from __future__ import annotations

import pytest

from proxy.recording.secrecy.names import ODD, clear_id, clear_name, clear_name_or_none


@pytest.mark.parametrize(
    "text", ["step.delta", "models/gemini-3", "2026-11-20T10:00:00Z", "a" * 80]
)
def test_a_plain_name_may_stand_in_clear(text: str) -> None:
    assert clear_name(text) == text


@pytest.mark.parametrize("text", ["", "two words", "a" * 81, "é", "a\n", "<b>", "x@y"])
def test_any_other_text_does_not(text: str) -> None:
    assert clear_name(text) == ODD


def test_a_missing_name_is_none() -> None:
    assert clear_name_or_none(None) is clear_name_or_none("") is None
    assert clear_name_or_none("a b") == ODD


def test_an_id_has_its_own_alphabet() -> None:
    assert clear_id("v1_a-B") == "v1_a-B"
    assert clear_id("v1.a") == clear_id("x" * 513) == ODD
