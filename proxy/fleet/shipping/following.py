"""The shipper's rounds: link, position, batches, orders, upkeep; after a failure all anew, later and later."""

from __future__ import annotations

import contextlib
import json
import logging
import os
import secrets
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Final

from proxy.errors import FormatError, KeyDestroyed, StoreError
from proxy.fleet.engine.catalog import bring_up, position_of, put_back
from proxy.fleet.engine.link import Link
from proxy.fleet.engine.upkeep import Upkeep
from proxy.fleet.naming import Fleet, identity, mark_of
from proxy.fleet.shipping.heeding import Tell, heed
from proxy.fleet.shipping.rejoining import shared_position, without_known
from proxy.fleet.shipping.sealed import Sealed
from proxy.fleet.shipping.shipper import Shipper
from proxy.fleet.turns import Turns
from proxy.store.position import VaultPosition
from proxy.store.vault.reader import VaultReader

BATCH_EXCHANGES: Final = 5000
"""Of one commit of the engine: few large commits; so many small exchanges are some 50 MB of rows."""
BACK_OFF_LEAST_S: Final = 0.5
BACK_OFF_MOST_S: Final = 10.0
"""Doubling from the least: an engine that comes back has everything within a minute, whoever is away."""
STATUS: Final = "fleet.json"
"""In data/run: what `status` says of the shipper."""

_log = logging.getLogger("fleet")


@dataclass(frozen=True, slots=True)
class Status:
    """How far this proxy is in its fleet."""

    pid: int
    proxy: str
    exchanges: int = 0
    """Shipped since this process began."""
    file: str = ""
    offset: int = 0
    caught_up_at_ns: int = 0
    """When the last whole round began (shipped to the end, orders heeded, files in order), by the wall clock: now minus
    this is the lag, whoever died since."""
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Home:
    """What a shipper needs of its own proxy."""

    vault: Path
    run_folder: Path
    fingerprint: str
    """Of a fixed text, by this proxy's fingerprint key."""
    reader: VaultReader
    sealed: Sealed
    tell: Tell
    now_ns: Callable[[], int]
    """The wall clock."""


class Following:
    """`run` in one thread until `stop` is set."""

    def __init__(
        self,
        fleet: Fleet,
        home: Home,
        clock_ns: Callable[[], int],
        open_link: Callable[[Fleet], Link] = Link.open,
    ) -> None:
        """`clock_ns`: since the machine's boot, as the steward's (proxy/steward/disposal/turn.py)."""
        self._fleet = fleet
        self._home = home
        self._clock_ns = clock_ns
        self._open_link = open_link
        self._holder = f"{fleet.proxy}/{secrets.token_hex(4)}"
        self._link: Link | None = None
        self._shipper: Shipper | None = None
        self._upkeep: Upkeep | None = None
        self._turns: Turns | None = None
        since_ns = caught_up_before(home.run_folder, fleet.proxy) or home.now_ns()
        self.status = Status(os.getpid(), fleet.proxy, caught_up_at_ns=since_ns)

    def run(self, stop: threading.Event) -> None:
        """Round after round."""
        delay_s = 0.0
        while not stop.is_set():
            try:
                self.round(stop)
                delay_s = 0.0
            except (StoreError, OSError, FormatError, KeyDestroyed) as error:
                self._give_up(str(error))
                delay_s = min(max(2 * delay_s, BACK_OFF_LEAST_S), BACK_OFF_MOST_S)
            self._write_status()
            stop.wait(delay_s or self._fleet.every_s)
        self.close()

    def round(self, stop: threading.Event, *, is_shipping_alone: bool = False) -> None:
        """All that the vault has, what others ordered, and what the engine needs.

        Raises:
            StoreError, OSError: the engine, the storage or the recorder did not take it.
        """
        link, shipper = self._linked()
        began_ns = self._home.now_ns()
        position = self._position(link)
        for batch in self._home.reader.follow(position, BATCH_EXCHANGES):
            mark, proxy = mark_of(self._home.vault, batch.position), self._fleet.proxy
            count = shipper.ship(without_known(batch, link.rows, proxy), position, mark)
            position = batch.position
            self.status = replace(self.status, exchanges=self.status.exchanges + count)
            if stop.is_set():
                return
        self.status = replace(self.status, file=position.file, offset=position.offset)
        if not is_shipping_alone:
            assert self._turns is not None
            assert self._upkeep is not None
            self._turns.keep()
            heed(link, self._fleet.proxy, self._home.tell, self._clock_ns)
            self._upkeep.do_if_due(self._clock_ns() / 1e9)
            if self._upkeep.is_waiting:
                began_ns = self.status.caught_up_at_ns
        # Not before: who ships, but heeds no order or cannot purge, is behind, too.
        self.status = replace(self.status, caught_up_at_ns=began_ns, problem=None)

    def _position(self, link: Link) -> VaultPosition:
        """Behind which to go on: the engine's, or that up to which this vault is the one that was shipped."""
        vault, proxy = self._home.vault, self._fleet.proxy
        position, mark = position_of(link, proxy, identity(vault))
        if mark in {"", mark_of(vault, position)}:
            return position
        common = shared_position(self._home.reader, link.rows, proxy)
        put_back(link, proxy, position, (common, mark_of(vault, common)))
        _log.warning(
            "the vault was put back from an older backup, the fleet goes on from %s:%d instead of %s:%d",
            *(common.file, common.offset, position.file, position.offset),
        )
        return common

    def _linked(self) -> tuple[Link, Shipper]:
        if self._link is None or self._shipper is None:
            link = self._link = self._open_link(self._fleet)
            bring_up(link, self._fleet.proxy, self._home.fingerprint)
            self._shipper = Shipper(link, self._fleet.proxy, self._home.sealed)
            self._upkeep = Upkeep(link, self._holder, self._home.sealed.shelf.remove)
            self._turns = Turns(link, self._home.run_folder, self._holder, self._clock_ns)
        return self._link, self._shipper

    def _give_up(self, problem: str) -> None:
        problem = problem.partition("\n")[0]
        if self.status.problem != problem:
            _log.warning("the fleet does not follow: %s", problem)
        self.status = replace(self.status, problem=problem)
        self._write_status()  # before a link is closed that may not answer
        self.close()

    def close(self) -> None:
        """Give the link up; another round makes a new one."""
        link, self._link, self._shipper = self._link, None, None
        if link is not None:
            link.close()

    def _write_status(self) -> None:
        path = self._home.run_folder / STATUS
        unborn = path.with_name(path.name + ".unborn")
        with contextlib.suppress(OSError):  # a full disk is no reason to stop shipping
            unborn.write_text(json.dumps(asdict(self.status)), "utf-8")
            unborn.replace(path)


def caught_up_before(run_folder: Path, proxy: str) -> int | None:
    """What an earlier shipper of this proxy noted last: who begins anew is as far behind. None: it did not."""
    try:
        told = json.loads((run_folder / STATUS).read_text("utf-8"))
        return int(told["caught_up_at_ns"]) if told["proxy"] == proxy else None
    except (OSError, ValueError, KeyError, TypeError):
        return None
