"""Files that no commit names: of compactions that an erasure overtook, of shippers that were killed or cut off. Who writes.

A PostgreSQL and an S3 server; what proxies do to them is done here over links of theirs.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from contextlib import closing

import duckdb
import pytest

from proxy.errors import StoreError
from proxy.fleet.engine import link as limits
from proxy.fleet.engine.catalog import bring_up, make_tables
from proxy.fleet.engine.link import WRITES_FOR_S, WRITING, Link, Occupied
from proxy.fleet.engine.upkeep import PURGE_AGAIN_S, Upkeep
from proxy.fleet.naming import read_fleet
from proxy.fleet.shipping.sealed import S3Shelf
from tests.outside.fleet.answers import has_any
from tests.outside.fleet.stage import Fleet, fleet_in

MERGE = "SELECT count(*) FROM ducklake_merge_adjacent_files('lake')"
INSERT = "INSERT INTO lake.steps (exchange, chain_mac, proxy) SELECT $proxy || i, $proxy || '-digest-' || i, $proxy FROM range(3) AS r (i)"
SCRUB = "UPDATE lake.steps SET chain_mac = NULL WHERE exchange = $proxy || '1' AND chain_mac IS NOT NULL"
HELD = f"SELECT pid FROM pg_locks WHERE locktype = 'advisory' AND objid = {WRITING} AND granted"


@pytest.fixture(scope="module")
def engine(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet_in(tmp_path_factory.mktemp("leftovers")) as made:
        yield made


class One:
    """A proxy, as far as it writes."""

    def __init__(self, engine: Fleet, name: str) -> None:
        self.name = name
        self._engine = engine
        self.link = self.linked()

    def close(self) -> None:
        self.link.close()

    def linked(self) -> Link:
        link = Link.open(read_fleet(self._engine.reader(self.name)))
        bring_up(link, self.name, "of all")
        return link

    @contextlib.contextmanager
    def shipping(self, *, has_erased: bool = False) -> Iterator[duckdb.DuckDBPyConnection]:
        chosen = f"SELECT file, byte_offset FROM fleet.proxies WHERE proxy = '{self.name}'"
        ((file, offset),) = self._engine.books(chosen)
        told: dict[str, object] = {
            "proxy": self.name,
            "from": [file, offset],
            "to": ["1", offset + 1],
        }
        told |= {"exchanges": 3, "orders": [], "has_erased": has_erased}
        with self.link.commit("ship", told, is_alone=has_erased) as rows:
            yield rows

    def ship(self, statement: str, *, has_erased: bool = False) -> None:
        with self.shipping(has_erased=has_erased) as rows:
            rows.execute(statement, {"proxy": self.name})

    def digests(self) -> list[str | None]:
        """What the lake has of this proxy's rows, in one order."""
        chosen = f"SELECT chain_mac FROM lake.steps WHERE proxy = '{self.name}' ORDER BY exchange"
        with self._engine.rows() as rows:
            return [digest for (digest,) in rows.execute(chosen).fetchall()]


@pytest.fixture
def join(engine: Fleet) -> Iterator[Callable[[str], One]]:
    with contextlib.ExitStack() as stack:

        def joined(name: str) -> One:
            one = One(engine, name)
            stack.callback(one.close)
            return one

        yield joined


def facts(engine: Fleet) -> set[str]:
    return {name for name in engine.objects.names() if name.startswith("ours/facts/")}


def named(engine: Fleet) -> set[str]:
    """Files that the catalog knows."""
    found: set[str] = set()
    for table in ("data_file", "delete_file", "files_scheduled_for_deletion"):
        found |= {path for (path,) in engine.books(f"SELECT path FROM fleet_lake.ducklake_{table}")}
    return {
        file
        for file in facts(engine)
        if file.rpartition("/")[2] in {p.rpartition("/")[2] for p in found}
    }


def with_word(engine: Fleet, word: str) -> set[str]:
    """Files of rows that hold it."""
    with engine.rows() as rows:
        return {file for file in facts(engine) if has_any(rows, file, [word])}


def upkeep(engine: Fleet, link: Link) -> Upkeep:
    return Upkeep(link, "another/1", S3Shelf(read_fleet(engine.reader()).objects).remove)


def is_kept_waiting(upkeep: Upkeep, mono_s: float) -> bool:
    upkeep.do_if_due(mono_s)
    return upkeep.is_waiting


def test_files_of_a_compaction_that_an_erasure_overtook_go_before_it_counts_as_done(
    engine: Fleet, join: Callable[[str], One]
) -> None:
    """Its lock was lost. DuckLake refuses to commit them, and leaves them in the storage with what was erased."""
    one, two = join("overtaking"), join("overtaken")
    for _ in range(3):
        one.ship(INSERT)

    def compact() -> None:
        with two.link.commit("upkeep") as rows:
            rows.execute(MERGE).fetchall()
            engine.order(f"SELECT pg_terminate_backend(pid) FROM ({HELD}) AS held")
            one.ship(SCRUB, has_erased=True)

    with pytest.raises(StoreError, match="compact"):
        compact()

    word = "overtaking-digest-1"
    left = facts(engine) - named(engine)
    assert left & with_word(engine, word)

    with closing(two.linked()) as again:
        assert upkeep(engine, again).do_if_due(0.0)
    assert engine.books("SELECT * FROM fleet.purges") == []
    assert with_word(engine, word) == set()
    assert facts(engine) == named(engine)
    kept = ["overtaking-digest-0"] * 3 + [None] * 3 + ["overtaking-digest-2"] * 3
    assert one.digests() == kept


def test_a_batch_that_erases_waits_for_who_writes_and_goes_through_after(
    engine: Fleet, join: Callable[[str], One], monkeypatch: pytest.MonkeyPatch
) -> None:
    """DuckLake would refuse it: the other's commit adds rows to the table in which it changes some."""
    monkeypatch.setattr(limits, "TURN_ALONE_S", 1)
    one, two = join("erasing"), join("adding")
    one.ship(INSERT)

    with two.shipping() as rows:
        rows.execute(INSERT, {"proxy": two.name})
        with pytest.raises(Occupied):
            one.ship(SCRUB, has_erased=True)
        assert None not in one.digests()

    one.ship(SCRUB, has_erased=True)
    assert one.digests() == ["erasing-digest-0", None, "erasing-digest-2"]
    assert len(two.digests()) == 3
    assert engine.books(HELD) == []


def test_an_erasure_is_not_done_while_somebody_writes_files_and_these_stay(
    engine: Fleet, join: Callable[[str], One], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TURN_ALONE_S", 1)
    one, two = join("writing"), join("waiting")
    caring = upkeep(engine, two.link)
    purges = "SELECT count(*) FROM fleet.purges WHERE proxy = 'waited-for'"

    with one.shipping() as rows:
        rows.execute(INSERT, {"proxy": one.name})
        engine.order("INSERT INTO fleet.purges (proxy) VALUES ('waited-for')")
        assert is_kept_waiting(caring, 0.0)
        assert one.link.ask("SHOW idle_session_timeout") == [(f"{WRITES_FOR_S // 60}min",)]
    assert one.link.ask("SHOW idle_session_timeout") == [("0",)]
    assert engine.books(purges) == [(1,)]
    assert len(one.digests()) == 3

    assert not is_kept_waiting(caring, PURGE_AGAIN_S)
    assert engine.books(purges) == [(0,)]
    assert len(one.digests()) == 3
    assert engine.books(HELD) == []


def test_a_ship_whose_lock_was_lost_is_refused_after_others_tidied_up_and_goes_through_again(
    engine: Fleet, join: Callable[[str], One]
) -> None:
    """Its files are gone by then: were it taken, the lake would name them, and no question have an answer."""
    one, two = join("cut-off"), join("tidying")
    engine.order("INSERT INTO fleet.purges (proxy) VALUES ('tidied')")

    def ship() -> None:
        with one.shipping() as rows:
            rows.execute(INSERT, {"proxy": one.name})
            (file,) = with_word(engine, "cut-off-digest-1")
            engine.order(f"SELECT pg_terminate_backend(pid) FROM ({HELD}) AS held")
            upkeep(engine, two.link).do_if_due(0.0)
            assert file not in facts(engine)

    with pytest.raises(StoreError, match="removed since this was begun"):
        ship()

    assert one.digests() == []
    one.link.close()
    one.link = one.linked()
    one.ship(INSERT)
    assert one.digests() == [f"cut-off-digest-{number}" for number in range(3)]


def test_a_compaction_whose_lock_was_lost_is_refused_and_no_row_is_lost(
    engine: Fleet, join: Callable[[str], One]
) -> None:
    one, two = join("compacting"), join("passing")
    for _ in range(2):
        two.ship(INSERT)

    def compact() -> None:
        with one.link.commit("upkeep") as rows:
            rows.execute(MERGE).fetchall()
            engine.order(f"SELECT pg_terminate_backend(pid) FROM ({HELD}) AS held")
            with two.link.alone():
                pass

    with pytest.raises(StoreError, match="removed since this was begun"):
        compact()

    assert len(two.digests()) == 6


def test_what_says_no_epoch_is_of_an_earlier_release_and_refused(
    join: Callable[[str], One],
) -> None:
    """Nothing says whether another removes its files just then."""
    one = join("elder")
    with pytest.raises(duckdb.Error, match="earlier release"):
        one.link.rows.execute(INSERT, {"proxy": one.name})
    assert one.digests() == []


def test_a_table_that_an_earlier_release_had_not_is_made_and_filled(
    join: Callable[[str], One],
) -> None:
    one = join("growing")
    one.ship(
        "INSERT INTO lake.exchanges (exchange, interaction, operation, status, response_bytes, "
        "purpose, proxy) VALUES ('x', 'v1_one', 'get', 200, 5, 'client', $proxy)"
    )
    with one.link.commit("tables") as rows:
        rows.execute("DROP TABLE lake.unread")

    make_tables(one.link)

    chosen = "SELECT exchange, how FROM lake.unread WHERE proxy = 'growing'"
    assert one.link.rows.execute(chosen).fetchall() == [("x", "read")]
