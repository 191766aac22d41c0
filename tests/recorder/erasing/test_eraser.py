from __future__ import annotations

import asyncio
import json
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from proxy.errors import KeyDestroyed
from proxy.journal.format import ExchangeId
from proxy.journal.slots import Keystore
from proxy.recorder.rebuild import rebuild
from proxy.recording.facts import ActFact
from proxy.store.copying import remove_tables
from proxy.store.database import Database
from proxy.store.erasing.tombstones import Erasure, Tombstones
from proxy.store.vault.keys import FactsKeys
from tests.journal.written import MASTER, living, still_ns
from tests.recorder.played import Scene, answered, begun, name, reply
from tests.recorder.served import ask, serving


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    """The day of its exchanges has a key: what they say is compared by digests."""
    day = datetime.fromtimestamp(still_ns() // 1_000_000_000, UTC)
    FactsKeys(tmp_path / "keys" / "facts", MASTER).make(day.strftime("%Y%m%d"))
    return Scene(tmp_path)


def asked(text: str, **more: Any) -> bytes:
    return json.dumps({"model": "m", "input": text, **more}).encode()


async def erase(scene: Scene, **wish: Any) -> dict[str, Any]:
    told = {"reason": "they asked for it", "actor": "ann", **wish}
    status, answer = await ask(scene.folder / "run", "POST", "/erase", told)
    assert status == 200, answer
    assert isinstance(answer, dict)
    return answer


async def hold(scene: Scene, interaction: str, **more: Any) -> str:
    told = {"id": interaction, "reason": "a case", "actor": "bob", **more}
    status, answer = await ask(scene.folder / "run", "POST", "/hold", told)
    assert status == 200, answer
    assert "expires in spite of this hold" in answer["warning"]
    return str(answer["hold"])


async def query(scene: Scene, what: str, **parameters: Any) -> list[Any]:
    body = {"name": what, "parameters": parameters}
    status, answer = await ask(scene.folder / "run", "POST", "/query", body)
    assert status == 200, answer
    return list(answer["rows"])


def is_open(scene: Scene, sequence: int) -> bool:
    """Whether the content of that exchange can be opened."""
    (raw_ref,) = (
        each.raw_ref
        for each in scene.told().exchanges
        if each.recording.exchange.exchange == name(sequence)
    )
    try:
        scene.reader().exchange(raw_ref)
    except KeyDestroyed:
        return False
    return True


def digests(scene: Scene) -> list[tuple[Any, ...]]:
    """Of each exchange with one: what a digest was made of."""
    database = Database.open(scene.folder / "facts.duckdb")
    try:
        return (
            database.cursor()
            .execute(
                "SELECT exchange FROM exchanges WHERE request_mac IS NOT NULL "
                "UNION SELECT exchange FROM steps WHERE chain_mac IS NOT NULL ORDER BY exchange"
            )
            .fetchall()
        )
    finally:
        database.close()


async def test_what_was_erased_cannot_be_opened_and_everything_else_can(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            for _ in range(3):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence), *answered(sequence)])

            told = await erase(scene, id="v1_2")

            assert told["plan"]["interactions"] == ["v1_2"]
            assert told["plan"]["exchanges"] == [name(2)]
            assert told["are_tables_rewritten"]
        assert [is_open(scene, sequence) for sequence in (1, 2, 3)] == [True, False, True]
    assert digests(scene) == [(name(1),), (name(3),)]


async def test_acts_before_and_after_say_who_why_and_what(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            erasure = (await erase(scene, id="v1_1"))["erasure"]

    acts = [act for act in scene.told().acts if act.kind in ("erasure", "erased")]
    assert [act.kind for act in acts] == ["erasure", "erased", "erased"]
    assert acts[0].act == erasure
    assert (acts[0].actor, acts[0].detail) == ("ann", "they asked for it")
    gone = [json.loads(act.data or "") for act in acts[1:]]
    assert gone[0] == {"erasure": erasure, "interactions": ["v1_1"]}
    assert (gone[1]["erasure"], gone[1]["exchanges"]) == (erasure, [name(1)])


async def test_a_plan_changes_nothing(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])

            told = await erase(scene, id="v1_1", dry_run=True)

            assert told["plan"]["counts"]["exchanges"] == 1
            assert any("Google" in place for place in told["elsewhere"])
        assert is_open(scene, 1)
    assert not [act for act in scene.told().acts if act.kind == "erasure"]


async def test_a_later_exchange_about_it_is_recorded_without_its_content(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            for _ in range(2):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence), *answered(sequence)])
            await erase(scene, id="v1_1")
            late = worker.writer.begin()
            worker.commit([*begun(late), *answered(late, reply(1))])
            await ask(scene.folder / "run", "POST", "/flush")

            assert not is_open(scene, late)
            with pytest.raises(KeyDestroyed):
                scene.keystore().key(worker_id(late))
        outcomes = scene.outcomes()
        assert outcomes[name(late)] == "complete"
    late_acts = [json.loads(act.data or "{}") for act in scene.told().acts if act.kind == "erased"]
    assert late_acts[-1] == {"exchanges": [name(late)], "is_late": True}
    assert digests(scene) == [(name(2),)]


def worker_id(sequence: int) -> ExchangeId:
    return ExchangeId.parse(name(sequence))


async def test_an_open_exchange_about_it_is_not_kept_when_it_ends(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            first, still_open = worker.writer.begin(), worker.writer.begin()
            worker.commit([*begun(first), *answered(first)])
            worker.commit(begun(still_open))
            await erase(scene, id="v1_1")
            worker.commit(answered(still_open, reply(1)))
            await ask(scene.folder / "run", "POST", "/flush")

            assert not is_open(scene, still_open)


async def test_a_hold_keeps_it_and_its_release_erases_it(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            placed = await hold(scene, "v1_1")

            told = await erase(scene, id="v1_1")

            assert told["plan"]["kept"] == [{"interaction": "v1_1", "holds": [placed]}]
            assert told["plan"]["is_partial"]
            assert told["deferred"] == ["v1_1"]
            assert is_open(scene, 1)
            assert [row[0] for row in await query(scene, "holds_listed")] == [placed]
            assert len(await query(scene, "erasing_deferred")) == 1

            wish = {"hold": placed, "reason": "the case is closed", "actor": "bob"}
            status, released = await ask(scene.folder / "run", "POST", "/release", wish)

            assert status == 200
            assert released["erasures"][0]["plan"]["interactions"] == ["v1_1"]
            assert not is_open(scene, 1)
            assert not await query(scene, "erasing_deferred")
            again, _ = await ask(scene.folder / "run", "POST", "/release", wish)
            assert again == 400


async def test_holds_and_erasures_survive_a_rebuild_of_the_tables(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            for _ in range(3):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence), *answered(sequence)])
            placed = await hold(scene, "v1_3")
            await erase(scene, id="v1_1")
    remove_tables(scene.folder / "facts.duckdb")

    rebuild(scene.settings(), lambda _count: None)

    database = Database.open(scene.folder / "facts.duckdb")
    try:
        cursor = database.cursor()
        assert cursor.execute("SELECT hold, interaction FROM holds").fetchall() == [
            (placed, "v1_3")
        ]
        assert cursor.execute("SELECT interaction FROM erased_interactions").fetchall() == [
            ("v1_1",)
        ]
        assert cursor.execute("SELECT count(*) FROM exchanges").fetchone() == (3,)
    finally:
        database.close()
    assert digests(scene) == [(name(2),), (name(3),)]


async def test_an_erasure_that_a_dead_recorder_began_is_finished_by_the_next(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
        left = Tombstones.open(scene.folder / "keys")
        left.begin(Erasure("0" * 32, 1, ("v1_1",), (), "they asked", "ann"))

        async with serving(scene) as recorder:
            await recorder.erasing.resume()

            assert not is_open(scene, 1)
    assert all(each.is_done for each in Tombstones.open(scene.folder / "keys").erasures())


async def test_what_names_nothing_is_refused(scene: Scene) -> None:
    wish = {"id": "v1_9", "reason": "they asked for it", "actor": "ann"}
    async with serving(scene):
        status, answer = await ask(scene.folder / "run", "POST", "/erase", wish)
        unclear, _ = await ask(scene.folder / "run", "POST", "/erase", wish | {"reach": "far"})
        no_hold, _ = await ask(scene.folder / "run", "POST", "/hold", wish)

    assert (status, unclear, no_hold) == (400, 400, 400)
    assert answer["error"] == "no interaction begins with v1_9"


async def test_a_subject_is_found_by_a_label_and_by_a_pointer(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            for body in (
                asked("one", labels={"user": "alice"}),
                asked("two", labels={"user": "bob"}),
                asked("three", metadata={"person": ["carol"]}),
            ):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence, body), *answered(sequence)])

            by_label = await erase(scene, label="user=alice", dry_run=True)
            by_pointer = await erase(
                scene, pointer="/metadata/person/0", value="carol", dry_run=True
            )

            assert by_label["plan"]["interactions"] == ["v1_1"]
            assert by_pointer["plan"]["interactions"] == ["v1_3"]
            await erase(scene, label="user=alice")
            wish = {"label": "user=alice", "reason": "again", "actor": "ann"}
            status, _ = await ask(scene.folder / "run", "POST", "/erase", wish)
            assert status == 400  # nobody is found by it any more


def repeating(question: str, *past: tuple[str, str], **more: Any) -> bytes:
    """What a caller without a stored conversation sends: all of it again."""
    steps = [
        {"type": kind, "content": [{"type": "text", "text": text}]}
        for asked_before, told in past
        for kind, text in (("user_input", asked_before), ("model_output", told))
    ]
    last = {"type": "user_input", "content": [{"type": "text", "text": question}]}
    return json.dumps({"model": "m", "input": [*steps, last], **more}).encode()


async def test_a_hold_protects_a_turn_before_it_from_an_erasure_of_what_that_turn_repeats(
    scene: Scene,
) -> None:
    """2 repeats 1, and 3 goes on from 2: who holds 3 holds 2, although 1 is of another conversation."""
    with living(scene.folder) as worker:
        async with serving(scene):
            for body in (
                asked("hi"),
                repeating("and then?", ("hi", "reply 1")),
                asked("on", previous_interaction_id="v1_2"),
            ):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence, body), *answered(sequence)])
            held = await hold(scene, "v1_3")

            told = await erase(scene, id="v1_1", quoted=True)

            assert [is_open(scene, each) for each in (1, 2, 3)] == [False, True, True]
            assert [each["exchange"] for each in told["plan"]["spared"]] == [name(2)]
            assert [row[0] for row in await query(scene, "erasing_deferred")] == ["v1_1"]

            wish = {"hold": held, "reason": "the case is closed", "actor": "bob"}
            await ask(scene.folder / "run", "POST", "/release", wish)

            assert [is_open(scene, each) for each in (1, 2, 3)] == [False, False, True]
            assert not await query(scene, "erasing_deferred")


async def test_what_repeats_a_held_turn_goes_with_it_later_if_that_was_wanted(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            for body in (asked("hi"), repeating("and then?", ("hi", "reply 1"))):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence, body), *answered(sequence)])
            held = await hold(scene, "v1_1")
            await erase(scene, id="v1_1", quoted=True)

            wish = {"hold": held, "reason": "the case is closed", "actor": "bob"}
            await ask(scene.folder / "run", "POST", "/release", wish)

            assert [is_open(scene, each) for each in (1, 2)] == [False, False]


async def test_who_and_why_and_what_waits_is_told_though_the_recorder_died_right_after_the_mark(
    scene: Scene,
) -> None:
    with living(scene.folder) as worker:
        async with serving(scene):
            for _ in range(2):
                sequence = worker.writer.begin()
                worker.commit([*begun(sequence), *answered(sequence)])
            await hold(scene, "v1_2")
        left = Tombstones.open(scene.folder / "keys")
        left.begin(Erasure("0" * 32, 1, ("v1_1",), (), "they asked", "ann", deferred=("v1_2",)))

        async with serving(scene) as recorder:
            await recorder.erasing.resume()

            assert [row[0] for row in await query(scene, "erasing_deferred")] == ["v1_2"]
    told = [act for act in scene.told().acts if act.act == "0" * 32]
    assert [(act.kind, act.actor, act.detail) for act in told] == [("erasure", "ann", "they asked")]


async def test_what_waited_for_a_hold_is_erased_by_the_next_recorder_if_one_died_at_its_release(
    scene: Scene,
) -> None:
    with living(scene.folder) as worker:
        async with serving(scene) as recorder:
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            held = await hold(scene, "v1_1")
            await erase(scene, id="v1_1")
            data = json.dumps({"hold": held})
            act = ActFact(still_ns(), "release", None, None, "over", "f" * 32, "v1_1", "bob", data)
            await asyncio.wrap_future(recorder.pipeline.tell([act]))
            assert is_open(scene, 1)

        async with serving(scene) as recorder:
            await recorder.erasing.resume()

            assert not is_open(scene, 1)


async def test_a_disk_that_refuses_in_the_middle_is_said_and_the_erasure_is_finished(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("proxy.recorder.erasing.routes.AGAIN_AFTER_S", 0.0)
    destroy, refusals = Keystore.destroy, [OSError(5, "Input/output error")]

    def refuse_once(keystore: Keystore, exchanges: Iterable[ExchangeId]) -> tuple[ExchangeId, ...]:
        if refusals:
            raise refusals.pop()
        return destroy(keystore, exchanges)

    with living(scene.folder) as worker:
        async with serving(scene) as recorder:
            sequence = worker.writer.begin()
            worker.commit([*begun(sequence), *answered(sequence)])
            monkeypatch.setattr(Keystore, "destroy", refuse_once)
            wish = {"id": "v1_1", "reason": "they asked for it", "actor": "ann"}

            status, answer = await ask(scene.folder / "run", "POST", "/erase", wish)

            assert (status, "Input/output error" in answer["error"]) == (504, True)
            await recorder.erasing.resume()  # waits for the one that began by itself
            assert not is_open(scene, 1)
