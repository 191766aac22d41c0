"""A fleet on one machine: engine, storage, links, and proxies that ship to them."""

from __future__ import annotations

import contextlib
import http.client
import importlib
import json
import os
import re
import signal
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.fleet.engine.link import attached
from proxy.fleet.naming import read_fleet
from tests.end_to_end.programs import children, look_until
from tests.end_to_end.stage import Emulator, Proxy
from tests.outside.fleet.networks import Ground, Place, ground
from tests.outside.fleet.servers import (
    BUCKET,
    KEY_ID,
    SECRET,
    PostgreSQL,
    Storage,
    packages,
    postgresql,
    storage,
)

KEY: Final = "AIza-fleet-key-0123456789"
EVERY_S: Final = 0.4


class Placed(Proxy):
    """A proxy where its place is: as on a machine of its own."""

    def __init__(self, place: Place, folder: Path, upstream: str, **settings: object) -> None:
        self._place = place
        super().__init__(folder, upstream, listen__address=place.address, **settings)

    def _start(self, port: int) -> None:
        with self._place.inside:
            super()._start(port)


@dataclass
class Member:
    """One proxy and its place."""

    name: str
    proxy: Proxy
    place: Place
    asked: list[str] = field(default_factory=list)
    """Ids of the interactions it created."""

    def create(self, text: str, **more: object) -> str:
        """One interaction through it; its id."""
        body = {"model": "gemini-3-flash-preview", "input": text, **more}
        told = self.send("POST", "/v1beta/interactions", body)
        self.asked.append(told["id"])
        return self.asked[-1]

    def send(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        connection = http.client.HTTPConnection(*self.proxy.address, timeout=90)
        try:
            headers = {"x-goog-api-key": KEY, "Content-Type": "application/json"}
            sent = None if body is None else json.dumps(body)
            connection.request(method, path, sent, headers)
            answer = connection.getresponse()
            told: dict[str, Any] = json.loads(answer.read() or b"{}")
            assert answer.status == 200, (answer.status, told)
        finally:
            connection.close()
        return told

    def shippers(self) -> list[int]:
        """Process id of the shipper."""
        return children(self.proxy.program.pid, "proxy.fleet")

    def lose_power(self) -> None:
        """All of its processes at once."""
        proxy = self.proxy
        found = [*proxy.gateways(), *proxy.recorders(), *proxy.stewards(), *self.shippers()]
        proxy.kill()
        for process in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process, signal.SIGKILL)

    def metrics(self) -> dict[str, float]:
        """What a scrape of it says of the fleet, asked where it is."""
        with (
            self.place.inside,
            urllib.request.urlopen(
                f"{self.proxy.program.announced['ops']}/metrics", timeout=60
            ) as answer,
        ):
            text = answer.read().decode()
        return {
            name: float(value)
            for name, value in re.findall(r"^(ixp_fleet_\w+) (\S+)$", text, re.MULTILINE)
        }

    def problem(self) -> str | None:
        """What its shipper says is wrong; None also while it has not said anything."""
        return self._note().get("problem")

    def warnings(self) -> list[str]:
        """What the proxy's log says of a shipper that did not get through."""
        log = self.proxy.program.log.read_text("utf-8", "replace")
        return [line for line in log.splitlines() if "the fleet does not follow" in line]

    def follows(self) -> bool | None:
        """Whether its shipper's last round got through; None: not, or not yet."""
        note = self._note()
        return True if note and note["problem"] is None else None

    def _note(self) -> dict[str, Any]:
        try:
            text = (self.proxy.data / "run" / "fleet.json").read_text("utf-8")
        except FileNotFoundError:
            return {}
        found: dict[str, Any] = json.loads(text)
        return found


class Fleet:
    """All of it."""

    def __init__(self, folder: Path, ground: Ground, catalog: PostgreSQL, objects: Storage) -> None:
        self.folder = folder
        self._ground = ground
        self.catalog = catalog
        self.objects = objects
        self.members: list[Member] = []
        self._stack = ExitStack()

    @cached_property
    def emulator(self) -> Emulator:
        """What its proxies pass on to. It listens on this ground's loopback."""
        folder = self.folder / "emulator"
        folder.mkdir()
        emulator = Emulator(folder)
        self._stack.callback(emulator.stop)
        return emulator

    def join(self, name: str, **settings: object) -> Member:
        """A further proxy, which has the fleet's fingerprint key."""
        upstream = self.emulator.url
        home = self.folder / name
        port = int(upstream.rpartition(":")[2])
        place = self._ground.place(port, self.catalog.port, self.objects.port)
        self._stack.callback(place.close)
        engine = self.engine_file(
            name,
            (place.to_catalog.host, place.to_catalog.port),
            (place.to_storage.host, place.to_storage.port),
            name,
        )
        keys = home / "data" / "keys"
        keys.mkdir(mode=0o700, parents=True)
        if self.members:
            key = self.members[0].proxy.data / "keys" / "fingerprint.key"
            (keys / "fingerprint.key").write_bytes(key.read_bytes())
        url = f"http://{place.upstream.host}:{place.upstream.port}"
        proxy = Placed(place, home, url, fleet__engine_file=engine, **settings)
        member = Member(name, proxy, place)
        self.members.append(member)
        self._stack.callback(proxy.stop)
        return member

    def engine_file(
        self,
        name: str,
        catalog: tuple[str, int],
        storage: tuple[str, int],
        file: str,
        who: tuple[str, str] = ("fleet", KEY_ID),
    ) -> Path:
        """What `fleet.engine_file` names. `who`: a role of the catalog, a key of the storage."""
        path = self.folder / f"{file}.toml"
        connection = f"host={catalog[0]} port={catalog[1]} user={who[0]} dbname=postgres"
        path.write_text(
            f'proxy = "{name}"\nevery_s = {EVERY_S}\n'
            f'[catalog]\nconnection = "{connection}"\n'
            f'[objects]\nendpoint = "http://{storage[0]}:{storage[1]}"\nbucket = "{BUCKET}"\n'
            f'prefix = "ours"\nkey_id = "{who[1]}"\nsecret = "{SECRET}"\n'
        )
        path.chmod(0o600)
        return path

    def reader(self, name: str = "reader", who: tuple[str, str] = ("fleet", KEY_ID)) -> Path:
        """A file of the engine for somebody who asks, from here."""
        catalog, objects = self.catalog, self.objects
        places = ((catalog.host, catalog.port), (objects.host, objects.port))
        return self.engine_file(name, *places, f"{name}-asks-as-{who[0]}", who)

    @contextmanager
    def rows(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """The lake as `lake`, for reading."""
        with contextlib.closing(attached(read_fleet(self.reader()), is_read_only=True)) as found:
            yield found

    def books(self, statement: str) -> list[tuple[Any, ...]]:
        """What the catalog itself says."""
        psycopg = importlib.import_module("psycopg")
        with psycopg.connect(self.catalog.connection, autocommit=True) as connection:
            found: list[tuple[Any, ...]] = connection.execute(statement).fetchall()
        return found

    def order(self, statements: str) -> None:
        """Have the catalog do this, as the role that owns it."""
        psycopg = importlib.import_module("psycopg")
        with psycopg.connect(self.catalog.connection, autocommit=True) as connection:
            connection.execute(statements)

    def shipped(self) -> None:
        """Return once the engine has all that the proxies recorded."""
        for member in self.members:
            member.proxy.flush()
            vault = member.proxy.status()["vault"]
            reached = (vault["file"], vault["offset"])
            look_until(
                lambda name=member.name, reached=reached: self._has(name, reached),  # type: ignore[misc]
                f"all of {member.name} in the engine: {member.proxy.program.log_tail()}",
            )

    def _has(self, name: str, reached: tuple[str, int]) -> bool | None:
        books = (
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'fleet' AND tablename = 'proxies'"
        )
        if self.books(books) == [(0,)]:  # an engine that is being made anew
            return None
        found = self.books(f"SELECT file, byte_offset FROM fleet.proxies WHERE proxy = '{name}'")
        return bool(found and found[0] >= reached) or None

    def close(self) -> None:
        self._stack.close()


@contextmanager
def fleet_in(folder: Path) -> Iterator[Fleet]:
    """Engine and storage, and no proxy yet."""
    with (
        packages(),
        ground() as where,
        postgresql(where.catalog_host) as catalog,
        storage(folder / "s3", where.storage_host) as objects,
    ):
        fleet = Fleet(folder, where, catalog, objects)
        try:
            yield fleet
        finally:
            fleet.close()
