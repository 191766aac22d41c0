from __future__ import annotations

import json
import random
from dataclasses import fields, replace
from pathlib import Path

from proxy.recording.facts import ActFact
from proxy.recording.interpret import interpret
from proxy.store.database import Database
from proxy.store.erasing.rewriting import mark_of
from proxy.store.erasing.scrubbing import (
    DIGESTS,
    ERASED,
    Erased,
    erased_exchanges,
    scrub_tables,
    scrubbed,
)
from proxy.store.ingest import TABLES
from proxy.store.position import FactBatch
from tests.store.histories import Histories
from tests.store.samples import START_NS, batch, recording, step
from tests.store.test_carries import equality

MAC = "feedfacecafebeef00000001"
ACT = ActFact(START_NS, ERASED, None, None, "gone", data=json.dumps({"exchanges": ["a", "b"]}))


def test_every_column_with_a_digest_of_content_is_known() -> None:
    found = {
        table: tuple(
            field.name
            for field in fields(fact)
            if field.name.endswith("_mac") or field.name == "label_index"
        )
        for table, fact in TABLES.items()
    }

    assert {table: names for table, names in found.items() if names} == DIGESTS


def test_a_scrubbed_recording_has_no_digest_and_is_the_same_in_all_else() -> None:
    told = recording(1, steps=(step("model_output", chain_mac=MAC, step_mac=MAC),), answer_mac=MAC)

    found = scrubbed(told)

    assert MAC not in repr(found)
    assert found.exchange == told.exchange
    assert [row.type for row in found.steps] == ["model_output"]


def test_acts_name_the_exchanges_whose_keys_are_gone() -> None:
    other = replace(ACT, kind="erasure")
    timed = replace(ACT, data=json.dumps({"exchanges": ["c"], "seen_us": [1, 2]}))

    found = erased_exchanges([other, ACT, replace(ACT, data=None), timed])

    assert found == [Erased(("a", "b")), Erased(("c",), (1, 2))]


def test_what_was_not_kept_has_no_digests_to_be_taken_out() -> None:
    late = replace(ACT, data=json.dumps({"exchanges": ["a"], "is_late": True}))
    assert erased_exchanges([late]) == []


def test_an_act_takes_the_digests_out_of_the_tables_and_marks_the_file(tmp_path: Path) -> None:
    tables = Database.open(tmp_path / "facts.duckdb")
    kept = recording(2, interaction="v1_two", steps=(step("model_output", chain_mac=MAC),))
    gone = recording(1, steps=(step("model_output", chain_mac=MAC),), answer_mac=MAC)
    tables.ingest(batch(gone, kept))
    act = replace(ACT, data=json.dumps({"exchanges": [gone.exchange.exchange]}))

    tables.ingest(FactBatch((), (), (act,), batch(recording(3)).position))

    found = tables.cursor().execute("SELECT interaction FROM steps WHERE chain_mac IS NOT NULL")
    assert found.fetchall() == [("v1_two",)]
    assert mark_of(tables.path).exists()
    tables.close()


def test_steps_are_seen_when_the_observations_are_that_their_exchange_made() -> None:
    """So whose steps are to be scrubbed is found by these."""
    histories = Histories(random.Random(20261123))
    for _ in range(12):
        histories.add()

    for told in (interpret(each, equality) for each in histories.exchanges):
        seen = {(row.exchange, row.interaction, row.at) for row in told.observations}
        assert {(row.exchange, row.interaction, row.at) for row in told.steps} <= seen


def test_what_one_exchange_showed_at_several_times_is_scrubbed_whole(tmp_path: Path) -> None:
    tables = Database.open(tmp_path / "facts.duckdb")
    first = recording(1, steps=(step("model_output", chain_mac=MAC),), answer_mac=MAC)
    later = recording(
        1, interaction="v1_two", seconds=3000, steps=(step("model_output", step_mac=MAC),)
    )
    both = replace(
        first,
        observations=(*first.observations, *later.observations),
        steps=(*first.steps, *later.steps),
    )
    tables.ingest(batch(both, recording(2, interaction="v1_three", answer_mac=MAC)))
    seen_us = START_NS // 1000
    data = {"exchanges": [first.exchange.exchange], "seen_us": [seen_us, seen_us + 86_400_000_000]}

    tables.ingest(
        FactBatch((), (), (replace(ACT, data=json.dumps(data)),), batch(recording(3)).position)
    )

    cursor = tables.cursor()
    marked = "chain_mac IS NOT NULL OR step_mac IS NOT NULL"
    assert cursor.execute(f"SELECT count(*) FROM steps WHERE {marked}").fetchall() == [(0,)]
    kept = cursor.execute("SELECT interaction FROM observations WHERE answer_mac IS NOT NULL")
    assert kept.fetchall() == [("v1_three",)]
    tables.close()


def test_scrubbing_twice_is_scrubbing_once(tmp_path: Path) -> None:
    tables = Database.open(tmp_path / "facts.duckdb")
    tables.ingest(batch(recording(1, answer_mac=MAC)))
    cursor = tables.cursor()
    for _ in range(2):
        scrub_tables(cursor, Erased((recording(1).exchange.exchange,)))

    assert cursor.execute("SELECT count(answer_mac) FROM observations").fetchone() == (0,)
    cursor.close()
    tables.close()


def test_rows_are_found_by_when_they_were_seen_and_what_was_sent_again_goes_with_them(
    tmp_path: Path,
) -> None:
    tables = Database.open(tmp_path / "facts.duckdb")
    repeated = step("model_output", side="input", chain_mac=MAC, step_mac=f"{MAC},{MAC}")
    gone = recording(1, steps=(repeated,), answer_mac=MAC)
    tables.ingest(batch(gone, recording(2, interaction="v1_two", steps=(repeated,))))
    cursor = tables.cursor()
    assert cursor.execute("SELECT count(*) FROM repeats").fetchone() == (6,)

    seen_us = START_NS // 1000
    scrub_tables(cursor, Erased((gone.exchange.exchange,), (seen_us, seen_us)))

    assert cursor.execute("SELECT DISTINCT interaction FROM repeats").fetchall() == [("v1_two",)]
    found = cursor.execute("SELECT interaction FROM steps WHERE chain_mac IS NOT NULL")
    assert found.fetchall() == [("v1_two",)]
    assert cursor.execute("SELECT count(answer_mac) FROM observations").fetchone() == (0,)
    cursor.close()
    tables.close()
