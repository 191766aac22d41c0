"""The way into the engine: DuckDB with the lake attached, and the catalog's own connection.

PostgreSQL and S3 are reached by DuckDB's extensions, which come as wheels of exactly its version and are loaded from
where they lie: nothing is fetched at run time.
"""

from __future__ import annotations

import contextlib
import importlib
import importlib.util
import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.errors import StartRefused, StoreError
from proxy.fleet.naming import Fleet, Objects

EXTENSIONS: Final = ("httpfs", "postgres_scanner", "ducklake")
LAKE_SCHEMA: Final = "fleet_lake"
"""Of PostgreSQL: DuckLake's own tables. Ours are in the schema `fleet`."""
FACTS: Final = "facts"
"""In the storage: the lake's files."""
MEMORY_MIB: Final = 256
"""Of the shipper's DuckDB: a batch of 50,000 rows and the files being written."""
STORAGE_S: Final = 15
"""Longest for one answer of the storage: else a cut one is noticed after two minutes."""
_ALIVE: Final = "connect_timeout=10 keepalives_idle=10 keepalives_interval=5 tcp_user_timeout=20000"
"""A link that was cut without a word is noticed within seconds, not after the system's two hours."""
_ALIVE_THERE: Final = (
    "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3"
)
"""The same for the server: else a transaction of a proxy that lost its power keeps all others waiting for hours."""
INSTALL: Final = "pip install 'interactions-proxy[fleet]'"
WRITING: Final = 0x1F1EE8
"""Of PostgreSQL's advisory locks: with others by who writes files, alone by who erases and by who removes files that no
commit names."""
TURN_TO_WRITE_S: Final = 60
"""So long a writer waits for who is alone; then it says so, and tries again."""
TURN_ALONE_S: Final = 20
"""So long who wants to be alone waits for writers, and those that come later wait behind: a batch takes less."""
WRITES_FOR_S: Final = 900
"""Longer than any of it takes. Of a writer that says nothing for so long (stopped, not dead) the catalog ends the session."""
ALONE_FOR_S: Final = 120
"""The same of who is alone, while all others wait: a batch, or a list of a million files, takes less. A batch that takes
longer goes on without its lock: DuckLake may refuse it, and it is sent again."""
_TURN_SQL: Final = "SELECT set_config('lock_timeout', %s, false)"
_EPOCH_SQL: Final = """
    SELECT name::text, set_config('idle_session_timeout', %s, false)
    FROM fleet.epoch
"""
_NEW_EPOCH_SQL: Final = """
    UPDATE fleet.epoch SET name = gen_random_uuid()
    RETURNING set_config('idle_session_timeout', %s, false)
"""
_OVER_SQL: Final = (
    "SELECT pg_advisory_unlock{how}(%s), set_config('idle_session_timeout', NULL, false)"
)
NOTHING: Final[Mapping[str, object]] = {}


class Occupied(StoreError):
    """A lock of the catalog was not free within its time; the link is as good as before."""


class Link:
    """One thread's. After a StoreError it is closed, and another one opened."""

    def __init__(self, rows: duckdb.DuckDBPyConnection, books: Any) -> None:
        """`books`: the catalog, psycopg's connection in autocommit; None where it is not needed."""
        self.rows = rows
        self._books = books

    @classmethod
    def open(cls, fleet: Fleet) -> Link:
        """For writing.

        Raises:
            StartRefused: the extra is not installed.
            StoreError: the engine is not there.
        """
        psycopg = required("psycopg")
        _prepare(fleet)
        try:
            books = psycopg.connect(f"{_ALIVE} {fleet.connection}", autocommit=True)
        except psycopg.Error as error:
            raise StoreError(f"the fleet's catalog does not answer: {error}") from error
        try:
            books.execute(f"CREATE SCHEMA IF NOT EXISTS {LAKE_SCHEMA}")
            return cls(attached(fleet, is_read_only=False), books)
        except psycopg.Error as error:
            books.close()
            raise StoreError(f"the fleet's catalog refuses: {error}") from error
        except StoreError:
            books.close()
            raise

    def close(self) -> None:
        """Give both up, whatever state they are in."""
        with contextlib.suppress(duckdb.Error):
            self.rows.close()
        if self._books is not None:
            self._books.close()

    def ask(self, statement: str, *given: object) -> list[tuple[Any, ...]]:
        """Of the catalog: `%s` stands for each value. Its rows; none, if it gives none.

        Raises:
            StoreError: it refused, or is gone.
        """
        return self._asked(statement, given or None)

    def ask_named(self, statement: str, given: Mapping[str, object]) -> list[tuple[Any, ...]]:
        """The same with values by name: `%(name)s`. Raises StoreError."""
        return self._asked(statement, given)

    def _asked(self, statement: str, given: object) -> list[tuple[Any, ...]]:
        psycopg = required("psycopg")
        try:
            done = self._books.execute(statement, given)
            return done.fetchall() if done.description else []
        except psycopg.errors.LockNotAvailable as error:
            raise Occupied(f"the fleet's catalog is busy: {error}") from error
        except psycopg.Error as error:
            raise StoreError(f"the fleet's catalog refused: {error}") from error

    @contextmanager
    def commit(
        self, author: str, told: Mapping[str, object] = NOTHING, *, is_alone: bool = False
    ) -> Iterator[duckdb.DuckDBPyConnection]:
        """One transaction of the lake: all that writes files does it here.

        The lock says to who removes files that these are being written. It goes with the catalog's session, which may
        end while DuckDB's own goes on: so the commit says also in which epoch it began, and is refused in a later one.

        Args:
            author: `ship`, where the fence is to move a position.
            told: what the fence in the catalog goes by (catalog.py).
            is_alone: nobody else writes meanwhile. DuckLake refuses who changes rows of a table if another commit
                added some since it began: in a busy fleet, always.

        Raises:
            Occupied: no turn came. StoreError: nothing of it was kept.
        """
        how, turn_s, lasts_s = (
            ("", TURN_ALONE_S, ALONE_FOR_S)
            if is_alone
            else ("_shared", TURN_TO_WRITE_S, WRITES_FOR_S)
        )
        self._lock(how, turn_s)
        try:
            ((epoch, _),) = self.ask(_EPOCH_SQL, f"{lasts_s}s")
            self.rows.begin()
            yield self.rows
            self._note(author, {**told, "epoch": epoch})
            self.rows.commit()
        except duckdb.Error as error:
            raise StoreError(f"the fleet's engine took nothing: {_reason(error)}") from error
        finally:
            with contextlib.suppress(StoreError):  # the lock went with the session
                self._unlock(how)

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody writes meanwhile, and what was begun before is refused from now on.

        Files found meanwhile that no commit names belong to nobody for good, if this ends without an error.

        Raises:
            Occupied: somebody wrote for TURN_ALONE_S.
            StoreError: the catalog does not answer, or it ended the session while others waited.
        """
        self._lock("", TURN_ALONE_S)
        try:
            self.ask(_NEW_EPOCH_SQL, f"{ALONE_FOR_S}s")
            yield
        except StoreError:
            with contextlib.suppress(StoreError):
                self._unlock("")
            raise
        self._unlock("")  # raises where the session ended: others may have written since

    def _lock(self, how: str, within_s: int) -> None:
        self.ask(_TURN_SQL, f"{within_s}s")
        self.ask(f"SELECT pg_advisory_lock{how}(%s)", WRITING)

    def _unlock(self, how: str) -> None:
        self.ask(_OVER_SQL.format(how=how), WRITING)

    def _note(self, author: str, told: Mapping[str, object]) -> None:
        self.rows.execute(
            "CALL lake.set_commit_message(?, '', extra_info => ?)", [author, json.dumps(told)]
        )


def _prepare(fleet: Fleet) -> None:
    """What each connection of this process to the catalog takes from the environment: DuckDB's own, too."""
    os.environ["PGPASSWORD"] = fleet.password  # in a connection's text it would stand in errors
    os.environ.setdefault("PGOPTIONS", _ALIVE_THERE)


def books_of(fleet: Fleet, statement: str, *given: object) -> list[tuple[Any, ...]]:
    """The rows of one question to the catalog, for who only reads.

    Raises:
        StartRefused: the extra is not installed.
        StoreError: it does not answer, or refuses.
    """
    psycopg = required("psycopg")
    _prepare(fleet)
    try:
        with psycopg.connect(f"{_ALIVE} {fleet.connection}", autocommit=True) as books:
            found: list[tuple[Any, ...]] = books.execute(statement, given).fetchall()
    except psycopg.Error as error:
        raise StoreError(f"the fleet's catalog does not answer: {_first_line(error)}") from error
    return found


def attached(
    fleet: Fleet, *, is_read_only: bool, memory_mib: int = MEMORY_MIB
) -> duckdb.DuckDBPyConnection:
    """DuckDB with the lake attached as `lake`.

    Raises:
        StartRefused: the extra is not installed.
        StoreError: the engine is not there.
    """
    _prepare(fleet)
    rows = duckdb.connect(
        config={
            "memory_limit": f"{memory_mib}MiB",
            "threads": 1 if not is_read_only else os.cpu_count() or 1,
            "temp_directory": "",
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "python_enable_replacements": False,
        }
    )
    try:
        for name in EXTENSIONS:
            rows.execute(f"LOAD '{_quoted(str(extension_file(name)))}'")
        reach(rows, fleet.objects)
        how = "READ_ONLY" if is_read_only else "DATA_INLINING_ROW_LIMIT 0"
        data = f"s3://{fleet.objects.bucket}/{fleet.objects.place(FACTS)}/"
        rows.execute(
            f"ATTACH 'ducklake:postgres:{_quoted(f'{_ALIVE} {fleet.connection}')}' AS lake "
            f"(DATA_PATH '{_quoted(data)}', META_SCHEMA '{LAKE_SCHEMA}', {how})"
        )
    except duckdb.Error as error:
        rows.close()
        raise StoreError(f"the fleet's engine does not answer: {_first_line(error)}") from error
    except StartRefused:
        rows.close()
        raise
    return rows


def extension_file(name: str) -> Path:
    """Where a wheel put the extension of this very DuckDB.

    Raises:
        StartRefused: there is none.
    """
    found = importlib.util.find_spec(f"duckdb_extension_{name}")
    for folder in (found.submodule_search_locations or ()) if found else ():
        path = Path(folder) / "extensions" / f"v{duckdb.__version__}" / f"{name}.duckdb_extension"
        if path.is_file():
            return path
    raise StartRefused(f"DuckDB {duckdb.__version__} has no extension {name} here: {INSTALL}")


def required(name: str) -> Any:
    """A module of the extra.

    Raises:
        StartRefused: it is not installed.
    """
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise StartRefused(f"the fleet needs {name}: {INSTALL}") from error


def reach(rows: duckdb.DuckDBPyConnection, objects: Objects) -> None:
    """Have DuckDB read and write the storage; needs httpfs. Raises duckdb.Error."""
    # One of httpfs's two ways to the web takes any certificate unless told not to.
    rows.execute("SET enable_server_cert_verification = true")
    rows.execute(f"SET http_timeout = {STORAGE_S}")
    rows.execute("SET http_retries = 1")  # a round that fails is tried again as a whole
    if objects.ca_file:
        rows.execute(f"SET ca_cert_file = '{_quoted(objects.ca_file)}'")
    rows.execute(_secret(objects))


def _secret(objects: Objects) -> str:
    return (
        f"CREATE SECRET objects (TYPE s3, KEY_ID '{_quoted(objects.key_id)}', "
        f"SECRET '{_quoted(objects.secret)}', ENDPOINT '{_quoted(objects.host)}', URL_STYLE 'path', "
        f"USE_SSL {objects.is_secure}, REGION '{_quoted(objects.region)}')"
    )


def _quoted(text: str) -> str:
    return text.replace("'", "''")


def _reason(error: duckdb.Error) -> str:
    """One line, without the statement that PostgreSQL refused: it names values of columns."""
    text, failed, rest = str(error).partition("Failed to execute query")
    if failed:  # in quotes, and behind it why
        text = rest.rpartition('": ')[2].partition("\n")[0].removeprefix("ERROR:")
    return " ".join(text.split())


def _first_line(error: Exception) -> str:
    return str(error).partition("\n")[0]
