from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from proxy.recorder.tables import SNAPSHOTS_MAX
from proxy.store.database import Database
from proxy.store.queries import Answer, TablesReader
from tests.journal.written import living
from tests.recorder.played import Scene, answered, begun, whole
from tests.recorder.served import ask, serving


def count(file: Path) -> int:
    database = Database.open(file)
    try:
        row = database.cursor().execute("SELECT count(*) FROM exchanges").fetchone()
    finally:
        database.close()
    assert row is not None
    return int(row[0])


async def test_status_says_how_far_everything_is(scene: Scene) -> None:
    async with serving(scene):
        status, told = await ask(scene.folder / "run", "GET", "/status")

    assert status == 200
    assert told["exchanges"] == 0
    assert told["lag_ms"] >= 0
    assert told["tables"]["problem"] is None
    assert told.keys() >= {"pid", "open", "held_bytes", "journals", "vault"}


async def test_after_a_flush_what_was_durable_is_in_vault_and_tables(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            worker.commit(whole(worker.writer.begin()))

            status, told = await ask(scene.folder / "run", "POST", "/flush")

            assert status == 200
            assert told["exchanges"] == 1
            assert told["tables"]["offset"] == told["vault"]["offset"]
            assert told["tables"]["rows"] > 1
            assert len(scene.outcomes()) == 1


async def test_a_snapshot_has_all_that_was_durable(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            worker.commit(whole(worker.writer.begin()))

            status, told = await ask(scene.folder / "run", "POST", "/snapshot")

            assert status == 200
            assert count(Path(told["path"])) == 1


async def test_only_a_few_snapshots_are_kept(scene: Scene) -> None:
    run = scene.folder / "run"
    async with serving(scene):
        paths = [
            Path((await ask(run, "POST", "/snapshot"))[1]["path"]) for _ in range(SNAPSHOTS_MAX + 2)
        ]

    assert len(set(paths)) == SNAPSHOTS_MAX + 2
    assert sorted(run.glob("snapshot-*.duckdb")) == sorted(paths[-SNAPSHOTS_MAX:])


async def test_a_named_query_is_answered_from_the_living_tables(scene: Scene) -> None:
    run = scene.folder / "run"
    with living(scene.folder) as worker:
        async with serving(scene):
            worker.commit(whole(worker.writer.begin()))
            await ask(run, "POST", "/flush")

            asked = {"name": "last_interaction", "parameters": {}}
            status, told = await ask(run, "POST", "/query", asked)

    assert (status, told["columns"]) == (200, ["interaction", "last_seen_at"])
    ((interaction, at),) = told["rows"]
    assert (interaction, told["is_cut"]) == ("v1_1", False)
    assert at.endswith("+00:00")


async def test_whether_there_is_news_is_asked_of_the_tables_only_after_they_took_something(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    real = TablesReader.ask

    def counted(self: TablesReader, name: str, *rest: Any) -> Answer:
        asked.append(name)
        return real(self, name, *rest)

    monkeypatch.setattr(TablesReader, "ask", counted)
    run = scene.folder / "run"
    with living(scene.folder) as worker:
        async with serving(scene):

            async def news(since_us: int) -> list[list[Any]]:
                told = {"name": "unfinished_news", "parameters": {"since_us": since_us}}
                status, answer = await ask(run, "POST", "/query", told)
                assert status == 200
                return list(answer["rows"])

            await ask(run, "POST", "/flush")  # what a recorder tells when it starts
            assert await news(5) == await news(6) == [[0, None]]
            assert asked.count("unfinished_news") == 1
            await news(4)  # who asks for more is told of more
            assert asked.count("unfinished_news") == 2
            running = b'{"id": "v1_1", "status": "in_progress", "model": "m"}'
            worker.commit([*begun(worker.writer.begin()), *answered(1, running)])
            await ask(run, "POST", "/flush")

            ((count, _),) = await news(7)

    assert (count, asked.count("unfinished_news")) == (1, 3)


@pytest.mark.parametrize(
    ("path", "body", "why"),
    [
        ("/query", None, "give"),
        ("/query", {"name": "last_interaction"}, "give"),
        ("/query", {"name": "no_such", "parameters": {}}, "there is no query"),
        ("/query", {"name": "timeline_of", "parameters": {"x": 1}}, "failed"),
        ("/acts", {"acts": []}, "give"),
        ("/acts", {"acts": [{"kind": "mode"}]}, "kind"),
    ],
)
async def test_what_cannot_be_meant_is_refused(
    scene: Scene, path: str, body: object, why: str
) -> None:
    async with serving(scene):
        status, told = await ask(scene.folder / "run", "POST", path, body)

    assert status == 400
    assert why in told["error"]


async def test_an_act_is_in_the_vault_when_it_is_answered(scene: Scene) -> None:
    hold = {"kind": "hold", "detail": "kept", "actor": "ada", "interaction": "v1_1"}
    async with serving(scene):
        status, told = await ask(scene.folder / "run", "POST", "/acts", {"acts": [hold, hold]})
        acts = scene.told().acts

    assert status == 200
    assert [act.act for act in acts] == told["acts"]
    assert len(set(told["acts"])) == 2
    assert {(act.kind, act.interaction, act.actor) for act in acts} == {("hold", "v1_1", "ada")}
