from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.audit.retention import events
from proxy.audit.retention.clocks import Tier
from proxy.audit.retention.machine import after
from proxy.steward.asking import Cut
from proxy.steward.disposal.ledger import Ledger, Project, is_in_care
from tests.steward.disposal.standing import CREDENTIAL, DAY_US, POLICY, Tables
from tests.steward.still import NOW_US


async def ledger(tables: Tables, folder: Path, policy: str = POLICY) -> Ledger:
    file = folder / "policies.toml"
    file.write_text(policy)
    made = Ledger(tables, CREDENTIAL.scope, Project(Tier.PAID, 55, file))
    await made.read_policies(NOW_US * 1000)
    return made


async def test_only_what_is_due_is_in_care(tmp_path: Path) -> None:
    tables = Tables("v1_a", "v1_b")
    tables.copies["v1_b"]["created_us"] = NOW_US - 6 * DAY_US

    found = await (await ledger(tables, tmp_path)).cases(NOW_US * 1000, "life")

    assert list(found) == ["v1_a"]
    assert is_in_care(found["v1_a"], NOW_US * 1000)


async def test_a_hold_protects_all_turns_before_it(tmp_path: Path) -> None:
    tables = Tables("v1_a", "v1_b")
    tables.copies["v1_b"]["previous"] = "v1_a"
    tables.holds = ["v1_b"]
    read = await ledger(tables, tmp_path)

    around = await read.surroundings((await read.cases(NOW_US * 1000, "life")).values())

    assert around.protected == {"v1_a", "v1_b"}


def test_how_long_copies_live_follows_from_what_is_known_of_the_project() -> None:
    projects = (Project(), Project(Tier.FREE), Project(Tier.PAID), Project(Tier.PAID, 14))

    assert [project.span for project in projects] == [(1, 55), (1, 1), (7, 55), (14, 14)]


async def test_labels_are_met_by_their_blind_index(tmp_path: Path) -> None:
    tables = Tables("v1_a", "v1_b")
    tables.copies["v1_b"]["label"] = "index of team=care"
    policy = '[[policy]]\nname = "p"\nlabels = ["team=care"]\ndelete_upstream_after = "7d"\n'

    found = await (await ledger(tables, tmp_path, policy)).cases(NOW_US * 1000, "life")

    assert list(found) == ["v1_b"]


async def test_what_is_scheduled_for_later_is_not_in_care_yet(tmp_path: Path) -> None:
    tables = Tables("v1_a")
    (case,) = await (await ledger(tables, tmp_path)).read(["v1_a"], "life")
    began = events.DutyBegan(id="e", wall=1, due_at=NOW_US * 1000 + 1, is_request=False)
    case.copy = after(case.copy, began)

    assert not is_in_care(case, NOW_US * 1000)
    assert is_in_care(case, NOW_US * 1000 + 1)


async def test_a_hold_protects_turns_before_it_though_their_ids_name_no_conversation(
    tmp_path: Path,
) -> None:
    tables = Tables("v1_a", "v1_b", "v1_c", "v1_d")
    tables.copies["v1_b"] |= {"previous": "v1_a", "root": 2}
    tables.copies["v1_c"] |= {"previous": "v1_b", "root": 3}
    tables.copies["v1_d"] |= {"root": 4}
    tables.holds = ["v1_c"]
    read = await ledger(tables, tmp_path)
    (case,) = await read.read(["v1_a"], "life")

    around = await read.surroundings([case])

    assert around.protected == {"v1_a", "v1_b", "v1_c"}


class Little(Tables):
    """An answer holds two rows."""

    async def whole(self, name: str, **parameters: Any) -> list[dict[str, Any]]:
        rows = await self.query(name, **parameters)
        if "after" in parameters:
            rows = sorted(rows, key=lambda row: str(row["interaction"]))
            rows = [row for row in rows if row["interaction"] > parameters["after"]]
            return rows[: parameters["limit"]]
        if len(rows) > 2:
            raise Cut("more")
        return rows


async def test_nothing_is_missing_where_one_answer_does_not_hold_it_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A hold or an event that was cut off would be a copy deleted, or deleted again."""
    monkeypatch.setattr("proxy.steward.disposal.ledger.ROWS_PAGE", 2)
    names = [f"v1_{letter}" for letter in "abcde"]
    tables = Little(*names)
    tables.served = dict.fromkeys(names, 1)
    tables.holds = list(names)
    read = await ledger(tables, tmp_path)

    cases = await read.read(names, "life")
    around = await read.surroundings(cases)

    assert [case.copy.was_confirmed for case in cases] == [True] * 5
    assert around.held == set(names)
    assert around.states.keys() == set(names)


class Paged(Tables):
    """Candidates in pages."""

    def _disposal_candidates(self, **given: Any) -> list[dict[str, Any]]:
        names = [name for name in sorted(self.copies) if name > given["after"]]
        return [{"interaction": name} for name in names[: given["limit"]]]


async def test_what_waits_does_not_keep_others_from_being_cared_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """More are due than are taken at once: each has its turn, and what is under way stays."""
    monkeypatch.setattr("proxy.steward.disposal.ledger.CARE_MAX", 2)
    monkeypatch.setattr("proxy.steward.disposal.ledger.PAGE", 3)
    names = [f"v1_{letter}" for letter in "abcde"]
    read = await ledger(Paged(*names), tmp_path)

    looks = [list(await read.cases(NOW_US * 1000, "life")) for _ in range(4)]
    with_one = list(await read.cases(NOW_US * 1000, "life", ["v1_e"]))

    assert looks[:2] == [["v1_a", "v1_b"], ["v1_c", "v1_d"]]
    assert {name for look in looks for name in look} == set(names)
    assert with_one[0] == "v1_e"
    monkeypatch.setattr("proxy.steward.disposal.ledger.CARE_MAX", 9)
    assert set(await read.cases(NOW_US * 1000, "life")) == set(names)
    assert list(await read.cases(NOW_US * 1000, "life")) == names
