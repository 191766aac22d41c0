from __future__ import annotations

import json
from pathlib import Path

from proxy.store.asking.lending import LentTables
from tests.admin.served import served

POLICIES = '[[policy]]\nname = "month"\nerase_local_after = "30d"\nlabels = ["user=alice"]\n'
POLICIES += '[[policy]]\nname = "all"\nerase_local_after = "10d"\n'


async def test_each_copy_stands_on_the_days_of_its_clocks(
    tmp_path: Path, tables: LentTables
) -> None:
    (tmp_path / "policies.toml").write_text(POLICIES)
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask("/v1/retention", listener.local)).json()

    # Created on 2026-09-21: there for a day at least, for 55 and one of grace at most.
    assert told["lanes"]["may_expire"] == [{"day": "2026-09-22", "count": 3}]
    assert told["lanes"]["gone_by"] == [{"day": "2026-11-16", "count": 3}]
    assert told["lanes"]["due"] == []
    assert told["here"] == [{"day": "2026-10-01", "count": 3, "policies": {"all": 3}}]
    assert told["stand"]["upstream_count"] == 3
    assert [each["name"] for each in told["policies"]] == ["month", "all"]
    assert "alice" not in str(told)


async def test_policies_that_cannot_be_read_are_said_to_be_so(
    tmp_path: Path, tables: LentTables
) -> None:
    (tmp_path / "policies.toml").write_text("[[policy]]\n")
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask("/v1/retention", listener.local)).json()

    assert "policy 1" in told["policies_problem"]
    assert told["here"] == []


async def test_the_copies_behind_a_field_come_in_pages(tmp_path: Path, tables: LentTables) -> None:
    path = "/v1/retention/copies?lane=may_expire&since=2026-09-22&until=2026-09-23"
    async with served(tmp_path, tables) as listener:
        first = (await listener.ask(f"{path}&limit=2", listener.local)).json()
        rest = (await listener.ask(f"{path}&limit=2&offset=2", listener.local)).json()
        wrong = await listener.ask("/v1/retention/copies?lane=x", listener.local)
        many = await listener.ask(f"{path}&limit=9999", listener.local)

    assert [row["interaction"] for row in first["rows"] + rest["rows"]] == [
        "v1_one",
        "v1_two",
        "v1_three",
    ]
    assert (wrong.status, many.status) == (400, 400)
    assert json.loads(listener.acts.told[0].data or "")["row_count"] == 2


async def test_where_nothing_was_erased_there_are_no_receipts(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask("/v1/receipts", listener.local)).json()

    assert told == {"erasures": [], "receipts": []}
