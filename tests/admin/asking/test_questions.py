from __future__ import annotations

import io
import json
from pathlib import Path

import arro3.io
import pytest

from proxy.admin.tokens import Role
from proxy.store.asking.lending import LentTables
from proxy.store.asking.shipped import shipped
from proxy.store.database import Database
from tests.admin.served import served

ASK = "/v1/queries/interactions_latest"
IDS = ["v1_three", "v1_two", "v1_one"]


async def test_the_catalogue_says_what_may_be_asked(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask("/v1/queries", listener.token(Role.VIEWER))).json()

    assert [each["name"] for each in told] == list(shipped())
    assert told[0].keys() == {"name", "subject", "about", "parameters"}


async def test_the_views_are_documented(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask("/v1/views", listener.local)).json()

    assert "audit.interactions" in {each["name"] for each in told}
    assert all(each["about"] and all(one["about"] for one in each["columns"]) for each in told)


async def test_rows_are_plain_json(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        told = await listener.ask(ASK, listener.local)

    assert [row["interaction"] for row in told.json()["rows"]] == IDS
    assert told.json()["rows"][2]["created_at"] == "2026-09-21T14:13:19Z"
    assert told.headers["Audit-Rows"] == "3"
    assert told.headers["Audit-Truncated"] == "false"
    assert told.headers["Content-Type"] == "application/json"


async def test_every_form_has_the_same_rows(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        found = {
            form: await listener.ask(f"{ASK}?format={form}", listener.local)
            for form in ("csv", "arrow", "parquet")
        }
        accept = {"Accept": "text/csv"}
        by_header = await listener.ask(ASK, listener.local, headers=accept)

    arrow = arro3.io.read_ipc_stream(io.BytesIO(found["arrow"].body)).read_all()
    parquet = arro3.io.read_parquet(io.BytesIO(found["parquet"].body)).read_all()
    assert arrow.column("interaction").to_pylist() == IDS
    assert parquet.column("interaction").to_pylist() == IDS
    lines = found["csv"].body.decode().splitlines()
    assert [line.partition(",")[0] for line in lines] == ["interaction", *IDS]
    assert by_header.body == found["csv"].body


async def test_grafanas_milliseconds_are_instants(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        path = f"{ASK}?from=1790000003000&to=1790000006000"
        told = await listener.ask(path, listener.local)

    assert [row["interaction"] for row in told.json()["rows"]] == ["v1_two"]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("/v1/queries/nothing", 404, "no such query"),
        (f"{ASK}?fromm=-1d", 400, "it takes from, to, limit"),
        (f"{ASK}?from=yesterday", 400, "from takes an instant"),
        (f"{ASK}?limit=many", 400, "limit takes a whole number"),
        ("/v1/queries/interaction_steps", 400, "needs interaction"),
        (f"{ASK}?format=xml", 406, "json, jsonl, csv, arrow, parquet"),
    ],
)
async def test_a_wrong_question_is_told_what_is_wrong(
    tmp_path: Path, tables: LentTables, path: str, status: int, says: str
) -> None:
    async with served(tmp_path, tables) as listener:
        told = await listener.ask(path, listener.local)

    assert told.status == status
    assert says in told.json()["error"]


async def test_each_question_is_in_the_trail_and_repeats_are_counted(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        token = listener.token(Role.VIEWER)
        for _ in range(3):
            await listener.ask(ASK, token)
        await listener.ask(f"{ASK}?from=bad", token)

    first, refused, last = listener.acts.told
    assert (first.kind, first.actor) == ("query", "the-viewer")
    assert json.loads(first.data or "")["query"] == "interactions_latest"
    assert json.loads(first.data or "")["row_count"] == 3
    assert json.loads(refused.data or "")["outcome"] == "refused"
    assert json.loads(last.data or "")["repeats_before"] == 2


async def test_a_question_about_an_interaction_says_in_the_trail_about_which(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        for name in ("v1_one", "v1_two", "what he said"):
            path = "/v1/queries/interaction_steps"
            await listener.ask(path, listener.local, params={"interaction": name})

    found = [(json.loads(act.data or "")["query"], act.interaction) for act in listener.acts.told]
    assert found == [("interaction_steps", name) for name in ("v1_one", "v1_two", "(odd)")]


async def test_while_the_tables_are_closed_it_says_later(tmp_path: Path) -> None:
    tables = LentTables(lambda: Database.open(tmp_path / "facts.duckdb"))
    async with served(tmp_path, tables) as listener:
        told = await listener.ask(ASK, listener.local)

    assert told.status == 503
    assert told.headers["Retry-After"] == "1"
