from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Mapping
from typing import Any

import pytest

from proxy.errors import StoreError
from proxy.fleet.engine.catalog import make_tables
from proxy.fleet.engine.upkeep import Upkeep
from proxy.fleet.naming import Fleet, Objects, mark_of
from proxy.fleet.shipping.following import STATUS, Following, Home
from proxy.recorder.erasing.telling import Telling
from proxy.store.erasing.tombstones import Erasure
from proxy.store.position import VaultPosition
from tests.fleet.shipping.shelves import Shelf, sealed
from tests.fleet.standin import StandIn
from tests.store.vault.built import CURSORS, VaultFolder, append

OBJECTS = Objects(
    "127.0.0.1:1", is_secure=False, bucket="b", prefix="", region="", key_id="", secret=""
)
FLEET = Fleet("eu-1", "host=db", "", OBJECTS, every_s=0.001)


class Engine(StandIn):
    """Its catalog keeps the position, as the fence does."""

    place: tuple[str, int] = ("", 0)
    mark: str = ""

    def _asked(self, statement: str, given: object) -> list[tuple[Any, ...]]:
        if "SELECT file" in statement:
            return [(*self.place, self.mark, None)]
        if "SET file" in statement:
            assert isinstance(given, tuple)
            *place, type(self).mark, _, file, offset = given
            assert (file, offset) == self.place
            type(self).place = (place[0], place[1])
            return [("eu-1",)]
        return super()._asked(statement, given)

    def _note(self, author: str, told: Mapping[str, Any]) -> None:
        if author != "ship":
            return
        assert told["from"] == list(self.place)
        type(self).place = (told["to"][0], told["to"][1])
        type(self).mark = told["mark"]


def following(
    data: VaultFolder, engines: list[Engine | None], now_ns: int = 7_000_000_000
) -> Following:
    """`engines`: one for each attempt; None: it is away."""

    def open_link(_fleet: Fleet) -> Engine:
        engine = engines.pop(0)
        if engine is None:
            raise StoreError("the fleet's catalog does not answer")
        make_tables(engine)
        return engine

    home = Home(
        vault=data.folder / "vault",
        run_folder=data.folder,
        fingerprint="0123",
        reader=data.reader(),
        sealed=sealed(data, Shelf()),
        tell=lambda _path, _told: 200,
        now_ns=lambda: now_ns,
    )
    return Following(FLEET, home, lambda: 5_000_000_000, open_link)


def test_rounds_ship_what_came_in_between_once(data: VaultFolder) -> None:
    class Fresh(Engine):
        pass

    engine, vault = Fresh(), data.open()
    shipping = following(data, [engine])
    for sequence in (1, 2, 3):
        append(vault, sequence)
        vault.commit(CURSORS)
        shipping.round(threading.Event())

    shipping.round(threading.Event())

    assert engine.lake("SELECT count(*), count(DISTINCT exchange) FROM lake.exchanges") == [(3, 3)]
    assert shipping.status.exchanges == 3


def test_an_engine_that_is_away_is_told_and_asked_again(data: VaultFolder) -> None:
    class Late(Engine):
        pass

    engine, vault, stop = Late(), data.open(), threading.Event()
    append(vault, 1)
    vault.commit(CURSORS)
    shipping = following(data, [None, engine])
    said: list[dict[str, Any]] = []

    class Watched(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            said.append(json.loads((data.folder / STATUS).read_text()))
            if len(said) == 2:
                self.set()
            assert timeout is not None
            return self.is_set()

    stop = Watched()
    shipping.run(stop)

    assert [one["problem"] for one in said] == ["the fleet's catalog does not answer", None]
    assert said[-1]["exchanges"] == 1


def test_who_follows_a_shipper_that_died_is_as_far_behind(data: VaultFolder) -> None:
    """Else one that dies again and again would never be late."""

    class Fresh(Engine):
        pass

    data.open()
    following(data, [None], now_ns=7).run(Once())

    died = following(data, [None], now_ns=900)
    assert died.status.caught_up_at_ns == 7
    follower = following(data, [Fresh()], now_ns=900)
    follower.round(threading.Event())

    assert follower.status.caught_up_at_ns == 900


def test_a_vault_put_back_from_an_older_backup_goes_on_and_nothing_is_lost_or_doubled(
    data: VaultFolder,
) -> None:
    """Where the engine has it shipped up to, the vault says something else by then, or nothing yet."""

    class Fresh(Engine):
        pass

    engine, vault = Fresh(), data.open()
    shipping = following(data, [engine])

    def record(*sequences: int) -> None:
        for sequence in sequences:
            append(vault, sequence)
            vault.commit(CURSORS)

    record(1, 2)
    shipping.round(threading.Event())
    shutil.copytree(data.folder / "vault", data.folder / "backup")
    record(3, 4)
    shipping.round(threading.Event())

    for statement in ("USE memory", "DETACH facts"):  # what a connection of its own would not have
        engine.rows.execute(statement)
    shutil.rmtree(data.folder / "vault")
    (data.folder / "backup").rename(data.folder / "vault")
    data.clock_ns += 1_000_000_000
    vault = data.open()
    shipping = following(data, [engine])
    shipping.round(threading.Event())
    record(5, 6, 7)
    shipping.round(threading.Event())

    found = engine.lake("SELECT exchange FROM lake.exchanges ORDER BY sequence")
    assert [int(name.rpartition("-")[2]) for (name,) in found] == [1, 2, 3, 4, 5, 6, 7]
    assert mark_of(data.folder / "vault", VaultPosition(*engine.place)) == engine.mark


def test_an_erasure_that_a_vault_put_back_is_told_of_again_is_in_the_lake_once_after_a_restart(
    data: VaultFolder,
) -> None:
    """The catalog knows the new position by then: nothing there says that the vault was put back."""

    class Fresh(Engine):
        pass

    engine, vault = Fresh(), data.open()
    erasure = Erasure("e" * 32, 5, ("v1_one",), ("x-1",), "they asked", "ann", deferred=("v1_two",))

    def told(now_ns: int, seen: tuple[int, int] | None) -> None:
        telling = Telling(lambda: now_ns)
        for act in telling.begun(erasure) + telling.ended(erasure, (), seen):
            vault.append_act(act)
        vault.commit(CURSORS)

    def restarted() -> Following:
        for statement in ("USE memory", "DETACH facts"):
            engine.rows.execute(statement)
        return following(data, [engine])

    shipping = following(data, [engine])
    append(vault, 1)
    vault.commit(CURSORS)
    shipping.round(threading.Event())
    shutil.copytree(data.folder / "vault", data.folder / "backup")
    told(7, (1, 2))
    shipping.round(threading.Event())

    shutil.rmtree(data.folder / "vault")
    (data.folder / "backup").rename(data.folder / "vault")
    data.clock_ns += 1_000_000_000
    vault = data.open()
    restarted().round(threading.Event())
    told(8, None)
    restarted().round(threading.Event())

    kinds = [kind for (kind,) in engine.lake("SELECT kind FROM lake.acts ORDER BY kind")]
    assert kinds == ["erased", "erased", "erasure", "erasure"]


@pytest.mark.parametrize("failing", ["FROM fleet.orders", "FROM fleet.purges"])
def test_who_ships_and_then_fails_is_behind(data: VaultFolder, failing: str) -> None:
    """Else an order that nobody heeds, or files that nobody purges, would alarm nobody."""

    class Refusing(Engine):
        def _asked(self, statement: str, given: object) -> list[tuple[Any, ...]]:
            if failing in statement:
                raise StoreError("permission denied")
            return super()._asked(statement, given)

    engine, vault = Refusing(), data.open()
    following(data, [None], now_ns=7).run(Once())
    append(vault, 1)
    vault.commit(CURSORS)

    shipping = following(data, [engine], now_ns=900)
    shipping.run(Once())

    assert engine.place != ("", 0), "what was recorded is there all the same"
    assert (shipping.status.caught_up_at_ns, shipping.status.problem) == (7, "permission denied")


def test_who_cannot_end_a_purge_is_behind_and_ships_on(
    data: VaultFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Somebody else writes all the time, or is stopped: that lasts no longer than his session."""

    class Fresh(Engine):
        pass

    monkeypatch.setattr(Upkeep, "do_if_due", lambda *_: False)
    monkeypatch.setattr(Upkeep, "is_waiting", True)
    engine, vault = Fresh(), data.open()
    following(data, [None], now_ns=7).run(Once())
    append(vault, 1)
    vault.commit(CURSORS)

    shipping = following(data, [engine], now_ns=900)
    shipping.run(Once())

    assert engine.place != ("", 0)
    assert (shipping.status.caught_up_at_ns, shipping.status.problem) == (7, None)


class Once(threading.Event):
    """Ends a run after its first round."""

    def wait(self, timeout: float | None = None) -> bool:
        assert timeout is not None
        self.set()
        return True


def test_a_note_that_cannot_be_written_stops_no_shipping(data: VaultFolder) -> None:
    class Fresh(Engine):
        pass

    engine, vault = Fresh(), data.open()
    append(vault, 1)
    vault.commit(CURSORS)
    (data.folder / f"{STATUS}.unborn").mkdir()

    following(data, [engine]).run(Once())

    assert engine.place != ("", 0)
