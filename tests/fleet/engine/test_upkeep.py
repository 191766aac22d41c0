from __future__ import annotations

import re
from typing import Any

from proxy.fleet.engine.link import Occupied
from proxy.fleet.engine.upkeep import MERGE_EACH_S, PURGE_AGAIN_S, Upkeep
from tests.fleet.standin import Rows, StandIn

NOW = "2026-11-23 14:00:00.000001"
TAKEN: dict[str, list[tuple[Any, ...]]] = {
    "INSERT INTO fleet.leases": [(1, False, 0.0)],
    "SELECT to_char(now()": [(NOW,)],
}


LEFT = "s3://record/ours/facts/main/steps/left.parquet"


class Counting(StandIn):
    """Notes what is run over the files. One was left by somebody."""

    def __init__(self, answers: dict[str, Rows]) -> None:
        super().__init__(answers)
        self.run: list[str] = []
        self.texts: list[str] = []
        self.removed: list[str] = []
        self.rows = self  # type: ignore[assignment]  # it only executes
        self.is_occupied = False

    def begin(self) -> None:
        self.run.append("(")

    def commit(self, *given: Any, **more: Any) -> Any:
        if given:
            return super().commit(*given, **more)
        self.run.append(")")
        return None

    def execute(self, statement: str) -> Counting:
        self.run += re.findall(r"ducklake_(\w+)", statement)
        self.texts.append(statement)
        return self

    def fetchall(self) -> list[Any]:
        return [(LEFT,)] if "SELECT path" in self.texts[-1] else [(1,)]

    def _asked(self, statement: str, given: object) -> Rows:
        if self.is_occupied and "pg_advisory_lock(" in statement:
            raise Occupied("canceling statement due to lock timeout")
        if "UPDATE fleet.epoch" in statement:
            self.run.append("alone:")
        return super()._asked(statement, given)


def caring(link: Counting) -> Upkeep:
    return Upkeep(link, "a/1", link.removed.extend)


def test_nothing_is_done_where_nothing_is_due() -> None:
    link = Counting(dict(TAKEN))
    upkeep = caring(link)

    assert upkeep.do_if_due(100.0)  # a start: from now on it counts the time
    assert not upkeep.do_if_due(100.0 + MERGE_EACH_S - 1)
    assert link.run == []


def test_what_was_erased_is_purged_and_then_forgotten() -> None:
    link = Counting({"SELECT id FROM fleet.purges": [(4,), (6,)], **TAKEN})

    assert caring(link).do_if_due(100.0)

    (done,) = [given for text, given in link.asked if "DELETE FROM fleet.purges" in text]
    assert done == ([4, 6],), "one that came in meanwhile waits, whatever its number"
    assert link.run == [
        *("(", "rewrite_data_files", ")", "(", "merge_adjacent_files", ")"),
        *("expire_snapshots", "cleanup_old_files"),
        *("alone:", "delete_orphaned_files"),
    ]
    assert link.removed == ["facts/main/steps/left.parquet"]


def test_an_erasure_is_not_done_where_nobody_was_alone_with_the_files() -> None:
    link = Counting({"SELECT id FROM fleet.purges": [(5,)], **TAKEN})
    upkeep, link.is_occupied = caring(link), True

    def is_done(mono_s: float) -> bool:
        upkeep.do_if_due(mono_s)
        return any("DELETE FROM fleet.purges" in text for text, _ in link.asked)

    assert not is_done(100.0)
    assert upkeep.is_waiting
    assert link.removed == []
    link.is_occupied = False
    assert not is_done(100.0 + PURGE_AGAIN_S - 1), "others had to wait behind it: not at once again"
    assert is_done(100.0 + PURGE_AGAIN_S)
    assert not upkeep.is_waiting


def test_nobody_waits_any_more_for_what_another_proxy_did() -> None:
    link = Counting({"SELECT id FROM fleet.purges": [(5,)], **TAKEN})
    upkeep, link.is_occupied = caring(link), True
    upkeep.do_if_due(100.0)

    link.answers["SELECT id FROM fleet.purges"] = []
    upkeep.do_if_due(101.0)

    assert not upkeep.is_waiting


def test_where_nothing_is_erased_a_day_old_file_in_no_commit_has_all_such_go() -> None:
    link = Counting(dict(TAKEN))
    upkeep = caring(link)

    upkeep.do_if_due(100.0)
    assert link.removed == []
    upkeep.do_if_due(100.0 + MERGE_EACH_S)

    assert "INTERVAL 1 DAY" in link.texts[-2]
    assert link.removed == ["facts/main/steps/left.parquet"]


def test_what_is_old_is_told_by_the_catalogs_clock() -> None:
    """By a proxy's own, were it slow, an erasure's files would stay and count as purged."""
    link = Counting({"SELECT id FROM fleet.purges": [(5,)], **TAKEN})
    upkeep = caring(link)

    upkeep.do_if_due(100.0)
    upkeep.do_if_due(100.0 + MERGE_EACH_S)

    dated = [text for text in link.texts if "older_than" in text]
    assert any("orphaned" in text for text in dated)
    assert all(f"older_than => TIMESTAMPTZ '{NOW}+00'" in text for text in dated)


def test_another_proxy_may_be_at_it() -> None:
    link = Counting({"SELECT id FROM fleet.purges": [(5,)]})

    assert not caring(link).do_if_due(100.0)
    assert link.run == []
