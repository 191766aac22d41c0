from __future__ import annotations

from pathlib import Path

from proxy.audit.retention.clocks import Tier
from proxy.steward.disposal.ledger import Ledger, Project, is_in_care
from tests.steward.disposal.standing import CREDENTIAL, DAY_US, POLICY, Tables
from tests.steward.still import NOW_US


def ledger(tables: Tables, folder: Path, policy: str = POLICY) -> Ledger:
    file = folder / "policies.toml"
    file.write_text(policy)
    made = Ledger(tables, CREDENTIAL.scope, Project(Tier.PAID, 55, file))
    made.read_policies()
    return made


async def test_only_what_is_due_is_in_care(tmp_path: Path) -> None:
    tables = Tables("v1_a", "v1_b")
    tables.copies["v1_b"]["created_us"] = NOW_US - 6 * DAY_US

    found = await ledger(tables, tmp_path).cases(NOW_US * 1000, "life")

    assert list(found) == ["v1_a"]
    assert is_in_care(found["v1_a"], NOW_US * 1000)


async def test_a_hold_protects_all_turns_before_it(tmp_path: Path) -> None:
    tables = Tables("v1_a", "v1_b")
    tables.copies["v1_b"]["previous"] = "v1_a"
    tables.holds = ["v1_b"]
    read = ledger(tables, tmp_path)

    around = await read.surroundings((await read.cases(NOW_US * 1000, "life")).values())

    assert around.protected == {"v1_a", "v1_b"}


def test_how_long_copies_live_follows_from_what_is_known_of_the_project() -> None:
    projects = (Project(), Project(Tier.FREE), Project(Tier.PAID), Project(Tier.PAID, 14))

    assert [project.span for project in projects] == [(1, 55), (1, 1), (7, 55), (14, 14)]
