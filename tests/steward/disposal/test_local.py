"""Our own copies go when a policy says so, and not before."""

from __future__ import annotations

from pathlib import Path

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
