"""Many proxies, one record: a PostgreSQL, an S3 server, each proxy in a network namespace; killed, cut off, restarted.

FLEET_PROXIES: how many; FLEET_INTERACTIONS: of each; FLEET_ROUNDS: how often everything befalls them.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import hashlib
import os
import random
import re
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb
import pytest

from proxy.errors import KeyDestroyed
from proxy.fleet.asking import open_fleet
from proxy.fleet.naming import read_fleet
from proxy.fleet.opening import NOT_OPENED, contents_at
from proxy.fleet.shipping.staging import is_copy
from proxy.reading.snapshot import open_facts
from proxy.store.asking.shipped import shipped
from proxy.store.database import Database
from proxy.store.erasing.scrubbing import DIGESTS
from proxy.store.position import VaultPosition
from tests.end_to_end.programs import look_until
from tests.outside.fleet.misfortune import befall, clients
from tests.outside.fleet.servers import BUCKET
from tests.outside.fleet.stage import KEY, Fleet, Member, emulator_in, fleet_in

PROXIES: Final = int(os.environ.get("FLEET_PROXIES", "4"))
EACH: Final = int(os.environ.get("FLEET_INTERACTIONS", "4"))
ROUNDS: Final = int(os.environ.get("FLEET_ROUNDS", "1"))
SEED: Final = 9

pytestmark = pytest.mark.filterwarnings("default:no network namespaces")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with emulator_in(folder / "emulator") as emulator, fleet_in(folder) as made:
        for number in range(PROXIES):
            made.join(f"proxy-{number}", emulator.url)
        yield made


def ask_some(fleet: Fleet, count: int = EACH) -> None:
    for member in fleet.members:
        for number in range(count):
            member.create(f"question {number} to {member.name}")


def expect_each_once(fleet: Fleet) -> None:
    fleet.shipped()
    with fleet.rows() as rows:
        found: dict[str, list[str]] = {member.name: [] for member in fleet.members}
        for proxy, exchange in rows.execute(
            "SELECT proxy, exchange FROM lake.exchanges"
        ).fetchall():
            found[proxy].append(exchange)
        created = rows.execute(
            "SELECT interaction_id FROM lake.observations WHERE how = 'created' AND store != 'false'"
        ).fetchall()
    recorded = {
        member.name: sorted(name for (name,) in member.proxy.rows("SELECT exchange FROM exchanges"))
        for member in fleet.members
    }
    assert {name: sorted(exchanges) for name, exchanges in found.items()} == recorded
    names = [name for (name,) in created]
    assert len(names) == len(set(names))
    assert set(names) >= {name for member in fleet.members for name in member.asked}


def test_what_each_proxy_records_is_in_the_engine_once(fleet: Fleet) -> None:
    ask_some(fleet)

    expect_each_once(fleet)


def test_each_proxy_tells_how_far_the_engine_follows(fleet: Fleet) -> None:
    fleet.shipped()
    for member in fleet.members:
        page = look_until(
            lambda member=member: _up(member.metrics()),  # type: ignore[misc]
            f"that {member.name} follows",
        )
        assert 0 <= page["ixp_fleet_lag_seconds"] < 30


def _up(page: dict[str, float]) -> dict[str, float] | None:
    is_close = page["ixp_fleet_up"] == 1 and page["ixp_fleet_lag_seconds"] < 30
    return page if is_close else None


def test_whatever_is_cut_killed_or_restarted_nothing_is_lost_or_doubled(fleet: Fleet) -> None:
    drawn = random.Random(SEED)
    with clients(fleet.members):
        for _ in range(ROUNDS):
            befall(fleet, drawn)

    assert all(len(member.asked) > ROUNDS for member in fleet.members)
    expect_each_once(fleet)


def test_the_shipped_questions_have_the_answers_of_an_embedded_store(
    fleet: Fleet, tmp_path: Path
) -> None:
    conversation(fleet.members)
    fleet.shipped()
    embedded = embedded_store(fleet, tmp_path / "facts.duckdb")
    with open_fleet(read_fleet(fleet.reader())) as views:
        answers = {name: (asked(views, name), asked(embedded, name)) for name in shipped()}
        relations = {name: (counted(views, name), counted(embedded, name)) for name in audit(views)}

    assert len(answers) >= 24
    assert {name: both for name, both in answers.items() if both[0] != both[1]} == {}
    assert {name: both for name, both in relations.items() if both[0] != both[1]} == {}
    assert sum(bool(both[0]) for both in answers.values()) >= len(answers) / 2, (
        "they say too little"
    )


def test_contents_open_where_their_keys_are_and_say_so_elsewhere(
    fleet: Fleet, tmp_path: Path
) -> None:
    """At each proxy: in its own tables and in the fleet's the same; also from the objects, when its vault is lost."""
    for member in fleet.members:
        member.create(f"to be opened at {member.name} alone")
    fleet.shipped()
    own = {member.name: contents_of(member) for member in fleet.members}
    lost = fleet.members[0]
    kept = tmp_path / "kept"
    shutil.copytree(lost.proxy.data / "keys", kept / "keys")

    for name, data in [(each.name, each.proxy.data) for each in fleet.members] + [
        (lost.name, kept)
    ]:
        engine = read_fleet(fleet.reader(name))
        with contents_at(engine, data) as contents, open_fleet(engine, contents) as views:
            found = views.execute(OPENED_SQL).fetchall()
        opened = {ref: text for ref, text in found if ref.startswith(f"{name}/")}
        rest = [text for ref, text in found if not ref.startswith(f"{name}/")]
        assert opened == own[name]
        assert all(NOT_OPENED in text for text in rest)
        assert len(rest) == len(found) - len(opened) == contents.elsewhere.total() > 0


def test_a_hold_of_one_proxy_holds_at_all_and_ends_at_all(fleet: Fleet) -> None:
    first, last = fleet.members[0], fleet.members[-1]
    name = seen_by_both(first, last, "something to be kept")
    told = first.proxy._ask("POST", "/hold", {"id": name, "reason": "asked", "actor": "anna"})
    look_until(lambda: holds(last, name) or None, "the hold at the other proxy")

    first.proxy._ask("POST", "/release", {"hold": told["hold"], "reason": "over", "actor": "anna"})

    look_until(lambda: None if holds(last, name) else True, "its end at the other proxy")


def test_an_erasure_reaches_the_other_proxies_the_engine_and_its_objects(fleet: Fleet) -> None:
    first, last = fleet.members[0], fleet.members[-1]
    name = seen_by_both(first, last, "something that has to go")
    fleet.shipped()
    with fleet.rows() as rows:
        digests = traces(rows, name)
        objects = objects_of(rows, name)
    assert digests
    assert len(objects) >= 2, "of both proxies"
    assert {f"ours/{each}" for each in objects} <= set(fleet.objects.names())

    first.proxy._ask("POST", "/erase", {"id": name, "reason": "asked", "actor": "anna"})

    look_until(lambda: None if open_keys(last, name) else True, "the erasure at the other proxy")
    look_until(lambda: is_purged(fleet, name), "the purge of files")
    assert {f"ours/{each}" for each in objects} & set(fleet.objects.names()) == set()
    with fleet.rows() as rows:
        assert objects_of(rows, name) == []
        assert traces(rows, name) == []
        files = [file for file in fleet.objects.names() if file.startswith("ours/facts/")]
        assert files
        left = [file for file in files if has_any(rows, file, digests)]
    assert left == [], "files that still hold digests of what was erased"
    expect_each_once(fleet)


def is_purged(fleet: Fleet, name: str) -> bool | None:
    """Whether no proxy has rows of it there any more, and then no file waits for its rows to go."""
    fleet.shipped()
    with fleet.rows() as rows:
        if objects_of(rows, name) or traces(rows, name):
            return None
    return None if fleet.books("SELECT 1 FROM fleet.purges") else True


def test_content_leaves_a_proxy_as_ciphertext_alone(fleet: Fleet) -> None:
    marker = "a marker that only who asked may read"
    fleet.members[0].create(marker)
    fleet.shipped()
    words = [marker.encode(), KEY.encode()]

    for name in fleet.objects.names():
        data = fleet.objects.get(name)
        assert not any(word in data for word in words), name
        if name.startswith("ours/sealed/"):
            assert hashlib.sha256(data).hexdigest() == name.rpartition("/")[2]
    for file in fleet.catalog.files():
        data = file.read_bytes()
        assert not any(word in data for word in words), file


OPENED_SQL: Final = """
    SELECT content_ref, content(content_ref)
    FROM (SELECT DISTINCT content_ref FROM steps WHERE content_ref IS NOT NULL)
"""


def contents_of(member: Member) -> dict[str, str | None]:
    """What opens at one proxy, by the references that the fleet has for it."""
    with open_facts(member.proxy.data) as facts:
        found = facts.execute(OPENED_SQL).fetchall()
    assert any(text is not None for _, text in found)
    return {f"{member.name}/{ref}": text for ref, text in found}


def conversation(members: list[Member]) -> None:
    """A conversation through several proxies: turns, tools, streams, polls, a deletion, an error."""
    turn = None
    for member in members * 2:
        more: dict[str, Any] = {} if turn is None else {"previous_interaction_id": turn}
        turn = member.create("and now?", tools=[{"type": "google_search"}], **more)
    for member in members:
        member.send("GET", f"/v1beta/interactions/{turn}")
        gone = member.create("delete this")
        member.send("DELETE", f"/v1beta/interactions/{gone}")
        body = {"model": "gemini-3-flash-preview", "input": "keep nothing", "store": False}
        member.send("POST", "/v1beta/interactions", body)


def seen_by_both(first: Member, last: Member, text: str) -> str:
    """An interaction created at one proxy and read through another."""
    name = first.create(f"{text}, {len(first.asked)}")  # digests are equal where texts are
    last.send("GET", f"/v1beta/interactions/{name}")
    for member in (first, last):
        member.proxy.flush()
    return name


def holds(member: Member, name: str) -> list[Any]:
    of = f"interaction = '{name}' AND released_at IS NULL"
    return member.proxy.rows(f"SELECT hold FROM audit.holds WHERE {of}")


def open_keys(member: Member, name: str) -> list[str]:
    """Exchanges about an interaction whose content this proxy can still open."""
    statement = f"SELECT raw_ref FROM exchanges WHERE interaction = '{name}'"
    vault = member.proxy.vault()
    found = []
    for (ref,) in member.proxy.rows(statement):
        with contextlib.suppress(KeyDestroyed):
            vault.exchange(ref)
            found.append(ref)
    vault.close()
    return found


def traces(rows: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Digests of what was said in an interaction, in any table of the lake."""
    found = []
    of = f"(SELECT exchange FROM lake.exchanges WHERE interaction = '{name}')"
    for table, columns in DIGESTS.items():
        for column in columns:
            chosen = f"SELECT DISTINCT {column} FROM lake.{table} WHERE exchange IN {of} AND {column} IS NOT NULL"
            found += [digest for (digest,) in rows.execute(chosen).fetchall()]
    return sorted(found)


def objects_of(rows: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """Names of the objects that hold sealed records about an interaction."""
    of = f"(SELECT exchange FROM lake.exchanges WHERE interaction = '{name}')"
    chosen = f"SELECT proxy, digest FROM lake.objects WHERE exchange IN {of} ORDER BY ALL"
    return [f"sealed/{proxy}/{digest}" for proxy, digest in rows.execute(chosen).fetchall()]


def has_any(rows: duckdb.DuckDBPyConnection, file: str, digests: list[str]) -> bool:
    """Whether a file of rows has one of these words in any column."""
    found = rows.execute(f"SELECT * FROM read_parquet('s3://{BUCKET}/{file}')").fetchall()
    return bool({str(value) for row in found for value in row} & set(digests))


def embedded_store(fleet: Fleet, file: Path) -> duckdb.DuckDBPyConnection:
    """The tables as one recorder would have filled them that recorded what all these proxies did."""
    database = Database.open(file)
    number = 0
    for member in fleet.members:
        vault = member.proxy.vault()
        for batch in vault.follow():
            number += 1
            acts = tuple(act for act in batch.acts if not is_copy(act))
            place = VaultPosition("29991231-000001", number)
            database.ingest(replace(batch, acts=acts, position=place))
        vault.close()
    return database.cursor()


SINCE: Final = dt.datetime(2020, 1, 1)  # noqa: DTZ001  # as instants are in the tables
UNTIL: Final = dt.datetime(2100, 1, 1)  # noqa: DTZ001


def asked(connection: duckdb.DuckDBPyConnection, name: str) -> list[str]:
    """The answer of a shipped question, with every instant and number wide open; rows in one order."""
    question = shipped()[name]
    given: dict[str, object] = {}
    for each in question.parameters:
        if each.type == "instant":
            given[each.name] = UNTIL if each.name == "to" else SINCE
        elif each.type == "whole":
            given[each.name] = 100_000
        else:
            given[each.name] = each.default or some_text(connection, each.name)
    return rows_of(connection.execute(question.sql, given or None))


def some_text(connection: duckdb.DuckDBPyConnection, name: str) -> str:
    """Something to ask about: the newest interaction, or what the parameter is called."""
    if name != "interaction":
        return name
    chosen = (
        "SELECT previous_interaction_id FROM interactions WHERE previous_interaction_id IS NOT NULL"
    )
    (found,) = connection.execute(f"{chosen} ORDER BY 1 LIMIT 1").fetchall()
    return str(found[0])


def audit(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """All views that auditors have."""
    found = connection.execute(
        "SELECT view_name FROM duckdb_views() WHERE schema_name = 'audit' AND database_name = 'facts'"
    ).fetchall()
    return sorted({name for (name,) in found})


def counted(connection: duckdb.DuckDBPyConnection, view: str) -> list[str]:
    """Every row of a view."""
    return rows_of(connection.execute(f"FROM audit.{view}"))


OF_PROXY: Final = re.compile(r"'proxy-\d+/(?=\d{8}-)")
"""What a reference begins with in a fleet."""


def rows_of(answer: duckdb.DuckDBPyConnection) -> list[str]:
    """In one order. Sums of dollars depend on the order of their parts; recorders say at any time that they live."""
    found = [
        OF_PROXY.sub(
            "'", repr(tuple(round(each, 9) if isinstance(each, float) else each for each in row))
        )
        for row in answer.fetchall()
        if "heartbeat" not in row
    ]
    return sorted(found)
