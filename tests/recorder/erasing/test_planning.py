"""What is planned by hashes is what the view `carries` says of all, for random histories."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import replace
from typing import TypeVar

from proxy.audit.erasure.plan import Selection
from proxy.audit.retention.cascade import Reach
from proxy.recorder.erasing.planning import planned
from proxy.recording.facts import ActFact
from proxy.recording.interpret import interpret
from proxy.store.database import Database
from proxy.store.position import FactBatch, VaultPosition
from proxy.store.queries import TablesReader
from tests.store.histories import Histories
from tests.store.samples import batch, committed, id_hash, recording, step
from tests.store.test_carries import equality

_Row = TypeVar("_Row")


class Asked:
    """Asks a database; counts the statements."""

    def __init__(self, database: Database) -> None:
        self.reader = TablesReader(database.cursor())
        self.count = 0

    def __call__(self, name: str, make: Callable[..., _Row], /, **parameters: object) -> list[_Row]:
        self.count += 1
        return [make(*row) for row in self.reader.ask(name, parameters, 1_000_000).rows]


def nothing_is_gone(_exchange: str) -> bool:
    return False


def test_an_erasure_finds_whoever_carries_what_goes(database: Database) -> None:
    histories = Histories(random.Random(20261123))
    for _ in range(12):
        histories.add()
    database.ingest(batch(*(interpret(each, equality) for each in histories.exchanges)))
    carries: dict[str, set[str]] = defaultdict(set)
    rows = database.cursor().execute("SELECT interaction, exchange FROM carries").fetchall()
    for interaction, exchange in rows:
        carries[interaction].add(exchange)
    ask = Asked(database)

    for interaction, exchanges in carries.items():
        selection = Selection((interaction,), with_quoted=True)
        found = planned(ask, selection, nothing_is_gone).plan
        assert set(found.exchanges) == exchanges, interaction


def test_what_is_gone_is_not_planned_again(database: Database) -> None:
    database.ingest(batch(recording(1), recording(2, how="read", input_step_count=1)))

    found = planned(Asked(database), Selection(("v1_one",)), lambda name: name.endswith("-1"))

    assert [name.endswith("-2") for name in found.plan.exchanges] == [True]


def test_one_turn_costs_eight_questions(database: Database) -> None:
    """Each takes milliseconds: what follows from what is known is not asked."""
    one = recording(1, steps=(step("model_output", chain_mac="a"),), is_streaming=False)
    database.ingest(batch(one, recording(2, interaction="v1_two")))
    ask = Asked(database)

    found = planned(ask, Selection(("v1_one",)), nothing_is_gone)

    assert found.plan.order == ("v1_one",)
    assert ask.count == 8


def test_an_attempt_of_another_gateway_is_found_though_it_has_the_same_number(
    database: Database,
) -> None:
    """Sequences count in each gateway apart: the second attempt came to the other one."""
    failed = recording(5, interaction="exchange:x0-0000000000000007-5", http_status=503)
    again = recording(5, interaction="v1_one", seconds=2)
    name = "x1-0000000000000008-5"
    told = replace(again.observations[0], exchange=name)
    attempts = (
        replace(failed, exchange=replace(failed.exchange, request_mac="feed")),
        replace(
            again,
            exchange=replace(again.exchange, exchange=name, request_mac="feed"),
            observations=(told,),
        ),
    )
    database.ingest(batch(*attempts))

    found = planned(Asked(database), Selection(("v1_one",), with_quoted=True), nothing_is_gone)

    assert set(found.plan.exchanges) == {name, "x0-0000000000000007-5"}


def test_many_turns_cost_no_more_questions_than_one(database: Database) -> None:
    names = [f"v1_{number}" for number in range(60)]
    database.ingest(
        batch(
            *(
                recording(
                    number,
                    interaction=name,
                    is_streaming=False,
                    steps=(step("model_output", chain_mac=name),),
                )
                for number, name in enumerate(names, 1)
            )
        )
    )
    ask = Asked(database)

    found = planned(ask, Selection(tuple(names)), nothing_is_gone)

    assert len(found.plan.exchanges) == len(names)
    assert ask.count == 8


def test_a_held_conversation_keeps_turns_whose_link_is_not_on_record(database: Database) -> None:
    """The second turn was made elsewhere: that the third goes on from the first is known by its first turn alone."""
    third = recording(
        2, interaction="v1_three", previous_interaction_id="v1_two", root_hash=id_hash("v1_one")
    )
    act = ActFact(
        1, "hold", None, None, "a case", "h", "v1_three", "ann", '{"reach": "conversation"}'
    )
    told = tuple(committed(each) for each in (recording(1), third))
    database.ingest(FactBatch(told, (), (act,), VaultPosition("20260921-000001", 1)))

    found = planned(Asked(database), Selection(("v1_one",)), nothing_is_gone)

    assert found.plan.kept == {"v1_one": ("h",)}
    assert not found.plan.exchanges


def test_what_nobody_told_of_is_named(database: Database) -> None:
    database.ingest(batch(recording(1)))

    found = planned(Asked(database), Selection(("v1_one", "v1_none")), nothing_is_gone)

    assert found.unknown == ("v1_none",)


def test_a_conversation_costs_no_more_questions_than_a_turn(database: Database) -> None:
    root = id_hash("v1_0")
    database.ingest(
        batch(
            *(
                recording(
                    number + 1,
                    interaction=f"v1_{number}",
                    root_hash=root,
                    previous_interaction_id=f"v1_{number - 1}" if number else None,
                    previous_hash=id_hash(f"v1_{number - 1}") if number else None,
                )
                for number in range(50)
            )
        )
    )
    ask = Asked(database)

    found = planned(ask, Selection(("v1_49",), Reach.THREAD), nothing_is_gone)

    assert len(found.plan.order) == 50
    assert ask.count < 15
