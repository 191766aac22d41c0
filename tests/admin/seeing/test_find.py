from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import cast

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from proxy.admin.seeing import find
from proxy.admin.seeing.find import AROUND, excerpt, may_hold, texts_in
from proxy.admin.tokens import Role
from proxy.store.asking.lending import LentTables
from proxy.store.vault.reader import VaultReader
from tests.admin.served import served

SPAN = "since=2026-09-01&until=2026-10-01"
REASON = {"Audit-Reason": "ticket 7"}


class Steps:
    """Stands for a reader of the vault."""

    def steps(self, refs: Iterable[str]) -> Iterator[tuple[str, bytes | None]]:
        for ref in refs:
            text = {"type": "thought", "summary": [{"type": "text", "text": f"Über {ref}"}]}
            yield ref, json.dumps(text).encode()

    def close(self) -> None:
        pass


def steps() -> VaultReader:
    return cast("VaultReader", Steps())


async def test_the_first_page_has_a_summary_and_pages_join_up(
    tmp_path: Path, tables: LentTables
) -> None:
    async with served(tmp_path, tables) as listener:
        pages = [
            (await listener.ask(f"/v1/find?{SPAN}&limit=2&offset={at}", listener.local)).json()
            for at in (0, 2)
        ]

    assert [row["interaction"] for page in pages for row in page["rows"]] == [
        *("v1_three", "v1_two", "v1_one")
    ]
    assert (pages[0]["summary"]["count"], pages[0]["summary"]["tokens"]) == (3, 22)
    assert "summary" not in pages[1]


async def test_what_is_wrong_with_a_filter_is_said(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        for asked in (
            *("colour=red", "since=soon", "limit=all", "sort=beauty"),
            *("tokens_min=many", "offset=-1", "words=" + "x" * 201),
        ):
            assert (await listener.ask(f"/v1/find?{asked}", listener.local)).status == 400, asked


async def test_text_is_looked_for_by_auditors_with_a_reason_and_told(
    tmp_path: Path, tables: LentTables
) -> None:
    path = f"/v1/find/text?{SPAN}&text=%C3%BCber"
    async with served(tmp_path, tables, steps) as listener:
        auditor = listener.token(Role.AUDITOR)
        viewer = await listener.ask(path, listener.token(Role.VIEWER), headers=REASON)
        silent = await listener.ask(path, auditor)
        short = await listener.ask(f"/v1/find/text?{SPAN}&text=u", auditor, headers=REASON)
        told = await listener.ask(path, auditor, headers=REASON)

    assert (viewer.status, silent.status, short.status) == (403, 400, 400)
    (row,) = told.json()["rows"]
    assert row["interaction"] == "v1_three"
    assert row["hits"][0]["excerpt"].startswith("Über")
    assert told.json()["searched"] == 3
    access = listener.acts.told[-1]
    assert (access.kind, json.loads(access.data or "")["content_count"]) == ("access", 1)


async def test_what_can_be_filtered_by_is_counted(tmp_path: Path, tables: LentTables) -> None:
    async with served(tmp_path, tables) as listener:
        told = (await listener.ask(f"/v1/find/facets?{SPAN}", listener.local)).json()

    assert told["model"] == [{"value": "m", "count": 2}]
    assert {each["value"] for each in told["status"]} == {"completed", "unknown"}


async def test_conversations_come_in_pages_the_latest_first(
    tmp_path: Path, tables: LentTables
) -> None:
    path = f"/v1/find/conversations?{SPAN}"
    async with served(tmp_path, tables) as listener:
        viewer = listener.token(Role.VIEWER)
        first = (await listener.ask(f"{path}&limit=2", viewer)).json()
        rest = (await listener.ask(f"{path}&limit=2&offset=2", viewer)).json()
        long = (await listener.ask(f"{path}&turns=2", viewer)).json()
        for wrong in ("turns=many", "colour=red", "limit=all"):
            assert (await listener.ask(f"{path}&{wrong}", viewer)).status == 400, wrong

    found = [row["first_interaction"] for row in first["rows"] + rest["rows"]]
    assert found == ["v1_three", "v1_two", "v1_one"]
    assert (first["count"], first["rows"][1]["total_tokens"]) == (3, 7)
    assert (long["count"], long["rows"]) == (0, [])


async def test_a_label_is_looked_for_by_who_may_open_content(
    tmp_path: Path, tables: LentTables
) -> None:
    path = f"/v1/find?{SPAN}&label="
    async with served(tmp_path, tables) as listener:
        viewer = await listener.ask(f"{path}team%3Dblue", listener.token(Role.VIEWER))
        auditor = listener.token(Role.AUDITOR)
        found = (await listener.ask(f"{path}team%3Dblue", auditor)).json()
        none = (await listener.ask(f"{path}team%3Dred", auditor)).json()
        wrong = await listener.ask(f"{path}blue", auditor)

    assert (viewer.status, wrong.status) == (403, 400)
    assert [row["interaction"] for row in found["rows"]] == ["v1_one"]
    assert none["rows"] == []
    told = [json.loads(act.data or "{}")["query"] for act in listener.acts.answered]
    assert told == ["find_label"] * 3
    assert "blue" not in str(listener.acts.told)


@given(st.text(max_size=300), st.text(min_size=1, max_size=5))
def test_an_excerpt_holds_what_was_looked_for_and_little_more(text: str, part: str) -> None:
    found = excerpt(text, part)

    assert found is None or len(found) <= 2 * AROUND + len(part) + 2


@given(
    st.text(
        alphabet=st.sampled_from('aA\u03a3\u03c3\u03c2İß\n"\\/é ')
        | st.characters(exclude_categories=["Cs"]),
        max_size=30,
    ),
    st.data(),
)
def test_no_content_is_passed_over_that_holds_what_is_looked_for(
    text: str, data: st.DataObject
) -> None:
    """However it was written as JSON."""
    start = data.draw(st.integers(0, len(text)))
    said = text[start : start + 3]
    part = data.draw(st.sampled_from([said, said.upper(), said.lower()]))
    for content in (orjson.dumps({"t": text}), json.dumps(["b", text]).encode()):
        assert excerpt(text, part) is None or may_hold(content, part)


def test_content_without_what_is_looked_for_is_not_looked_into() -> None:
    assert not may_hold('{"text": "Über"}'.encode(), "unter")


@pytest.mark.parametrize(("limit", "searched"), [("SEARCHED_NS", 0), ("SEARCHED_MAX", 2)])
async def test_a_search_that_comes_to_a_limit_says_that_more_is_left(
    limit: str, searched: int, tmp_path: Path, tables: LentTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(find, limit, searched)
    async with served(tmp_path, tables, steps) as listener:
        auditor = listener.token(Role.AUDITOR)
        told = await listener.ask(f"/v1/find/text?{SPAN}&text=ber", auditor, headers=REASON)

    assert (told.json()["searched"], told.json()["is_all"]) == (searched, False)


def test_opaque_texts_are_not_looked_into() -> None:
    step = {"type": "thought", "signature": "c2ln", "summary": [{"text": "a"}, "b"]}

    assert list(texts_in(step)) == ["a", "b"]
