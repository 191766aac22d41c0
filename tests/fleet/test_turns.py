from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from proxy.fleet.engine.leases import TURN_S
from proxy.fleet.turns import LEASE_S, MARGIN_S, RENEW_S, Turns
from proxy.steward.disposal.turn import LEASE_FILE, SCOPE_FILE, this_boot
from tests.fleet.standin import StandIn

SECOND = 1_000_000_000


class Clock:
    def __init__(self) -> None:
        self.ns = 1000 * SECOND

    def __call__(self) -> int:
        return self.ns


def made(folder: Path, *, lease: list[tuple[int, bool, float]]) -> tuple[Turns, StandIn, Clock]:
    (folder / SCOPE_FILE).write_text(json.dumps(["b", "a"]))
    link, clock = StandIn({"INSERT INTO fleet.leases": list(lease)}), Clock()
    return Turns(link, folder, "eu-1/0", clock), link, clock


def told(folder: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((folder / LEASE_FILE).read_text())
    return found


def test_a_steward_may_act_for_less_time_than_its_lease_lasts(tmp_path: Path) -> None:
    turns, link, clock = made(tmp_path, lease=[(3, False, 0.0)])

    turns.keep()

    assert told(tmp_path) == {
        "until_ns": clock.ns + int((LEASE_S - MARGIN_S) * SECOND),
        "boot": this_boot(),
        "token": 3,
    }
    names = [given["name"] for _, given in link.asked if isinstance(given, dict)]
    assert names == ["disposal:a", "disposal:b"]


def test_nobody_acts_on_a_scope_of_which_somebody_else_has_a_part(tmp_path: Path) -> None:
    turns, _, _ = made(tmp_path, lease=[])

    turns.keep()

    assert told(tmp_path)["until_ns"] == 0


def test_a_long_turn_ends_where_others_wait_and_only_when_nothing_is_under_way(
    tmp_path: Path,
) -> None:
    turns, link, clock = made(tmp_path, lease=[(3, True, TURN_S)])

    turns.keep()
    assert told(tmp_path)["until_ns"] == 0
    clock.ns += int(RENEW_S * SECOND)
    turns.keep()
    assert not any("-infinity" in text for text, _ in link.asked)
    clock.ns += int(MARGIN_S * SECOND)
    turns.keep()
    assert any("-infinity" in text for text, _ in link.asked)


def test_without_a_steward_nothing_is_taken(tmp_path: Path) -> None:
    turns, link, _ = made(tmp_path, lease=[(3, False, 0.0)])
    (tmp_path / SCOPE_FILE).unlink()

    turns.keep()

    assert link.asked == []
