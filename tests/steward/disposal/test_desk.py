"""What the desk does, by the table of cases in the reference (T1 to T11) where it has one."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest

from proxy.audit.ledger.telling import written
from proxy.audit.retention import events
from proxy.audit.retention.states import Copy, Disposal
from proxy.steward.asking import NotAnswered
from proxy.steward.disposal.desk import FULL_LOOK_S, LOOKS_AT_ONCE
from tests.steward.disposal.standing import DAY_US, Scene
from tests.steward.still import NOW_US


async def test_what_is_due_is_seen_deleted_looked_for_and_receipted(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")

    await scene.work()

    assert scene.outcome() == "deleted_verified"
    assert scene.upstream.count("DELETE") == 1
    assert scene.tables.steps().index("DeleteIntended") < scene.tables.steps().index(
        "DeleteAnswered"
    )
    (receipt,) = scene.tables.told("receipt")
    assert receipt["data"]["receipt"]["is_verified"]


async def test_what_no_policy_wants_yet_is_left_alone(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")
    scene.tables.copies["v1_a"]["created_us"] = NOW_US - 6 * DAY_US

    await scene.work()

    assert not scene.upstream.asked


async def test_an_intent_is_durable_before_its_delete_leaves(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")
    await scene.work(rounds=2, step_s=0.0)
    scene.tables.is_gone = True

    with pytest.raises(NotAnswered):
        await scene.desk.round()

    assert scene.upstream.count("DELETE") == 0


async def test_a_hold_on_a_later_turn_protects_the_one_before(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a", "v1_b")
    scene.tables.copies["v1_b"]["previous"] = "v1_a"
    scene.tables.holds = ["v1_b"]

    await scene.work()

    assert scene.upstream.count("DELETE", "v1_a") == scene.upstream.count("DELETE", "v1_b") == 0


async def test_turns_behind_go_first(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a", "v1_b")
    scene.tables.copies["v1_b"]["previous"] = "v1_a"

    await scene.work(rounds=24)

    deleted = [name for method, name in scene.upstream.asked if method == "DELETE"]
    assert deleted == ["v1_b", "v1_a"]


async def test_a_hold_that_comes_with_the_intent_wins(tmp_path: Path) -> None:
    """T6."""
    scene = Scene(tmp_path, "v1_a")
    scene.tables.hold_on_intent = True

    await scene.work(rounds=3)

    assert scene.upstream.count("DELETE") == 0
    assert scene.tables.steps()[-1] == "DeleteWithdrawn"


async def test_not_implemented_is_asked_again_a_day_later(tmp_path: Path) -> None:
    """T2."""
    scene = Scene(tmp_path, "v1_a")
    scene.upstream.answers["DELETE"] = [501] * 50

    await scene.work(rounds=48, step_s=3600.0)

    assert scene.outcome() == "unsupported"
    assert scene.upstream.count("DELETE") == 2


async def test_a_delete_without_an_answer_is_not_repeated_blindly(tmp_path: Path) -> None:
    """T3."""
    scene = Scene(tmp_path, "v1_a")
    scene.upstream.answers["DELETE"] = [None]
    await scene.work(rounds=3, step_s=0.0)
    scene.upstream.there.discard("v1_a")

    await scene.work()

    assert scene.outcome() == "deleted_verified"
    assert scene.upstream.count("DELETE") == 1


async def test_a_steward_that_was_killed_looks_first(tmp_path: Path) -> None:
    """T8."""
    scene = Scene(tmp_path, "v1_a")
    await scene.work(rounds=3, step_s=0.0)
    deletes = scene.upstream.count("DELETE")
    scene.tables.acts = [
        act for act in scene.tables.acts if "DeleteAnswered" not in str(act["detail"])
    ]
    scene.desk = scene.born()

    await scene.work()

    assert deletes == scene.upstream.count("DELETE") == 1
    assert scene.outcome() == "deleted_verified"


async def test_what_is_forbidden_waits_for_a_person(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")
    scene.upstream.answers["DELETE"] = [403] * 50

    await scene.work()

    assert scene.outcome() == "denied"
    assert scene.upstream.count("DELETE") == 1
    assert not scene.tables.told("receipt")[0]["data"]["receipt"]["is_verified"]


async def test_what_was_forbidden_is_tried_once_more_by_the_next_steward(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")
    scene.upstream.answers["DELETE"] = [403]
    await scene.work()
    scene.desk = scene.born()

    await scene.work()

    assert scene.upstream.count("DELETE") == 2
    assert scene.outcome() == "deleted_verified"


async def test_an_upstream_that_says_yes_and_goes_on_serving_is_never_green(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")
    scene.upstream.forgets = False

    await scene.work(rounds=60, step_s=700.0)

    assert scene.outcome() == "not_effective"
    assert scene.upstream.count("DELETE") == 3
    assert not any(one["data"]["receipt"]["is_verified"] for one in scene.tables.told("receipt"))


async def test_without_another_copy_the_list_of_models_is_the_control(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")
    scene.tables.controls = []

    await scene.work()

    assert scene.outcome() == "deleted_verified"
    (control,) = {act["data"].get("control") for act in scene.tables.told()} - {None}
    assert control == "models"


async def test_a_policy_that_changed_counts_at_the_moment_of_acting(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")
    scene.tables.holds = ["v1_a"]
    await scene.work(rounds=2)
    scene.tables.holds = []
    scene.policy_file.write_text(scene.policy_file.read_text().replace("7d", "20d"))

    await scene.work()

    assert scene.upstream.count("DELETE") == 0


async def test_policies_that_cannot_be_read_make_nothing_due(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a", policy="[[policy")

    await scene.work()

    assert not scene.upstream.asked


async def test_a_steward_deletes_nothing_by_time_before_upstreams_clock_agrees(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    scene = Scene(tmp_path, "v1_a")
    scene.upstream.date_us = lambda: NOW_US - 30 * DAY_US

    await scene.work()

    assert scene.upstream.count("DELETE") == 0
    assert caplog.text.count("nothing is deleted by time until upstream's agrees") == 1
    scene.upstream.date_us = scene.clock.clocks.wall_us
    await scene.work()
    assert scene.outcome() == "deleted_verified"


async def test_a_hold_on_a_turn_that_came_since_the_last_look_protects_the_one_before(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, "v1_a")
    await scene.work(rounds=2, step_s=0.0)
    scene.tables.copies["v1_b"] = scene.tables.copies["v1_a"] | {
        "interaction": "v1_b",
        "previous": "v1_a",
        "created_us": NOW_US,
    }
    scene.tables.holds = ["v1_b"]

    await scene.desk.round()

    assert scene.upstream.count("DELETE") == 0
    assert scene.tables.steps()[-1] == "DeleteWithdrawn"


async def test_a_policy_is_read_again_before_its_delete_leaves(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")
    await scene.work(rounds=2, step_s=0.0)
    scene.policy_file.write_text(scene.policy_file.read_text().replace("7d", "20d"))

    await scene.work(rounds=3)

    assert scene.upstream.count("DELETE") == 0


async def test_what_was_presumed_to_have_expired_is_seen_to_be_gone(tmp_path: Path) -> None:
    """No credential looked while it lived; the next steward with one proves it, and says so once."""
    scene = Scene(tmp_path, "v1_a", policy="")
    scene.tables.served["v1_a"] = 200
    presumed = events.Concluded(id="0" * 32, wall=0, final=Disposal.EXPIRED_PRESUMED)
    told = written(presumed, Copy(interaction="v1_a", scope=None)) | {"state": "expired_presumed"}
    act = {"kind": "disposal", "act": "0" * 32, "interaction": "v1_a", "data": told}
    scene.tables.acts.append(act | {"detail": "Concluded"})
    scene.upstream.there.discard("v1_a")

    await scene.work()

    assert scene.outcome() == "expired_verified"
    assert len(scene.tables.told("receipt")) == 1
    assert scene.upstream.count("DELETE") == 0


async def test_a_refusal_is_told_apart_by_a_look_at_something_else(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")
    scene.upstream.answers["DELETE"] = [403]

    await scene.work(rounds=6)

    assert scene.upstream.count("GET", "v1_control") >= 1
    assert scene.desk.cases["v1_a"].copy.refused == "copy"


async def test_a_delete_of_a_client_that_has_no_effect_is_never_green(tmp_path: Path) -> None:
    """Nobody's policy wants it gone: the client's own word is enough."""
    scene = Scene(tmp_path, "v1_a", policy="")
    scene.tables.served["v1_a"] = 200
    scene.tables.deleted["v1_a"] = 200
    scene.upstream.forgets = False

    await scene.work(rounds=60, step_s=700.0)

    assert scene.outcome() == "not_effective"
    assert not any(one["data"]["receipt"]["is_verified"] for one in scene.tables.told("receipt"))


async def test_a_person_who_waits_is_told_of_once(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a")
    scene.upstream.answers["DELETE"] = [400]

    await scene.work(rounds=40, step_s=2 * 86_400.0)

    assert scene.outcome() in {"rejected", "expired_verified", "expired_presumed"}
    outcomes = [one["data"]["receipt"]["outcome"] for one in scene.tables.told("receipt")]
    assert outcomes.count("rejected") == 1


async def test_a_policy_that_became_stricter_reaches_what_was_there_after_its_notice(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, "v1_a", notice_ns=2 * DAY_US * 1000)
    await scene.work(rounds=2)
    assert scene.outcome() == "none", "the first policy of all is stricter than none"
    scene.clock.at_s += 86_400
    scene.desk = scene.born()  # since when it stands is on record
    await scene.work(rounds=2)
    assert scene.outcome() == "none"
    scene.clock.at_s += 86_400

    await scene.work()

    assert scene.outcome() == "deleted_verified"


async def test_looks_wait_side_by_side_a_few_at_a_time_and_each_has_its_own_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path, *(f"v1_{letter}" for letter in "abcdefgh"))
    send, waiting, most = scene.upstream.send, 0, 0

    async def slow(method: str, target: str, headers: Any, **more: Any) -> Any:
        nonlocal waiting, most
        waiting += 1
        most = max(most, waiting)
        for _ in range(5):  # others have their turn meanwhile
            await asyncio.sleep(0)
        scene.clock.at_s += 1.0
        waiting -= 1
        return await send(method, target, headers, **more)

    monkeypatch.setattr(scene.upstream, "send", slow)
    await scene.work(rounds=2)

    looked = [act["data"]["mono"] for act in scene.tables.told() if "Looked:" in act["detail"]]
    assert most == LOOKS_AT_ONCE
    assert len(set(looked)) == len(looked) >= 8


async def test_a_hold_that_comes_while_an_upstream_is_slow_spares_what_has_not_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = Scene(tmp_path, "v1_a", "v1_b")
    send = scene.upstream.send

    async def slow(method: str, target: str, headers: Any, **more: Any) -> Any:
        if method == "DELETE":  # it takes a while, in which somebody holds the other one
            scene.clock.at_s += 60.0
            scene.tables.holds = ["v1_b"]
        return await send(method, target, headers, **more)

    monkeypatch.setattr(scene.upstream, "send", slow)

    await scene.work()

    assert (scene.upstream.count("DELETE", "v1_a"), scene.upstream.count("DELETE", "v1_b")) == (
        1,
        0,
    )
    assert "DeleteWithdrawn" in scene.tables.steps()


async def test_a_wish_that_comes_after_the_first_look_is_news_before_the_next_one(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, "v1_a")
    assert await scene.desk.has_reason()  # never looked before
    await scene.desk.look()
    scene.tables.holds = ["v1_a"]

    assert await scene.desk.has_reason()
    assert not await scene.desk.has_reason()
    scene.clock.at_s += FULL_LOOK_S
    assert await scene.desk.has_reason()
