"""The view `unfinished`: whose end nobody saw, why, and what was tried."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from proxy.recording.facts import ActFact, Recording
from proxy.store.database import Database
from proxy.store.position import CommittedFacts, FactBatch, VaultPosition
from tests.store.samples import SECOND_NS, START_NS, recording

CLIENT = "c" * 16


def seen(sequence: int, *, status: str = "in_progress", **more: Any) -> Recording:
    """One exchange about v1_one, by a client unless it is said."""
    by = {name: more.pop(name) for name in ("purpose", "client", "retry_after_s") if name in more}
    told = recording(
        sequence,
        interaction_id=more.get("interaction", "v1_one"),
        status=status,
        is_terminal=status == "completed",
        **more,
    )
    about: dict[str, Any] = {"client": CLIENT, "api_version": "v1beta"}
    about |= {"route": "/{v}/interactions", **by}
    return replace(told, exchange=replace(told.exchange, **about))


def asked(sequence: int, http_status: int, seconds: int, **more: Any) -> Recording:
    """A question of the steward's that brought no news."""
    told = seen(
        sequence,
        how="read",
        http_status=http_status,
        seconds=seconds,
        purpose="steward",
        **more,
    )
    return replace(told, observations=())


def act(kind: str, interaction: str | None, data: str, seconds: int = 0) -> ActFact:
    at = START_NS + seconds * SECOND_NS
    return ActFact(at, kind, None, None, "", interaction=interaction, data=data)


def care(scope: str, seconds: int = 0) -> ActFact:
    return act("capture", None, f'{{"scope":{scope}}}', seconds)


def shown(database: Database, *told: Recording | ActFact) -> list[dict[str, Any]]:
    exchanges = tuple(
        CommittedFacts(one, None, (), f"f:{number}")
        for number, one in enumerate(told)
        if isinstance(one, Recording)
    )
    acts = tuple(one for one in told if isinstance(one, ActFact))
    database.ingest(FactBatch(exchanges, (), acts, VaultPosition("f", 1)))
    done = database.cursor().execute("SELECT * FROM unfinished ORDER BY interaction")
    columns = [column[0] for column in done.description]
    return [dict(zip(columns, row, strict=True)) for row in done.fetchall()]


def why(database: Database, *told: Recording | ActFact) -> list[str]:
    return [row["why"] for row in shown(database, *told)]


def test_what_ended_is_not_shown_whoever_saw_it(database: Database) -> None:
    assert shown(database, seen(1), seen(2, how="read", status="completed", seconds=9)) == []


def test_what_was_never_stored_is_not_shown(database: Database) -> None:
    told = seen(1)
    (observed,) = told.observations

    assert (
        shown(database, replace(told, observations=(replace(observed, interaction_id=None),))) == []
    )


def test_without_anybody_who_cares_there_is_no_credential(database: Database) -> None:
    assert why(database, seen(1)) == ["no credential"]


def test_when_the_steward_ended_nobody_cares_any_more(database: Database) -> None:
    told = (care(f'["{CLIENT}"]'), care("[]", seconds=5))

    assert why(database, seen(1), *told) == ["no credential"]


def test_what_is_in_scope_waits(database: Database) -> None:
    assert why(database, seen(1), care(f'["{CLIENT}"]')) == ["waiting"]


def test_what_others_made_is_of_another_scope(database: Database) -> None:
    others = seen(1, client="d" * 16)

    assert why(database, others, care(f'["{CLIENT}"]')) == [
        "made with a credential of another scope"
    ]


def test_what_is_behind_another_path_is_not_asked_for(database: Database) -> None:
    told = seen(1)
    moved = replace(told, exchange=replace(told.exchange, route="/{base}/{v}/interactions"))

    assert why(database, moved, care(f'["{CLIENT}"]')) == ["no steward asks at this path"]


def test_a_deletion_before_the_end_is_a_gap(database: Database) -> None:
    told = seen(2, how="deleted", seconds=4)

    (row,) = shown(database, seen(1), told, care(f'["{CLIENT}"]'))

    assert row["why"] == "deleted before its end was seen"
    assert row["deleted_at"] is not None


def test_what_was_given_up_says_so(database: Database) -> None:
    gave_up = act("capture", "v1_one", '{"reason":"not_found"}')

    assert why(database, seen(1), gave_up) == ["given up: not found upstream"]


def test_attempts_are_counted_and_404s_in_a_row(database: Database) -> None:
    (row,) = shown(
        database,
        seen(1),
        asked(2, 404, 2),
        asked(3, 200, 4),
        asked(4, 404, 8),
        asked(5, 404, 16, retry_after_s=7),
    )

    assert (row["attempts"], row["not_found_count"]) == (4, 2)
    assert (row["last_answer"], row["retry_after_s"]) == (404, 7)


def test_a_notice_begins_the_count_anew(database: Database) -> None:
    notice = act("webhook", "v1_one", "{}", seconds=10)

    (row,) = shown(database, seen(1), asked(2, 200, 4), asked(3, 200, 30), notice)

    assert row["attempts"] == 1
    assert row["notified_at"] is not None


def test_a_clients_own_read_is_a_word_of_it_but_no_attempt(database: Database) -> None:
    (row,) = shown(database, seen(1), seen(2, how="read", seconds=50))

    assert row["attempts"] == 0
    assert row["last_at"].timestamp() - row["first_at"].timestamp() == 51


def test_the_steward_is_shown_its_scope_alone_and_nothing_given_up(database: Database) -> None:
    shown(
        database,
        seen(1),
        seen(2, interaction="v1_two", client="d" * 16),
        seen(3, interaction="v1_three"),
        act("capture", "v1_three", '{"reason":"attempts"}'),
    )
    reader = database.reader()

    def asked_since(since_ns: int) -> list[str]:
        asked = {"scope": [CLIENT], "since_us": since_ns // 1000, "limit": 9}
        return [row[0] for row in reader.ask("unfinished_since", asked, 9).rows]

    assert asked_since(0) == ["v1_one"]
    assert asked_since(START_NS + SECOND_NS) == []
    reader.close()
