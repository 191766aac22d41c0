"""Many proxies, one record: a PostgreSQL, an S3 server, each proxy in a network namespace; killed, cut off, restarted.

FLEET_PROXIES: how many; FLEET_INTERACTIONS: of each; FLEET_ROUNDS: how often everything befalls them; FLEET_SEED: whom.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import os
import random
import re
import shutil
from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Final

import duckdb
import pytest

from proxy.errors import StoreError
from proxy.fleet.asking import open_fleet
from proxy.fleet.engine.link import Link, attached, books_of
from proxy.fleet.engine.upkeep import MERGE_EACH_S, Upkeep
from proxy.fleet.naming import read_fleet
from proxy.fleet.opening import NOT_OPENED, contents_at
from proxy.fleet.shipping.sealed import S3Shelf
from proxy.store.asking.shipped import shipped
from tests.end_to_end.programs import look_until
from tests.outside.fleet.answers import (
    OPENED_SQL,
    asked,
    audit,
    contents_of,
    counted,
    embedded_store,
    has_any,
    holds,
    is_gone,
    is_nothing_to_purge,
    is_purged,
    objects_of,
    open_keys,
    traces,
)
from tests.outside.fleet.asking import clients, conversation, seen_by_both
from tests.outside.fleet.misfortune import befall
from tests.outside.fleet.servers import BUCKET, READER
from tests.outside.fleet.stage import KEY, Fleet, fleet_in

PROXIES: Final = int(os.environ.get("FLEET_PROXIES", "4"))
EACH: Final = int(os.environ.get("FLEET_INTERACTIONS", "4"))
ROUNDS: Final = int(os.environ.get("FLEET_ROUNDS", "1"))
SEED: Final = int(os.environ.get("FLEET_SEED", "9"))

pytestmark = pytest.mark.filterwarnings("default:no network namespaces")


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    folder = tmp_path_factory.mktemp("fleet")
    with fleet_in(folder) as made:
        for number in range(PROXIES):
            made.join(f"proxy-{number}")
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


def test_a_batch_that_comes_twice_is_refused_whole(fleet: Fleet) -> None:
    """As of a shipper that was killed, or cut off, while it did not know yet that its batch was taken."""
    ask_some(fleet, 1)
    fleet.shipped()
    name = fleet.members[0].name
    ((file, offset),) = fleet.books(
        f"SELECT file, byte_offset FROM fleet.proxies WHERE proxy = '{name}'"
    )
    told = {"proxy": name, "from": ["", 0], "to": [file, offset], "exchanges": 1, "orders": []}

    with (
        contextlib.closing(Link.open(read_fleet(fleet.reader()))) as link,
        pytest.raises(StoreError, match=f"the position of {name} is another by now"),
        link.commit("ship", told) as rows,
    ):
        rows.execute("INSERT INTO lake.exchanges (exchange, proxy) VALUES ('twice', ?)", [name])

    expect_each_once(fleet)


def test_a_position_that_an_older_release_moved_has_no_mark(fleet: Fleet) -> None:
    """Its fence knows of none. With the old mark the vault would be taken for one put back from a backup."""
    fleet.order("INSERT INTO fleet.proxies (proxy, fingerprint, mark) VALUES ('elder', '', 'one')")
    found = []
    for change in ("shipped_at = now()", "byte_offset = 2, mark = 'two'", "byte_offset = 3"):
        fleet.order(f"UPDATE fleet.proxies SET {change} WHERE proxy = 'elder'")
        found += fleet.books("SELECT mark FROM fleet.proxies WHERE proxy = 'elder'")
    fleet.order("DELETE FROM fleet.proxies WHERE proxy = 'elder'")
    assert found == [("one",), ("two",), ("",)]


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


def test_an_object_that_is_gone_is_one_content_that_does_not_open(
    fleet: Fleet, tmp_path: Path
) -> None:
    """An erasure removes objects before the rows that name them; a question meanwhile has all else."""
    lost = fleet.members[0]
    lost.create("one that goes")
    lost.create("one that stays")
    fleet.shipped()
    shutil.copytree(lost.proxy.data / "keys", tmp_path / "keys")
    by_record = {
        ref.partition("#")[0]: (ref, text) for ref, text in contents_of(lost).items() if text
    }
    record, *_, last = by_record
    (gone, _), (kept, text) = by_record[record], by_record[last]
    with fleet.rows() as rows:
        chosen = "SELECT digest FROM lake.objects WHERE proxy = ? AND ref = ?"
        given = [lost.name, record.partition("/")[2]]
        ((digest,),) = rows.execute(chosen, given).fetchall()
    name = f"ours/sealed/{lost.name}/{digest}"
    data = fleet.objects.get(name)
    fleet.objects.client.remove_object(BUCKET, name)
    try:
        engine = read_fleet(fleet.reader(lost.name))
        with contents_at(engine, tmp_path) as contents, open_fleet(engine, contents) as views:
            found = views.execute("SELECT content(?), content(?)", [gone, kept]).fetchall()
    finally:
        fleet.objects.client.put_object(BUCKET, name, io.BytesIO(data), len(data))
    assert found == [(None, text)]


def test_who_may_only_read_can_ask_and_nothing_else(fleet: Fleet) -> None:
    """By the grants that FLEET.md shows, and a storage key that reads and lists."""
    member = fleet.members[0]
    member.create("something to be asked about")
    fleet.shipped()
    shown = (resources.files("proxy.fleet") / "FLEET.md").read_text("utf-8")
    (grants,) = re.findall(r"```sql\n(.*?)```", shown, re.DOTALL)
    fleet.order(grants)
    engine = read_fleet(fleet.reader(member.name, (READER, READER)))

    with contents_at(engine, member.proxy.data) as contents, open_fleet(engine, contents) as views:
        found = views.execute(OPENED_SQL).fetchall()
        answered = [counted(views, name) for name in audit(views)]
    assert sum(bool(rows) for rows in answered) >= 10
    assert contents_of(member).items() <= dict(found).items()

    with pytest.raises(StoreError, match="permission denied"):
        books_of(engine, "DELETE FROM fleet.proxies RETURNING proxy")
    with (
        contextlib.closing(attached(engine, is_read_only=False)) as rows,
        pytest.raises(duckdb.Error, match=r"(?i)permission denied|access ?denied|forbidden|403"),
    ):
        rows.execute("DELETE FROM lake.steps")
    with pytest.raises(StoreError):
        S3Shelf(engine.objects).put("not/ours", b"x")


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


def test_erasures_get_their_turn_while_all_proxies_write_on(fleet: Fleet) -> None:
    """A batch that erases is committed alone; who writes waits behind it, and nobody fails over it."""
    first, last = fleet.members[0], fleet.members[-1]
    names = [seen_by_both(first, last, f"to go beside writers, {number}") for number in range(2)]
    fleet.shipped()
    before = {member.name: member.warnings() for member in fleet.members}

    with clients(fleet.members):
        for member, name in zip((first, last), names, strict=True):
            member.proxy._ask("POST", "/erase", {"id": name, "reason": "asked", "actor": "anna"})
        for name in names:
            look_until(lambda name=name: is_gone(fleet, name), "the end of its rows")  # type: ignore[misc]
        look_until(lambda: is_nothing_to_purge(fleet), "the purge of files")

    assert {member.name: member.warnings() for member in fleet.members} == before
    expect_each_once(fleet)


def test_an_erasure_takes_later_turns_that_only_another_proxy_saw(fleet: Fleet) -> None:
    first, last = fleet.members[0], fleet.members[-1]
    name = first.create("a first turn")
    later = last.create("a later turn, elsewhere", previous_interaction_id=name)
    for member in (first, last):
        member.proxy.flush()
    assert open_keys(last, later)

    wish = {"id": name, "reach": "descendants", "reason": "asked", "actor": "anna"}
    first.proxy._ask("POST", "/erase", wish)

    look_until(lambda: None if open_keys(last, later) else True, "the erasure of the later turn")


def test_an_engine_that_was_lost_gets_all_anew_from_the_proxies(fleet: Fleet) -> None:
    """As FLEET.md has it: both schemas dropped, the files of rows removed. What was erased stays erased."""
    first, last = fleet.members[0], fleet.members[-1]
    erased = seen_by_both(first, last, "something that went before")
    first.proxy._ask("POST", "/erase", {"id": erased, "reason": "asked", "actor": "anna"})
    look_until(lambda: None if open_keys(last, erased) else True, "the erasure at the other proxy")
    fleet.shipped()

    for name in fleet.objects.names():
        if name.startswith("ours/facts/"):
            fleet.objects.client.remove_object(BUCKET, name)
    fleet.order("DROP SCHEMA fleet, fleet_lake CASCADE")

    look_until(lambda: is_purged(fleet, erased), "the purge of files")
    expect_each_once(fleet)


def test_files_are_merged_and_no_row_is_lost(fleet: Fleet) -> None:
    for _ in range(3):
        ask_some(fleet, 1)
        fleet.shipped()
    counted_sql = "SELECT count(*) FROM fleet_lake.ducklake_data_file WHERE end_snapshot IS NULL"
    ((before,),) = fleet.books(counted_sql)

    with contextlib.closing(Link.open(read_fleet(fleet.reader()))) as link:
        upkeep = Upkeep(link, "reader/1", S3Shelf(read_fleet(fleet.reader()).objects).remove)
        upkeep.do_if_due(0.0)
        look_until(lambda: upkeep.do_if_due(MERGE_EACH_S) or None, "a turn at the upkeep")

    ((after,),) = fleet.books(counted_sql)
    assert after < before
    expect_each_once(fleet)


def test_content_leaves_a_proxy_as_ciphertext_alone(fleet: Fleet) -> None:
    marker = "a marker that only who asked may read"
    name = fleet.members[0].create(marker)
    fleet.shipped()
    words = [marker.encode(), KEY.encode()]
    with fleet.rows() as rows:
        digests = traces(rows, name)
        one = "SELECT any_value(chain_mac) FROM lake.steps WHERE chain_mac IS NOT NULL"
        asked_for = f"SELECT count(*) > 0 FROM lake.steps WHERE chain_mac = ({one})"
        assert rows.execute(asked_for).fetchall() == [(True,)]
    assert digests

    for name in fleet.objects.names():
        data = fleet.objects.get(name)
        assert not any(word in data for word in words), name
        if name.startswith("ours/sealed/"):
            assert hashlib.sha256(data).hexdigest() == name.rpartition("/")[2]
    for file in fleet.catalog.files():
        data = file.read_bytes()
        # Digests are in files of rows alone, which an erasure has written anew.
        for word in (*words, *map(str.encode, digests)):
            assert word not in data, file
