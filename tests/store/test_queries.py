from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

import pytest

from proxy.errors import StoreError
from proxy.store.database import Database
from proxy.store.queries import dicts, rows, statements, written
from tests.store.samples import batch, recording, step

PARAMETERS: dict[str, dict[str, object]] = {
    "interactions_like": {"beginning": "v1_", "limit": 5},
    "kin_of": {"interaction": "v1_one"},
    "place_of": {"interaction": "v1_one", "root_hash": 2**64 - 1, "first_seen_at": None},
    "create_of_interaction": {"interaction": "v1_one", "id_hash": 1, "before": 2},
    "calls_of_interaction": {"interaction": "v1_one", "id_hash": 1},
    "exchanges_about": {"interactions": ["v1_one"], "limit": 5},
    "interactions_of_exchange": {"exchange": "x"},
    "unfinished_since": {"scope": ["f" * 16], "since_us": 0, "limit": 5},
    "act_known": {"act": "0" * 32},
    "unfinished_news": {"since_us": 0},
    "cost_lines_of": {"interaction": "v1_one"},
    "drift_since": {"since": None},
    "price_book_acts": {"kind": "price_book"},
    "billed_hours": {"before_us": 0},
    "bills_between": {
        "book": "2026-11-22",
        "before_us": 0,
        "places": ["usage"],
        "grounding": ["google_search_call"],
        "since": dt.datetime(2026, 11, 22),  # noqa: DTZ001  # as DuckDB gives them
        "until": dt.datetime(2026, 11, 23),  # noqa: DTZ001
    },
    "twins_of": {"exchange": "x"},
    "attempts_of": {"exchange": "x"},
    "hops_of": {"interaction": "v1_one"},
    "divergences_of": {"interaction": "v1_one", "id_hash": 1},
    "tool_steps": {"interactions": None, "limit": 5},
    "turns": {"interaction": "v1_one", "limit": 5},
    "disposal_candidates": {
        "scope": ["f" * 16],
        "cutoff_us": 1795314072044221,
        "rules": None,
        "after": "",
        "finals": ["denied"],
        "limit": 5,
    },
    "disposal_copies": {"interactions": ["v1_one"]},
    "console_steps": {"interactions": ["v1_one"]},
    "console_acts": {"interaction": "v1_one", "limit": 5},
    "console_next": {"interaction": "v1_one", "limit": 5},
    "console_exchange": {"exchange": "x"},
    "console_media": {"ref": "x"},
    "console_holds": {"is_in_force": True, "limit": 5, "offset": 0},
    "console_conversations": {
        "since": dt.datetime(2026, 9, 20),  # noqa: DTZ001  # as DuckDB gives them
        "until": dt.datetime(2026, 11, 22),  # noqa: DTZ001
        "turns": 1,
        "limit": 5,
        "offset": 0,
    },
    "calendar_days": {
        "finals": ["unverifiable"],
        "since": dt.date(2026, 9, 20),
        "until": dt.date(2026, 11, 22),
    },
    "calendar_copies": {
        "lane": "due",
        "finals": ["unverifiable"],
        "since": dt.date(2026, 9, 20),
        "until": dt.date(2026, 11, 22),
        "limit": 5,
        "offset": 0,
    },
    "calendar_now": {"finals": ["unverifiable"], "now": dt.date(2026, 11, 22)},
    "calendar_subjects": {"types": ["google_search_call", "google_search_result"], "limit": 5},
    "calendar_erasures": {"limit": 5, "offset": 0},
    "calendar_receipts": {"limit": 5, "offset": 0},
    "calendar_deferred": {"limit": 5},
    "health_gaps": {"since": dt.date(2026, 11, 22)},
    "disposal_events": {"interactions": ["v1_one"]},
    "disposal_kept": {"cutoff_us": 0, "rules": "[]", "after": "", "limit": 5},
    "disposal_turns": {"roots": [1]},
    "disposal_holds": {},
    "door_created": {"since_us": 0, "limit": 5},
    "door_held": {"after": "", "limit": 5},
    "door_leaving": {"states": ["sending"], "after": "", "limit": 5},
    "door_news": {"since_us": 0},
    "disposal_controls": {"scope": ["f" * 16], "now_us": 0, "interactions": []},
    "disposal_witnesses": {"interaction": "v1_one"},
    "disposal_news": {"since_us": 0},
    "disposal_clock": {"since_us": 0},
    "policies_told": {},
    "disposal_kin": {"roots": [1], "after": "", "limit": 5},
    "disposal_behind": {"hashes": "1,2", "after": "", "limit": 5},
    "keeping_subjects": {"names": "v1_one"},
    "keeping_clock": {"since_us": 0, "until_us": 1},
    "own_copy_of": {"interaction": "v1_one"},
    "held_outlook": {"hold": "h"},
    "disposal_held": {"after": "", "limit": 5},
    "probing_unsettled": {
        "scope": ["f" * 16],
        "since_us": 0,
        "until_us": 0,
        "again_us": 0,
        "probes_max": 2,
        "limit": 5,
    },
    "erasing_beginning": {"named": "v1_"},
    "erasing_labelled": {"label": "customer"},
    "erasing_shown": {"exchanges": "x", "since": 0, "until": 1},
    "erasing_repeats": {"macs": "1,2", "since": 0, "until": 1},
    "erasing_wishes": {"sequences": "1", "since": 0, "until": 1},
    "erasing_tried_again": {"macs": "feed,beef", "since": 0, "until": 1},
    "erasing_conversations": {"roots": "1,2"},
    "erasing_turns": {"places": "1,2", "first": 1, "last": 2},
    "erasing_turns_once": {"places": "1,2", "first": 1, "last": 2},
    "erasing_quoted_attempts": {"hashes": "1,2", "since": 0, "until": 1},
    **{
        f"erasing_{each}": {"hashes": "1,2"}
        for each in ("named", "behind", "own", "unread", "hops", "bridges")
    },
    **{
        f"erasing_{each}": {"hashes": "1,2", "since": 0, "until": 1}
        for each in ("answers", "unanswered", "quoted_questions")
    },
    "retention_now": {"finals": ["denied"], "now_us": 0, "soon_us": 9},
    "receipts_told": {"interaction": None, "limit": 5},
    "retention_all": {"limit": 5},
    "retention_due": {"finals": ["denied"], "until_us": 0, "limit": 5},
    "retention_forecast": {"finals": ["denied"], "now_us": 0, "until_us": 0, "limit": 5},
    **{
        f"cost_by_{each}": {"since": None, "until": None}
        for each in ("interaction", "conversation", "model", "day", "client")
    },
    "timeline_told_once": {
        "interaction": "v1_one",
        "seen_at": dt.datetime(2026, 11, 18),  # noqa: DTZ001  # as the tables have it
        "has_input": True,
        "has_output": False,
    },
    **{
        name: {"interaction": "v1_one"}
        for name in (
            *("interaction", "interaction_settled", "timeline_of", "media_of", "gap_of"),
            *("usage_of", "exchanges_of", "problems_of", "orphan_gap_of"),
        )
    },
}


@dataclass(frozen=True, slots=True)
class Usage:
    kind: str
    modality: str
    tokens: int


@pytest.mark.parametrize("name", statements())
def test_a_statement_has_a_comment_and_runs(one_database: Database, name: str) -> None:
    assert statements()[name].lstrip().startswith("-- ")

    dicts(one_database.cursor(), name, **PARAMETERS.get(name, {}))


def test_rows_are_typed(database: Database) -> None:
    database.ingest(batch(recording(1, total_tokens=7)))

    assert rows(database.cursor(), "usage_of", Usage, interaction="v1_one") == [
        Usage("input", "text", 7)
    ]


def test_a_row_type_that_does_not_fit_is_our_mistake(one_database: Database) -> None:
    with pytest.raises(AssertionError, match="are not the fields"):
        rows(one_database.cursor(), "columns", Usage)


def test_what_duckdb_refuses_names_the_query(one_database: Database) -> None:
    with pytest.raises(StoreError, match="the query timeline_of failed"):
        dicts(one_database.cursor(), "timeline_of", wrong="parameter")


def test_a_poll_is_an_exchange_of_its_interaction(database: Database) -> None:
    database.ingest(batch(recording(1, steps=(step("thought"),)), recording(2, how="read")))

    _, found = dicts(database.cursor(), "exchanges_of", interaction="v1_one")

    assert [each["operation"] for each in found] == ["create", "get"]


def test_a_reader_gives_so_many_rows_and_says_whether_there_are_more(database: Database) -> None:
    database.ingest(batch(*(recording(number) for number in range(1, 4))))
    reader = database.reader()

    some = reader.ask("interactions_like", {"beginning": "v1_", "limit": 9}, 1)
    none = reader.ask("interactions_like", {"beginning": "nothing", "limit": 9}, 1)
    reader.close()

    assert (len(some.rows), none.rows, none.is_cut) == (1, [], False)
    assert some.columns == ("interaction", "last_seen_at")


def test_a_reader_knows_the_shipped_queries_alone(one_database: Database) -> None:
    reader = one_database.reader()

    with pytest.raises(StoreError, match="there is no query 'SELECT 1'"):
        reader.ask("SELECT 1", {}, 1)
    with pytest.raises(StoreError, match="the query timeline_of failed"):
        reader.ask("timeline_of", {"wrong": 1}, 1)
    reader.close()


@pytest.mark.parametrize(
    ("name", "listed", "more"),
    [
        ("disposal_kin", "roots", {"after": "", "limit": 5}),
        ("disposal_turns", "roots", {}),
        ("disposal_copies", "interactions", {}),
        ("disposal_events", "interactions", {}),
    ],
)
def test_of_nothing_there_is_nothing(
    one_database: Database, name: str, listed: str, more: dict[str, object]
) -> None:
    """A steward for whom nothing is due asks so."""
    assert dicts(one_database.cursor(), name, **{listed: []}, **more)[1] == []


def test_few_numbers_of_a_list_are_compared_each_by_itself_and_a_list_of_names_never() -> None:
    numbers = "a IN (SELECT unnest(string_split($n, ',')::UBIGINT[])) AND b > $since"
    names = "a IN (SELECT unnest(string_split($n, ',')))"

    found = written(numbers, {"n": "1,22,3", "since": 5})

    assert found == ("a IN (1,22,3) AND b > $since", {"since": 5})
    for many in ("1,2,3,4", "", "1;2", "1,", "-1", "\u0661", ["1"]):
        assert written(numbers, {"n": many}) == (numbers, {"n": many})
    assert written(names, {"n": "1,2"}) == (names, {"n": "1,2"})
    assert written("SELECT 1", {}) == ("SELECT 1", None)
