"""Ids, chains, background runs, continuations, and what is forgotten when."""

from __future__ import annotations

from typing import Any

import pytest

from proxy.emulator.answers.composition import Pinned
from proxy.emulator.asked.faults import Fault
from proxy.emulator.asked.refusals import Refusal
from proxy.emulator.state import store as store_module
from proxy.emulator.state.clock import NS
from proxy.emulator.state.retention import DAY_S
from tests.emulator.state.stage import START_S, STEPS, Stage
from tests.emulator.state.test_identity import turns


@pytest.fixture
def stage() -> Stage:
    return Stage()


def is_gone(stage: Stage, identity: str) -> bool:
    """Whether nothing at all can be done with that id."""
    store, codes = stage.store, []
    for act in (
        lambda: store.find(identity),
        lambda: store.poll(identity),
        lambda: store.cancel(identity),
        lambda: store.delete(identity),
        lambda: stage.create(previous_interaction_id=identity),
    ):
        with pytest.raises(Refusal) as refused:
            act()
        codes.append((refused.value.status, refused.value.code))
    return set(codes) == {(404, "not_found")}


def test_history_is_counted_as_input(stage: Stage) -> None:
    stage.create(previous_interaction_id=stage.made())

    assert (stage.context.history, stage.context.turn) == (15, 2)


def test_a_chain_carries_all_steps_of_all_its_turns(stage: Stage) -> None:
    first = stage.made()
    second = stage.made(previous_interaction_id=first)
    stage.create(previous_interaction_id=second)

    before = stage.context.before
    assert len(before) == 2 * (1 + STEPS)
    assert before[0]["content"][0]["text"] == "In 1."
    assert before[-1]["content"][0]["text"] == "Out 2.3"


def test_an_interaction_can_be_continued_twice(stage: Stage) -> None:
    first = stage.made()
    stage.create(previous_interaction_id=stage.made(previous_interaction_id=first))
    one_branch = stage.context
    stage.create(previous_interaction_id=first)

    assert (one_branch.turn, stage.context.turn) == (3, 2)
    assert len(stage.context.before) == 1 + STEPS


@pytest.mark.parametrize("days", [0, 55], ids=["deleted", "expired"])
def test_later_turns_keep_working_when_a_turn_before_them_is_gone(stage: Stage, days: int) -> None:
    first = stage.made()
    stage.clock.advance(DAY_S)
    second = stage.made(previous_interaction_id=first)
    if days:
        stage.clock.advance((days - 1) * DAY_S)
    else:
        stage.store.delete(first)

    stage.create(previous_interaction_id=second)

    assert is_gone(stage, first)
    assert len(stage.context.before) == 2 * (1 + STEPS)
    assert stage.context.turn == 3


def test_what_is_not_stored_has_no_id_but_may_build_on_what_is(stage: Stage) -> None:
    made = stage.create(store=False, previous_interaction_id=stage.made())

    assert made.id is None
    assert stage.context.turn == 2
    assert stage.store.status_of(None) is None
    assert stage.store.count() == 1


def test_a_deleted_interaction_is_gone(stage: Stage) -> None:
    identity = stage.made()

    stage.store.delete(identity)

    assert is_gone(stage, identity)


@pytest.mark.parametrize("days", [1, 7, 14, 28, 55])
def test_an_interaction_is_kept_to_the_second_from_its_creation_on(days: int) -> None:
    stage = Stage(days=days)
    identity = stage.made()

    stage.clock.advance(days * DAY_S - 1)
    assert stage.store.poll(identity).interaction.created_s == START_S
    stage.create(previous_interaction_id=identity)
    stage.clock.advance(1)
    assert is_gone(stage, identity)


def test_new_interactions_free_those_that_expired(stage: Stage) -> None:
    for _ in range(10):
        stage.create()
    stage.clock.advance(55 * DAY_S)
    stage.create()

    assert len(stage.store._records) == 1
    assert stage.store.bytes == 100


def test_what_has_expired_stays_gone_when_the_clock_goes_back(stage: Stage) -> None:
    old = stage.made()
    stage.clock.advance(55 * DAY_S)

    stage.clock.set(START_S)

    assert is_gone(stage, old)


def test_what_has_ended_stays_ended_when_the_clock_goes_back(stage: Stage) -> None:
    identity = stage.made(background=True)
    stage.clock.advance(10)

    stage.clock.set(START_S)

    assert stage.ended == [(identity, "completed")]
    assert stage.store.find(identity).interaction.status == "completed"


def test_what_was_made_later_can_be_found_when_the_clock_goes_back(stage: Stage) -> None:
    stage.clock.advance(55 * DAY_S)
    new = stage.made()

    stage.clock.set(START_S)

    assert stage.store.find(new).turn == 1
    assert stage.store.find(stage.made()).turn == 1


@pytest.mark.parametrize(
    ("limit", "value"), [("INTERACTIONS_MAX", 3), ("STORED_BYTES_MAX", 250)], ids=["count", "bytes"]
)
def test_the_oldest_go_when_there_are_too_many(
    stage: Stage, limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, limit, value)

    made = [stage.made() for _ in range(5)]

    assert [stage.store.status_of(identity) for identity in made] == [None] * 2 + ["completed"] * 3


def test_a_conversation_has_a_last_turn(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_module, "TURNS_MAX", 2)
    second = stage.made(previous_interaction_id=stage.made())

    with pytest.raises(Refusal, match="2 turns"):
        stage.create(previous_interaction_id=second)


def test_a_background_run_ends_at_the_second_poll(stage: Stage) -> None:
    identity = stage.made(background=True)

    seen = [stage.store.poll(identity).interaction.status for _ in range(2)]

    assert seen == ["in_progress", "completed"]
    assert stage.ended == [(identity, "completed")]
    assert stage.store.runs == 0


def test_a_background_run_ends_when_its_time_is_over_however_late_one_looks(stage: Stage) -> None:
    identity = stage.made(background=True)
    stage.clock.advance(1000)

    ended = stage.store.find(identity).interaction

    assert (ended.status, ended.updated_s) == ("completed", START_S + 10)


def test_runs_can_be_ended_without_anybody_looking(stage: Stage) -> None:
    first = stage.made(background=True)
    stage.clock.advance(5)
    stage.create(background=True)
    stage.store.delete(stage.made(background=True))

    assert stage.store.next_end_ns() == (START_S + 10) * NS
    stage.store.end_due((START_S + 14) * NS)

    assert stage.ended == [(first, "completed")]
    assert stage.store.runs == 1


def test_a_run_that_was_over_before_it_expired_is_told_of(stage: Stage) -> None:
    identity = stage.made(background=True)
    stage.clock.advance(100 * DAY_S)
    stage.create()

    assert stage.ended == [(identity, "completed")]


def test_ends_of_runs_that_ended_early_do_not_pile_up(stage: Stage) -> None:
    for _ in range(500):
        stage.store.finish(stage.made(background=True))

    assert len(stage.store._due) <= store_module.DUE_SLACK + 2


def test_steps_come_with_polls_and_with_time(stage: Stage) -> None:
    polled, waited = stage.made(background=True), stage.made(background=True)
    stage.clock.advance(6)

    assert stage.store.find(waited).steps_shown == 2
    assert stage.store.poll(polled).steps_shown == 2
    assert stage.store.poll(polled).steps_shown is None


def test_a_queued_run_is_queued_for_so_many_polls(stage: Stage) -> None:
    identity = stage.made(fault=Fault(queued=1), background=True)

    seen = [stage.store.status_of(identity)]
    seen += [stage.store.poll(identity).interaction.status for _ in range(3)]

    assert seen == ["queued", "queued", "in_progress", "completed"]


def test_a_queued_run_can_be_cancelled(stage: Stage) -> None:
    identity = stage.made(fault=Fault(queued=1), background=True)

    assert stage.store.cancel(identity).interaction.status == "cancelled"
    assert stage.ended == [(identity, "cancelled")]


def test_only_a_running_interaction_can_be_cancelled(stage: Stage) -> None:
    identity = stage.made(background=True)
    stage.store.cancel(identity)

    assert stage.store.poll(identity).interaction.status == "cancelled"
    for done in (identity, stage.made()):
        with pytest.raises(Refusal) as refused:
            stage.store.cancel(done)
        assert (refused.value.status, refused.value.code) == (400, "failed_precondition")


@pytest.mark.parametrize("fault", [Fault(), Fault(queued=5)], ids=["in progress", "queued"])
def test_a_running_interaction_cannot_be_built_upon(stage: Stage, fault: Fault) -> None:
    running = stage.made(fault=fault, background=True)

    with pytest.raises(Refusal, match="in progress") as refused:
        stage.create(previous_interaction_id=running)
    assert refused.value.status == 400


def test_an_interaction_can_be_found_only_after_a_while_if_so_wished(stage: Stage) -> None:
    identity = stage.made(fault=Fault(visible_after=3))

    assert is_gone(stage, identity)
    stage.clock.advance(3)
    assert stage.store.find(identity).turn == 1


def test_a_continuation_token_is_good_for_its_own_hop_alone(stage: Stage) -> None:
    other = stage.made()
    first = stage.create(answer={"hops_left": 2})
    token = first.continuation_token

    with pytest.raises(Refusal, match="does not belong"):
        stage.create(previous_interaction_id=other, continuation_token=token)
    second = stage.create(previous_interaction_id=first.id, continuation_token=token)
    assert (stage.context.hops_left, stage.context.initial_input) == (2, 10)
    stage.create(previous_interaction_id=second.id, continuation_token=second.continuation_token)
    assert (stage.context.hops_left, stage.context.initial_input) == (1, 25)


def test_a_long_decode_that_is_not_stored_continues_on_the_same_history(stage: Stage) -> None:
    past = stage.made()
    body: dict[str, Any] = {"store": False, "previous_interaction_id": past}
    first = stage.create(answer={"hops_left": 1}, **body)

    stage.create(continuation_token=first.continuation_token, **body)

    assert stage.context.hops_left == 1


def test_a_checkpoint_s_token_continues_before_the_end(stage: Stage) -> None:
    first = stage.create(answer={"checkpoints": (0, 2)})
    one, two = first.checkpoint_tokens

    stage.create(previous_interaction_id=first.id, continuation_token=two)

    assert one != two
    assert first.continuation_token is None
    assert stage.context.hops_left == 1


def test_chained_turns_share_the_first_turn_s_id(stage: Stage) -> None:
    first = stage.made()
    second = stage.made(previous_interaction_id=first)
    third = stage.made(previous_interaction_id=second)

    roots = {turns(made)[0] for made in (first, second, third)}
    assert len(roots) == 1
    assert len({first, second, third}) == 3


def test_a_pinned_id_that_comes_again_is_the_newer_interaction(stage: Stage) -> None:
    pinned: dict[str, Any] = {"pinned": Pinned(id="v1_x", created_s=5)}
    stage.create(answer=pinned)
    stage.create(answer=pinned | {"status": "failed"})

    assert stage.store.find("v1_x").interaction.status == "failed"
    assert (stage.store.count(), stage.store.bytes) == (1, 100)


def test_all_can_be_forgotten(stage: Stage) -> None:
    identity = stage.made(background=True)

    stage.store.clear()

    assert is_gone(stage, identity)
    assert (stage.store.count(), stage.store.runs, stage.store.next_end_ns()) == (0, 0, None)
