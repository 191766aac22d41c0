"""Our own copies go when a policy says so, and not before."""

from __future__ import annotations

from pathlib import Path

import pytest

from proxy.steward.asking import NotAnswered
from tests.steward.disposal.standing import DAY_US, Scene
from tests.steward.still import NOW_US

WEEK = '[[policy]]\nname = "week"\nerase_local_after = "7d"\n'


async def test_what_is_due_is_erased_here_and_only_here(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a", "v1_b", policy=WEEK)
    scene.tables.copies["v1_b"]["created_us"] = NOW_US - 6 * DAY_US

    await scene.work()

    assert scene.tables.erased == {"v1_a": "policy week"}
    assert ("DELETE", "v1_a") not in scene.upstream.asked


async def test_what_a_hold_protects_stays_until_it_is_released(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a", policy=WEEK)
    scene.tables.holds = ["v1_a"]
    await scene.work()
    assert scene.tables.erased == {}
    scene.tables.holds = []

    await scene.work()

    assert list(scene.tables.erased) == ["v1_a"]


async def test_nothing_is_erased_by_a_clock_that_nobody_confirms(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a", policy=WEEK)
    scene.upstream.date_us = lambda: NOW_US - 30 * DAY_US

    await scene.work()

    assert scene.tables.erased == {}


async def test_a_policy_that_changed_counts_at_the_moment_of_erasing(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a", policy=WEEK)
    await scene.desk.look()
    scene.policy_file.write_text(WEEK.replace("7d", "20d"))

    for _ in range(4):
        await scene.desk.round()

    assert scene.tables.erased == {}


async def test_what_is_kept_longest_is_kept(tmp_path: Path) -> None:
    keep = '[[policy]]\nname = "keep"\nkeep_local = "30d"\n'
    scene = Scene(tmp_path, "v1_a", policy=WEEK + keep)

    await scene.work()

    assert scene.tables.erased == {}


async def test_the_duty_upstream_outlives_the_labels_that_made_it(tmp_path: Path) -> None:
    """Labels leave the tables with the content. What they wanted deleted at Google is deleted on its day."""
    by_label = '[[policy]]\nname = "care"\nlabels = ["team=care"]\ndelete_upstream_after = "10d"\n'
    scene = Scene(tmp_path, "v1_a", policy=WEEK + by_label)
    scene.tables.copies["v1_a"]["label"] = "index of team=care"

    await scene.work()
    assert list(scene.tables.erased) == ["v1_a"]
    assert scene.upstream.count("DELETE") == 0
    scene.clock.at_s += 2 * 86_400
    await scene.work()

    assert scene.outcome() == "deleted_verified"


async def test_many_are_planned_and_erased_together(tmp_path: Path) -> None:
    names = [f"v1_{number:03d}" for number in range(40)]
    scene = Scene(tmp_path, *names, policy=WEEK)
    scene.tables.holds = ["v1_007"]

    await scene.work()

    assert sorted(scene.tables.erased) == [name for name in names if name != "v1_007"]
    assert scene.tables.erase_calls == 2


async def test_one_that_is_not_known_any_more_keeps_no_other_from_going(tmp_path: Path) -> None:
    scene = Scene(tmp_path, "v1_a", "v1_b", "v1_c", policy=WEEK)
    scene.tables.unknown = {"v1_b"}

    await scene.work()

    assert sorted(scene.tables.erased) == ["v1_a", "v1_c"]


async def test_a_full_portion_is_followed_by_the_next_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.steward.disposal.ledger.CARE_MAX", 2)
    monkeypatch.setattr("proxy.steward.disposal.ledger.PAGE", 2)
    names = ["v1_a", "v1_b", "v1_c", "v1_d", "v1_e"]
    scene = Scene(tmp_path, *names, policy=WEEK)
    await scene.desk.look()

    for _ in range(6):
        await scene.desk.round()

    assert sorted(scene.tables.erased) == names


async def test_what_is_too_much_to_plan_goes_in_smaller_portions(tmp_path: Path) -> None:
    names = [f"v1_{number:03d}" for number in range(40)]
    scene = Scene(tmp_path, *names, policy=WEEK)
    scene.tables.plans_at_most = 10

    for _ in range(40):
        try:
            await scene.desk.look()
            await scene.desk.round()
        except NotAnswered:
            scene.desk.forget()

    assert sorted(scene.tables.erased) == names
