from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from typing import Any

from proxy.errors import StoreError
from proxy.fleet.engine.catalog import make_tables
from proxy.fleet.naming import Fleet, Objects
from proxy.fleet.shipping.following import STATUS, Following, Home
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

    def _asked(self, statement: str, given: object) -> list[tuple[Any, ...]]:
        if "SELECT file" in statement:
            return [(*self.place, None)]
        if "FROM fleet.purges" in statement:
            return [(None,)]
        return super()._asked(statement, given)

    def _note(self, told: Mapping[str, Any]) -> None:
        assert told["from"] == list(self.place)
        type(self).place = (told["to"][0], told["to"][1])


def following(
    data: VaultFolder, engines: list[Engine | None], now_ns: int = 7_000_000_000
) -> Following:
    """`engines`: one for each attempt; None: it is away."""

    def open_link(_fleet: Fleet) -> Engine:
        engine = engines.pop(0)
        if engine is None:
            raise StoreError("the fleet's catalog does not answer")
        make_tables(engine.rows)
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
