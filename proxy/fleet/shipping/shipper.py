"""One batch to the engine: sealed content first, then rows, position, tombstones and orders in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import duckdb
import orjson

from proxy.errors import StoreError
from proxy.fleet.asking import views_over
from proxy.fleet.engine.catalog import OBJECT_COLUMNS, OBJECTS, arrow_table
from proxy.fleet.engine.link import Link
from proxy.fleet.shipping.sealed import Sealed, SealedObject
from proxy.fleet.shipping.staging import ACTOR, Staging, books_in
from proxy.recording.facts import ActFact
from proxy.store.erasing.scrubbing import DIGESTS, ERASED, erased_exchanges
from proxy.store.position import FactBatch, VaultPosition
from proxy.store.pricing.repricing import Repricing

_OF_THESE: Final = "proxy = $proxy AND exchange IN (SELECT unnest(string_split($exchanges, ',')))"


class Shipper:
    """Of one proxy, over one link; after a StoreError both are given up."""

    def __init__(self, link: Link, proxy: str, sealed: Sealed) -> None:
        """Raises StoreError."""
        self._link = link
        self._proxy = proxy
        self._sealed = sealed
        self._staging = Staging(link.rows, proxy)

    def ship(self, batch: FactBatch, since: VaultPosition, mark: str = "") -> int:
        """Have it in the engine, once; returns the count of exchanges.

        Args:
            batch: of the vault.
            since: the position of the engine, behind which the batch begins.
            mark: of the batch's position.

        Raises:
            StoreError: nothing of it is in the record, or all of it: ask for the position.
        """
        objects = self._sealed.put(batch.exchanges)
        self._staging.take(batch)
        self._price_again(batch)
        erased = erased_names(batch.acts)
        self._remove_objects(erased, objects)
        told = {
            "proxy": self._proxy,
            "from": [since.file, since.offset],
            "to": [batch.position.file, batch.position.offset],
            "mark": mark,
            "exchanges": len(batch.exchanges),
            "has_erased": bool(erased),
            "orders": orders_in(batch.acts),
        }
        with self._link.commit("ship", told, is_alone=bool(erased)) as rows:
            self._staging.send()
            self._send_objects(rows, objects)
            if erased:
                self._scrub(rows, erased)
        return len(batch.exchanges)

    def _price_again(self, batch: FactBatch) -> None:
        """What the lake has of this proxy, by the books of this batch; the batch itself was priced as it was staged."""
        acts = tuple(books_in(batch))
        if not acts:
            return
        try:
            with views_over(self._link.rows, self._proxy) as views:
                none = FactBatch((), (), acts, batch.position)
                for costs in Repricing(views).due(none):
                    self._staging.add_costs(costs)
        except duckdb.Error as error:
            raise StoreError(f"costs cannot be made anew for the fleet: {error}") from error

    def _remove_objects(self, erased: Sequence[str], new: Iterable[SealedObject]) -> None:
        """Before the rows that name them go: what fails in between is done again. `new` has no row yet."""
        if not erased:
            return
        statement = f"SELECT digest FROM lake.{OBJECTS} WHERE {_OF_THESE}"  # noqa: S608
        given = {"proxy": self._proxy, "exchanges": ",".join(erased)}
        try:
            found = self._link.rows.execute(statement, given).fetchall()
        except duckdb.Error as error:
            raise StoreError(f"the fleet's objects are not known: {error}") from error
        names = set(erased)
        digests = [each.digest for each in new if each.exchange in names]
        self._sealed.remove([*digests, *(digest for (digest,) in found)])

    def _send_objects(
        self, rows: duckdb.DuckDBPyConnection, objects: Sequence[SealedObject]
    ) -> None:
        if not objects:
            return
        rows.register("more_objects", arrow_table(OBJECT_COLUMNS, [each.row for each in objects]))
        names = ", ".join(column.name for column in OBJECT_COLUMNS)
        rows.execute(
            f"INSERT INTO lake.{OBJECTS} ({names}, proxy) SELECT {names}, ? FROM more_objects",  # noqa: S608
            [self._proxy],
        )

    def _scrub(self, rows: duckdb.DuckDBPyConnection, erased: Sequence[str]) -> None:
        """Digests of content leave the rows that were shipped before, and the objects their table."""
        given = {"proxy": self._proxy, "exchanges": ",".join(erased)}
        for table, columns in DIGESTS.items():
            nothing = ", ".join(f"{column} = NULL" for column in columns)
            something = " OR ".join(f"{column} IS NOT NULL" for column in columns)
            rows.execute(
                f"UPDATE lake.{table} SET {nothing} WHERE ({something}) AND {_OF_THESE}",  # noqa: S608
                given,
            )
        for table in ("repeats", OBJECTS):
            rows.execute(f"DELETE FROM lake.{table} WHERE {_OF_THESE}", given)  # noqa: S608


def erased_names(acts: Iterable[ActFact]) -> list[str]:
    """Exchanges whose keys these acts say are destroyed."""
    return [name for erased in erased_exchanges(acts) for name in erased.exchanges]


def orders_in(acts: Iterable[ActFact]) -> list[list[Any]]:
    """What these acts ask of the other proxies: [kind, act, interaction, what they need to know]."""
    found: list[list[Any]] = []
    for act in acts:
        if act.actor == ACTOR or act.act is None:
            continue
        told = orjson.loads(act.data) if act.data else {}
        if act.kind == ERASED:
            wide = {name: told[name] for name in ("reach", "quoted", "bypass") if name in told}
            how = orjson.dumps(wide).decode() if wide else None
            found += [["erase", act.act, name, how] for name in told.get("interactions", ())]
        elif act.kind == "hold" and act.interaction is not None:
            found.append(["hold", act.act, act.interaction, told.get("reach", "node")])
        elif act.kind == "release" and isinstance(told.get("hold"), str):
            found.append(["release", act.act, act.interaction, told["hold"]])
    return found
