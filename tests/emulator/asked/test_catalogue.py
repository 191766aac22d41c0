"""Which names the emulator answers for, and what it knows of them."""

from __future__ import annotations

import pytest

from proxy.emulator.asked import catalogue


@pytest.mark.parametrize(
    "name", ["gemini-3-flash-preview", "models/gemini-2.5-pro", "fault:status=503"]
)
def test_a_model_is_known_by_its_id_its_resource_name_or_as_a_fault(name: str) -> None:
    assert catalogue.is_model(name)


@pytest.mark.parametrize("name", ["", "gpt", "deep-research-preview-04-2026"])
def test_agents_and_strangers_are_no_models(name: str) -> None:
    assert not catalogue.is_model(name)


@pytest.mark.parametrize("name", ["deep-research-preview-04-2026", "antigravity-preview-09-2026"])
def test_agents_are_known_as_such(name: str) -> None:
    assert catalogue.is_agent(name)
    assert not catalogue.is_agent("gemini-2.5-pro")


def test_every_name_stands_once() -> None:
    assert len(catalogue.BY_NAME) == len(catalogue.ENTRIES)
    assert set(catalogue.MODELS) | set(catalogue.AGENTS) == set(catalogue.BY_NAME)


def test_an_alias_stands_for_a_model_of_the_same_list() -> None:
    aliases = [entry for entry in catalogue.ENTRIES if entry.alias_of]

    assert aliases
    assert all(catalogue.BY_NAME[entry.alias_of or ""].kind == entry.kind for entry in aliases)


@pytest.mark.parametrize(
    ("name", "kind", "thinks"),
    [
        ("gemini-2.5-flash", "text", True),
        ("gemma-4-31b-it", "text", False),
        ("nano-banana-pro-preview", "image", True),
        ("gemini-3.8-flash-tts", "speech", False),
        ("lyria-3.5", "music", False),
        ("gemini-omni-1.2-flash", "video", False),
    ],
)
def test_a_kind_says_what_comes_out_and_whether_thoughts_come_first(
    name: str,
    kind: str,
    thinks: bool,  # noqa: FBT001
) -> None:
    entry = catalogue.entry(name)

    assert entry is not None
    assert (entry.kind, entry.thinks) == (kind, thinks)
