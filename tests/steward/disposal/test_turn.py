"""One steward of a fleet acts on a scope at a time."""

from __future__ import annotations

import itertools
import json
import time
from pathlib import Path

import pytest

from proxy.steward.disposal.turn import LEASE_FILE, SCOPE_FILE, since_boot_ns, this_boot, turn_in
from tests.steward.disposal.standing import Scene

SECOND = 1_000_000_000


def lease(boot: str) -> str:
    """Until the sixth second of that boot."""
    return json.dumps({"until_ns": 6_000_000_000, "boot": boot, "token": 1})


def test_the_steward_says_which_scope_it_cares_for(tmp_path: Path) -> None:
    turn_in(tmp_path, {"b", "a"}, lambda: 5 * SECOND)

    assert json.loads((tmp_path / SCOPE_FILE).read_text()) == ["a", "b"]


def test_it_may_act_until_the_instant_that_it_was_told(tmp_path: Path) -> None:
    now = [5 * SECOND]
    is_ours = turn_in(tmp_path, {"a"}, lambda: now[0])
    (tmp_path / LEASE_FILE).write_text(lease(this_boot()))

    assert is_ours()
    now[0] = 6 * SECOND
    assert not is_ours()


def test_what_was_said_before_the_machine_was_booted_or_on_another_one_is_not_for_us(
    tmp_path: Path,
) -> None:
    is_ours = turn_in(tmp_path, {"a"}, lambda: 5 * SECOND)
    (tmp_path / LEASE_FILE).write_text(lease("5f0e2a4c-0000-4000-8000-000000000000"))

    assert not is_ours()


def test_what_was_said_to_the_steward_before_is_not_for_this_one(tmp_path: Path) -> None:
    (tmp_path / LEASE_FILE).write_text(lease(this_boot()))

    assert not turn_in(tmp_path, {"a"}, lambda: 5 * SECOND)()


@pytest.mark.parametrize(
    "told",
    [
        None,
        "",
        "{}",
        "[]",
        '{"until_ns": 6000000000}',
        json.dumps({"until_ns": "soon", "boot": this_boot()}),
    ],
)
def test_where_nobody_said_so_it_may_not(tmp_path: Path, told: str | None) -> None:
    is_ours = turn_in(tmp_path, {"a"}, lambda: 5 * SECOND)
    if told is not None:
        (tmp_path / LEASE_FILE).write_text(told)

    assert not is_ours()


def test_its_clock_goes_on_while_the_machine_sleeps() -> None:
    """Else who slept past the end of its lease would act in somebody else's."""
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)

    assert before <= since_boot_ns() <= time.clock_gettime_ns(time.CLOCK_BOOTTIME)


async def test_a_deletion_whose_turn_ends_before_it_leaves_is_withdrawn_and_sent_later(
    tmp_path: Path,
) -> None:
    scene = Scene(tmp_path, "v1_a")
    turns = itertools.chain([True, False], itertools.cycle([True]))
    scene.desk._reach.is_our_turn = lambda: next(turns)

    await scene.desk.look()
    await scene.desk.round()
    assert [method for method, _ in scene.upstream.asked if method == "DELETE"] == []
    await scene.work()

    assert [method for method, _ in scene.upstream.asked if method == "DELETE"] == ["DELETE"]
