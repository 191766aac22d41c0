"""A stream tells the whole answer: its events lead back to the steps."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.emulator.events.rebuilt import rebuilt
from proxy.emulator.events.stream import events
from tests.emulator.events.composed import ASKED, composed
from tests.emulator.events.generated import steps
from tests.emulator.examples import STEPS, interaction_of

AGENT = {"agent": "antigravity-preview-09-2026"}


@given(st.lists(steps, max_size=5), st.none() | st.integers(1, 60), st.booleans(), st.booleans())
def test_the_steps_come_back_whatever_they_are_and_however_long_the_pieces(
    told: list[dict[str, Any]],
    piece: int | None,
    is_agent: bool,  # noqa: FBT001 - drawn by hypothesis
    is_background: bool,  # noqa: FBT001
) -> None:
    whole = interaction_of(*told, background=is_background, **(AGENT if is_agent else {}))

    assert rebuilt(events(whole, piece=piece)) == tuple(told)


@pytest.mark.parametrize("kind", STEPS)
def test_every_known_step_comes_back_with_all_its_fields(kind: str) -> None:
    assert rebuilt(events(interaction_of(STEPS[kind]))) == (STEPS[kind],)


@pytest.mark.parametrize("name", ASKED)
def test_every_answer_the_emulator_makes_up_comes_back(name: str) -> None:
    made = composed(name)

    assert rebuilt(events(made)) == made.composition.steps


def test_deltas_without_a_start_are_a_step_too() -> None:
    told = [e for e in events(interaction_of(STEPS["function_call"])) if "delta" in e]

    (step,) = rebuilt(told)

    assert step == {"type": "function_call", "arguments": STEPS["function_call"]["arguments"]}


def test_events_of_several_steps_may_interleave() -> None:
    told = list(events(interaction_of(STEPS["thought"], STEPS["model_output"])))
    mixed = sorted(told, key=lambda event: "delta" in event)

    assert rebuilt(mixed) == (STEPS["thought"], STEPS["model_output"])
