from __future__ import annotations

import re
from typing import Any

from proxy.fleet.engine.upkeep import MERGE_EACH_S, Upkeep
from tests.fleet.standin import StandIn

TAKEN = {"INSERT INTO fleet.leases": [(1, False, 0.0)]}


class Counting(StandIn):
    """Notes what is run over the files."""

    def __init__(self, answers: dict[str, list[tuple[Any, ...]]]) -> None:
        super().__init__(answers)
        self.run: list[str] = []
        self.rows = self  # type: ignore[assignment]  # it only executes

    def execute(self, statement: str) -> Counting:
        self.run += re.findall(r"ducklake_(\w+)", statement)
        return self

    def fetchall(self) -> list[Any]:
        return []


def test_nothing_is_done_where_nothing_is_due() -> None:
    link = Counting({"FROM fleet.purges": [(None,)], **TAKEN})
    upkeep = Upkeep(link, "a/1")

    assert upkeep.do_if_due(100.0)  # a start: from now on it counts the time
    assert not upkeep.do_if_due(100.0 + MERGE_EACH_S - 1)
    assert link.run == []


def test_what_was_erased_is_purged_and_then_forgotten() -> None:
    link = Counting({"max(id) FROM fleet.purges": [(5,)], **TAKEN})

    assert Upkeep(link, "a/1").do_if_due(100.0)

    assert ("DELETE FROM fleet.purges WHERE id <= %s", (5,)) in link.asked
    assert link.run == [
        "rewrite_data_files",
        "merge_adjacent_files",
        "expire_snapshots",
        "cleanup_old_files",
    ]


def test_another_proxy_may_be_at_it() -> None:
    link = Counting({"max(id) FROM fleet.purges": [(5,)]})

    assert not Upkeep(link, "a/1").do_if_due(100.0)
    assert link.run == []
