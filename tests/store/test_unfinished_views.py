"""The view `unfinished`: whose end nobody saw, why, and what was tried.

One database holds an interaction for each case: opening one costs more than all the questions to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from proxy.recording.facts import ActFact, Recording
from proxy.store.database import Database
from proxy.store.position import FactBatch, VaultPosition
from tests.store.samples import SECOND_NS, START_NS, committed, recording

CLIENT: Final = "c" * 16


def seen(name: str, sequence: int, *, status: str = "in_progress", **more: Any) -> Recording:
    """One exchange about an interaction, by a client unless it is said."""
    about: dict[str, Any] = {"client": CLIENT, "api_version": "v1beta"}
    about["route"] = "/{v}/interactions"
    for column in ("purpose", "client", "retry_after_s", "route"):
        if column in more:
            about[column] = more.pop(column)
    told = recording(
        sequence,
        interaction=name,
        status=status,
        is_terminal=status == "completed",
        **more,
    )
    return replace(told, exchange=replace(told.exchange, **about))


def asked(name: str, sequence: int, http_status: int, seconds: int, **more: Any) -> Recording:
    """A question of the steward's that brought no news."""
    more |= {"how": "read", "purpose": "steward"}
    told = seen(name, sequence, http_status=http_status, seconds=seconds, **more)
    return replace(told, observations=())


def unstored(sequence: int) -> Recording:
    """Its answer had no id."""
    told = seen("exchange:x0-7-1", sequence)
    return replace(told, observations=(replace(told.observations[0], interaction_id=None),))


def act(kind: str, interaction: str | None, data: str, seconds: int = 0) -> ActFact:
    at = START_NS + seconds * SECOND_NS
    return ActFact(at, kind, None, None, "", interaction=interaction, data=data)


def care(scope: str, seconds: int = 0) -> ActFact:
    return act("capture", None, f'{{"scope":{scope}}}', seconds)


TOLD: Final = (
    seen("v1_ended", 1),
    seen("v1_ended", 2, how="read", status="completed", seconds=9),
    unstored(3),
    seen("v1_waiting", 4),
    seen("v1_foreign", 5, client="d" * 16),
    seen("v1_elsewhere", 6, route="/{base}/{v}/interactions"),
    seen("v1_deleted", 7),
    seen("v1_deleted", 8, how="deleted", seconds=4),
    seen("v1_given_up", 9),
    act("capture", "v1_given_up", '{"reason":"not_found"}'),
    seen("v1_asked", 10),
    asked("v1_asked", 11, 404, 2),
    asked("v1_asked", 12, 200, 4),
    asked("v1_asked", 13, 404, 8),
    asked("v1_asked", 14, 404, 16, retry_after_s=7),
    seen("v1_noticed", 15),
    asked("v1_noticed", 16, 200, 4),
    asked("v1_noticed", 17, 200, 30),
    act("webhook", "v1_noticed", "{}", seconds=10),
    seen("v1_read", 18),
    seen("v1_read", 19, how="read", seconds=50),
)


def take(database: Database, offset: int, *told: Recording | ActFact) -> None:
    exchanges = tuple(committed(one) for one in told if isinstance(one, Recording))
    acts = tuple(one for one in told if isinstance(one, ActFact))
    database.ingest(FactBatch(exchanges, (), acts, VaultPosition("f", offset)))


def shown(database: Database) -> dict[str, dict[str, Any]]:
    done = database.cursor().execute("SELECT * FROM unfinished")
    columns = [column[0] for column in done.description]
    rows = [dict(zip(columns, row, strict=True)) for row in done.fetchall()]
    return {row["interaction"]: row for row in rows}


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    database = Database.open(Path(tmp_path_factory.mktemp("unfinished")) / "facts.duckdb")
    take(database, 1, *TOLD, care(f'["{CLIENT}"]'))
    yield database
    database.close()


def test_each_that_nobody_saw_end_says_why(told: Database) -> None:
    """What ended, whoever saw it, and what was never stored are not shown."""
    assert {name: row["why"] for name, row in shown(told).items()} == {
        "v1_waiting": "waiting",
        "v1_asked": "waiting",
        "v1_noticed": "waiting",
        "v1_read": "waiting",
        "v1_foreign": "made with a credential of another scope",
        "v1_elsewhere": "no steward asks at this path",
        "v1_deleted": "deleted before its end was seen",
        "v1_given_up": "given up: not found upstream",
    }


def test_attempts_are_counted_and_404s_in_a_row(told: Database) -> None:
    row = shown(told)["v1_asked"]

    assert (row["attempts"], row["not_found_count"]) == (4, 2)
    assert (row["last_answer"], row["retry_after_s"]) == (404, 7)


def test_a_notice_begins_the_count_anew(told: Database) -> None:
    row = shown(told)["v1_noticed"]

    assert row["attempts"] == 1
    assert row["notified_at"] is not None


def test_a_clients_own_read_is_a_word_of_it_but_no_attempt(told: Database) -> None:
    row = shown(told)["v1_read"]

    assert row["attempts"] == 0
    assert (row["last_at"] - row["first_at"]).total_seconds() == 51


def test_the_steward_is_shown_its_scope_alone_and_nothing_given_up(told: Database) -> None:
    reader = told.reader()

    def asked_since(since_ns: int) -> set[str]:
        asked = {"scope": [CLIENT], "since_us": since_ns // 1000, "limit": 99}
        return {row[0] for row in reader.ask("unfinished_since", asked, 99).rows}

    assert asked_since(0) == {"v1_waiting", "v1_asked", "v1_noticed", "v1_read", "v1_deleted"}
    assert asked_since(START_NS + 20 * SECOND_NS) == {"v1_read"}
    reader.close()


def test_who_cares_is_what_was_said_last(database: Database) -> None:
    found = []
    take(database, 1, seen("v1_one", 1))
    found.append(shown(database)["v1_one"]["why"])
    take(database, 2, care(f'["{CLIENT}"]', seconds=1))
    found.append(shown(database)["v1_one"]["why"])
    take(database, 3, care("[]", seconds=2))
    found.append(shown(database)["v1_one"]["why"])

    assert found == ["no credential", "waiting", "no credential"]
