"""The stage for a play: an emulator, a proxy before it, and ways to ask what was recorded."""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import duckdb

from proxy.config.catalogue import Settings
from proxy.config.load import load_resolved
from proxy.journal.keys import MasterKey
from proxy.journal.slots import Keystore
from proxy.store.copying import remove_tables
from proxy.store.vault.keys import FactsKeys
from proxy.store.vault.reader import VaultReader
from tests import ready_tables
from tests.end_to_end.programs import Program, children, look_until, runs

Row = tuple[Any, ...]

SETTLED = {
    *("touched", "touched_copies", "unsettled", "settled", "settled_by", "settled_copies"),
    *("settled_costs", "settled_cost_lines", "settled_tool_steps"),
}
"""What views say, kept as rows; which of them are kept at a moment depends on the moment."""
VIEWS = ("interactions", "cost_lines", "copies")
"""What those tables are for: these are the same at any moment."""
TABLES = (
    *("vault_position", "exchanges", "observations", "steps", "usage"),
    *("events", "media", "problems", "unknowns", "gaps", "acts"),
)
"""Base tables that must be there; `tables` takes any further ones, too."""

PATIENT_MS = 30_000
"""For the disk, unless a test says otherwise: a 503 because the machine is busy with other tests
would be lawful, and is not what these tests are about."""

ANSWER_WITHIN_S = 90
"""More than the minute after which the recorder says by itself that it is late (504)."""
FLUSHES_MAX = 60
"""A recorder that was killed a hundred times, or that a million requests came for, has hundreds of MB of
journals to catch up with."""


class RecorderSocket(http.client.HTTPConnection):
    """HTTP to the recorder's Unix socket."""

    def __init__(self, path: Path) -> None:
        super().__init__("recorder", timeout=ANSWER_WITHIN_S)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(str(self._path))


class Emulator:
    """A running emulator with its ledger."""

    def __init__(self, folder: Path, *arguments: str, seed: int = 7) -> None:
        self._ledger = folder / "ledger.jsonl"
        self.program = Program(
            "emulator",
            folder / "logs",
            *("proxy.emulator", "--host", "127.0.0.1", "--port", "0"),
            *("--ledger", str(self._ledger), "--seed", str(seed), *arguments),
        )
        self.url: str = self.program.announced["url"]

    def ledger(self, event: str = "answered") -> list[dict[str, Any]]:
        """The lines of one kind, in the order of the requests' numbers."""
        whole = self._ledger.read_bytes().split(b"\n")[:-1]
        lines = [json.loads(line) for line in whole]
        return sorted((line for line in lines if line["event"] == event), key=lambda one: one["n"])

    def stop(self) -> None:
        self.program.stop()


class Proxy:
    """A running `interactions-proxy serve`."""

    def __init__(self, folder: Path, upstream: str, **settings: object) -> None:
        self.data = folder / "data"
        self.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        ready_tables.lay(self.data / "facts.duckdb")
        self._logs = folder / "logs"
        free: dict[str, object] = {"ops__port": 0, "admin__port": 0}
        settings = {"journal__intent_deadline_ms": PATIENT_MS, **free} | settings
        given = [f"--set={name.replace('__', '.')}={value}" for name, value in settings.items()]
        self._arguments = ("--data", str(self.data), "--upstream", upstream, *given)
        self._was_killed = False
        self._orphans: list[tuple[int, str]] = []
        self._start(0)

    def _start(self, port: int) -> None:
        serve = ("proxy", "serve", "--json", "--port", str(port))
        self.program = Program("proxy", self._logs, *serve, *self._arguments)
        self.url: str = self.program.announced["url"]

    @property
    def address(self) -> tuple[str, int]:
        host, _, port = self.url.removeprefix("http://").rpartition(":")
        return host, int(port)

    def gateways(self) -> list[int]:
        """Process ids of the living workers."""
        return children(self.program.pid, "proxy.gateway")

    def recorders(self) -> list[int]:
        """Process id of the recorder; none or, while a new one starts, one that is not ready."""
        return children(self.program.pid, "proxy.recorder")

    def stewards(self) -> list[int]:
        """Process id of the steward, if there is one."""
        return children(self.program.pid, "proxy.steward")

    def flush(self) -> None:
        """Return once everything recorded so far is visible in SQL."""
        self._patiently("/flush")

    def status(self) -> dict[str, Any]:
        return self._ask("GET", "/status")

    def query(self, name: str, **parameters: object) -> list[list[Any]]:
        """Rows of a shipped query over everything recorded so far; spares the copy that `rows` makes."""
        self.flush()
        asked = {"name": name, "parameters": parameters}
        found: list[list[Any]] = self._ask("POST", "/query", asked)["rows"]
        return found

    def rows(self, sql: str) -> list[Row]:
        """What one statement says of everything recorded so far."""
        (rows,) = self.answers(sql)
        return rows

    def answers(self, *statements: str) -> list[list[Row]]:
        """What each says of everything recorded so far: one copy of the tables for all of them."""
        snapshot = Path(self._patiently("/snapshot")["path"])
        try:
            with duckdb.connect(str(snapshot), read_only=True) as database:
                return [database.execute(sql).fetchall() for sql in statements]
        finally:
            remove_tables(snapshot)

    def _patiently(self, path: str) -> dict[str, Any]:
        """A recorder that has much to do, or writes its tables anew, says that it is late: it is asked again."""
        late: list[object] = []
        while len(late) < FLUSHES_MAX:
            told = self._ask("POST", path)
            if "late" not in told:
                return told
            late.append(told["late"])
        raise AssertionError(f"late {FLUSHES_MAX} times, at last {late[-1]}: {self.status()}")

    def vault(self) -> VaultReader:
        """Opens sealed records, with the keys of this data folder."""
        return open_vault(self.data)

    def stop(self) -> None:
        """End in good order.

        Raises:
            AssertionError: something had to be killed, or ended with an error.
        """
        code = self.program.stop()
        is_good = code == 0 or self._was_killed
        assert is_good, f"exit code {code}: {self.program.log_tail()}"

    def kill(self) -> None:
        """End the supervisor at once; its children are on their own."""
        self._was_killed = True
        self._orphans = [(pid, "proxy.gateway") for pid in self.gateways()]
        self._orphans += [(pid, "proxy.recorder") for pid in self.recorders()]
        self._orphans += [(pid, "proxy.steward") for pid in self.stewards()]
        self.program.kill()

    def start_again(self) -> None:
        """After `kill`: on the same port, once the children have ended by themselves."""
        self.program.stop()
        for (
            orphan
        ) in self._orphans:  # each has its time: the recorder may have much to catch up with
            look_until(partial(_has_ended, orphan), f"the end of {orphan}")
        self._start(self.address[1])
        self._was_killed = False

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        return look_until(lambda: self._asked_once(method, path, body), f"the recorder's {path}")

    def _asked_once(self, method: str, path: str, body: object) -> dict[str, Any] | None:
        """None while no recorder answers: it may have been killed and not be back yet."""
        connection = RecorderSocket(self.data / "run" / "recorder.sock")
        try:
            connection.request(method, path, None if body is None else json.dumps(body))
            response = connection.getresponse()
            told = response.read()
        except (ConnectionError, FileNotFoundError, http.client.HTTPException):
            return None
        finally:
            connection.close()
        if response.status == 504:
            return {"late": told}
        assert response.status == 200, f"{method} {path}: {response.status} {told!r}"
        answer: dict[str, Any] = json.loads(told or b"{}")
        return answer


def _has_ended(orphan: tuple[int, str]) -> bool | None:
    return None if runs(*orphan) else True


@dataclass
class Stage:
    """Emulator and proxy, ready."""

    folder: Path
    emulator: Emulator
    proxy: Proxy

    @classmethod
    def set_up(cls, folder: Path, *emulator: str, **settings: object) -> Stage:
        """`emulator`: its options. `settings`: of the proxy, dots written as two underscores."""
        folder.mkdir(parents=True, exist_ok=True)
        started = Emulator(folder, *emulator)
        try:
            return cls(folder, started, Proxy(folder, started.url, **settings))
        except BaseException:
            started.stop()
            raise

    def stop(self) -> None:
        try:
            self.proxy.stop()
        finally:
            self.emulator.stop()

    def logs(self) -> str:
        """Shown by pytest when a test fails."""
        named = (
            f"--- {log.name}\n{log.read_text('utf-8', 'replace')[-6000:]}"
            for log in sorted((self.folder / "logs").glob("*.err"))
        )
        return "\n".join(named)


def ask(file: Path, sql: str) -> list[Row]:
    """Rows of a DuckDB file that nobody has open."""
    with duckdb.connect(str(file), read_only=True) as database:
        return database.execute(sql).fetchall()


def tables(data: Path) -> dict[str, list[str]]:
    """All rows of all tables of a stopped proxy, as sorted texts: two files hold the same if equal."""
    file = data / "facts.duckdb"
    named = {str(name) for (name,) in ask(file, "SELECT table_name FROM duckdb_tables()")}
    assert named >= set(TABLES), named
    return {
        name: sorted(map(repr, ask(file, f"FROM {name}"))) for name in sorted(named - SETTLED)
    } | {name: sorted(map(repr, ask(file, f"FROM {name}"))) for name in VIEWS}


def open_vault(data: Path) -> VaultReader:
    """Opens sealed records of a data folder."""
    settings: Settings = load_resolved(data / "run" / "settings.json")
    master = MasterKey.load_or_create(settings.master_key_file)
    keystore = Keystore(data / "keys" / "slots", master)
    return VaultReader(data / "vault", keystore, FactsKeys(data / "keys" / "facts", master))
