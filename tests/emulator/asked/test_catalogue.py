"""Which names the emulator answers for."""

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
