"""Ids, storage, background runs and continuations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from proxy.emulator.answers.chance import Chance
from proxy.emulator.answers.compose import compose
from proxy.emulator.answers.resource import Interaction
from proxy.emulator.asked.faults import Wishes
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.asked.request import read_create
from proxy.emulator.state.clock import NS
from proxy.emulator.state.store import Pace, Store
from tests.emulator.state.test_identity import turns

START_S = 1_795_600_800


@dataclass(slots=True)
class StillClock:
    """A clock that moves when it is told."""

    now: int = START_S * NS

    def __call__(self) -> int:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += int(seconds * NS)


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
def store(clock: StillClock) -> Store:
    return Store(clock, Pace(polls=2, seconds=10))


@pytest.fixture
def create(store: Store) -> Callable[..., Interaction]:
    numbers = iter(range(1, 1000))

    def made(wishes: Wishes | None = None, **body: Any) -> Interaction:
        request = read_create({"model": "gemini-3-flash-preview", "input": "Hi."} | body)
        chance = Chance(1, next(numbers))
        composition = compose(request, store.context(request), wishes or Wishes(), chance)
        return store.add(request, composition, "standard", chance)

    return made


def test_history_is_counted_as_input(create: Callable[..., Interaction]) -> None:
    first = create()
    second = create(previous_interaction_id=first.id)

    before, after = first.composition.usage, second.composition.usage
    expected = before["total_input_tokens"] * 2 + before["total_output_tokens"]
    assert after["total_input_tokens"] == expected


def test_what_is_not_stored_has_no_id(store: Store, create: Callable[..., Interaction]) -> None:
    assert create(store=False).id is None
    assert store.status_of(None) is None


def test_a_deleted_interaction_cannot_be_found_built_upon_or_deleted_again(
    store: Store, create: Callable[..., Interaction]
) -> None:
    identity = create().id or ""
    store.delete(identity)

    for forbidden in (
        lambda: store.find(identity),
        lambda: store.delete(identity),
        lambda: create(previous_interaction_id=identity),
    ):
        with pytest.raises(Refusal) as refused:
            forbidden()
        assert refused.value.code == "not_found"


def test_a_background_run_ends_at_the_second_poll(
    store: Store, create: Callable[..., Interaction]
) -> None:
    identity = create(background=True).id or ""

    assert store.poll(identity).interaction.status == "in_progress"
    assert store.poll(identity).interaction.status == "completed"


def test_a_background_run_ends_when_its_time_is_over(
    store: Store, clock: StillClock, create: Callable[..., Interaction]
) -> None:
    identity = create(background=True).id or ""
    clock.forward(10)

    ended = store.find(identity).interaction

    assert ended.status == "completed"
    assert ended.updated_s == START_S + 10


def test_only_a_running_interaction_can_be_cancelled(
    store: Store, create: Callable[..., Interaction]
) -> None:
    identity = create(background=True).id or ""

    assert store.cancel(identity).status == "cancelled"
    assert store.poll(identity).interaction.status == "cancelled"
    with pytest.raises(Refusal) as refused:
        store.cancel(identity)
    assert refused.value.code == "failed_precondition"


def test_a_running_interaction_cannot_be_built_upon(create: Callable[..., Interaction]) -> None:
    running = create(background=True)

    with pytest.raises(Refusal, match="in progress"):
        create(previous_interaction_id=running.id)


def test_a_continuation_token_is_good_for_its_own_hop_alone(
    create: Callable[..., Interaction],
) -> None:
    other = create()
    first = create(Wishes(hops=2))
    token = first.continuation_token

    with pytest.raises(Refusal, match="does not belong"):
        create(previous_interaction_id=other.id, continuation_token=token)
    second = create(input=None, previous_interaction_id=first.id, continuation_token=token)
    assert second.status == "completed"


def test_chained_turns_share_the_first_turn_s_id(create: Callable[..., Interaction]) -> None:
    first = create()
    second = create(previous_interaction_id=first.id)
    third = create(previous_interaction_id=second.id)

    roots = {turns(made.id)[0] for made in (first, second, third)}
    assert len(roots) == 1
    assert len({made.id for made in (first, second, third)}) == 3
