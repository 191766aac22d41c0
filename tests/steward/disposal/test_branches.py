"""Turns that go with all behind them: also with what comes while they go."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from proxy.audit.ledger.telling import written
from proxy.audit.retention import events
from proxy.audit.retention.states import Copy, Disposal
from tests.steward.disposal.standing import Scene
from tests.steward.still import NOW_US


def branch_of(scene: Scene, name: str) -> None:
    """A person's order: it, with all turns behind it."""
    began = events.DutyBegan(
        id="f" * 32, wall=NOW_US * 1000, due_at=1, is_request=True, is_branch=True
    )
    told = written(began, Copy(interaction=name, scope=None, disposal=Disposal.SCHEDULED))
    act = {"kind": "disposal", "act": began.id, "interaction": name, "data": told}
    scene.tables.acts.append(act | {"detail": "DutyBegan"})


def comes_behind(scene: Scene, name: str, before: str, **more: Any) -> None:
    scene.tables.copies[name] = scene.tables.copies[before] | {
        "interaction": name,
        "previous": before,
        "created_us": NOW_US,
        **more,
    }
    scene.upstream.there.add(name)


async def test_a_turn_that_slips_in_behind_a_branch_goes_with_it_and_first(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a", policy="")
    branch_of(scene, "v1_a")
    await scene.work(rounds=1, step_s=0.0)  # the first look
    comes_behind(scene, "v1_b", "v1_a")

    await scene.work(rounds=30)

    deleted = [name for method, name in scene.upstream.asked if method == "DELETE"]
    assert deleted == ["v1_b", "v1_a"]
    assert {scene.outcome("v1_a"), scene.outcome("v1_b")} == {"deleted_verified"}


async def test_one_that_a_policy_would_delete_later_goes_with_its_branch(tmp_path: Path) -> None:
    """Else it would keep its branch waiting for a week, and stay if the policy changed meanwhile."""
    scene = Scene(tmp_path, "v1_a")
    branch_of(scene, "v1_a")
    comes_behind(scene, "v1_b", "v1_a")
    began = events.DutyBegan(
        id="e" * 32, wall=NOW_US * 1000, due_at=NOW_US * 2000, is_request=False
    )
    told = written(began, Copy(interaction="v1_b", scope=None, disposal=Disposal.SCHEDULED))
    act = {"kind": "disposal", "act": began.id, "interaction": "v1_b", "data": told}
    scene.tables.acts.append(act | {"detail": "DutyBegan"})

    await scene.work(rounds=30)

    deleted = [name for method, name in scene.upstream.asked if method == "DELETE"]
    assert deleted == ["v1_b", "v1_a"]


async def test_one_that_comes_while_its_branch_is_verified_goes_after_it(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a", policy="")
    branch_of(scene, "v1_a")
    await scene.work(rounds=3, step_s=0.0)
    assert scene.upstream.count("DELETE", "v1_a") == 1
    comes_behind(scene, "v1_b", "v1_a")

    for _ in range(30):  # no look at all that is due: the branch's own end finds it
        await scene.desk.round()
        scene.clock.at_s += 70.0

    assert {scene.outcome("v1_a"), scene.outcome("v1_b")} == {"deleted_verified"}


async def test_a_turn_without_an_id_or_of_anothers_key_keeps_no_branch_waiting(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, "v1_a", policy="")
    branch_of(scene, "v1_a")
    comes_behind(scene, "exchange:1", "v1_a", has_id=False, create_status=None)
    comes_behind(scene, "v1_c", "v1_a", client="d" * 16)

    await scene.work(rounds=20)

    assert scene.outcome("v1_a") == "deleted_verified"
    assert scene.upstream.count("DELETE", "v1_c") == scene.upstream.count("GET", "v1_c") == 0
