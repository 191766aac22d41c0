from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

from proxy.admin.keeping.calendar import TOOLS_MAX
from proxy.audit.retention.clocks import DAY_NS
from proxy.recording.facts import ActFact
from proxy.store.asking.lending import LentTables
from proxy.store.database import Database
from tests.admin.served import served
from tests.store.samples import SECOND_NS, START_NS, batch, recording, step

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


async def test_the_calendar_shows_the_notice_of_a_policy_that_is_new(
    tmp_path: Path, tables: LentTables
) -> None:
    (tmp_path / "policies.toml").write_text('[[policy]]\nname = "all"\nerase_local_after = "1h"\n')
    async with served(tmp_path, tables, notice_ns=3 * DAY_NS) as listener:
        told = (await listener.ask("/v1/retention", listener.local)).json()

    assert told["here"] == [{"day": "2026-09-24", "count": 3, "policies": {"all": 3}}]


async def test_a_policy_about_tools_is_told_of_those_that_used_them_by_a_call_or_a_result(
    tmp_path: Path,
) -> None:
    (tmp_path / "policies.toml").write_text(
        '[[policy]]\nname = "searched"\nerase_local_after = "10d"\ntools = ["url_context", "google_search"]\n'
        '[[policy]]\nname = "called"\nerase_local_after = "20d"\ntools = ["function"]\n'
    )
    used: list[tuple[str, ...]] = [("google_search_call",), ("google_search_result",)]
    used += [("function_result",), ("function_call", "thought"), ("code_execution_call",), ()]
    lent = LentTables(lambda: Database.open(tmp_path / "facts.duckdb")).open()
    lent.ingest(
        batch(
            *(
                recording(
                    number, interaction=f"v1_{number}", steps=tuple(map(step, types, range(2)))
                )
                for number, types in enumerate(used, 1)
            )
        )
    )
    async with served(tmp_path, lent) as listener:
        told = (await listener.ask("/v1/retention", listener.local)).json()
    lent.close()

    assert told["here"] == [
        {"day": "2026-10-01", "count": 2, "policies": {"searched": 2}},
        {"day": "2026-10-11", "count": 2, "policies": {"called": 2}},
    ]


async def test_more_tools_than_are_counted_are_said_to_be_too_many(
    tmp_path: Path, tables: LentTables
) -> None:
    tools = json.dumps([f"tool{number}" for number in range(TOOLS_MAX + 1)])
    (tmp_path / "policies.toml").write_text(
        f'[[policy]]\nname = "all"\nerase_local_after = "1h"\ntools = {tools}\n'
    )
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask("/v1/retention", listener.local)).json()

    assert "too many different tools" in told["policies_problem"]
    assert told["here"] == []


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


async def test_holds_come_in_pages_those_in_force_apart(tmp_path: Path) -> None:
    path = tmp_path / "facts.duckdb"
    lent = LentTables(lambda: Database.open(path)).open()
    acts = [
        ActFact(
            START_NS + at * SECOND_NS, "hold", None, None, "", f"hold-{at}", "v1_one", "somebody"
        )
        for at in range(3)
    ]
    ended_by = '{"hold": "hold-1"}'
    acts.append(ActFact(START_NS, "release", None, None, "", "r", "v1_one", "nobody", ended_by))
    lent.ingest(replace(batch(recording(1)), acts=tuple(acts)))
    async with served(tmp_path, lent) as listener:
        pages = [
            (await listener.ask(f"/v1/holds?limit=1&offset={at}", listener.local)).json()["rows"]
            for at in (0, 1, 2)
        ]
        ended = (await listener.ask("/v1/holds?released=true", listener.local)).json()["rows"]
        wrong = await listener.ask("/v1/holds?released=maybe", listener.local)
    lent.close()

    assert [[row["hold"] for row in page] for page in pages] == [["hold-2"], ["hold-0"], []]
    assert [(row["hold"], row["released_by"]) for row in ended] == [("hold-1", "nobody")]
    assert wrong.status == 400
