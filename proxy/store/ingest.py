"""Fact batches into DuckDB tables, by columns: dataclasses to Arrow arrays to INSERT.

Measured 2026-11-22 with 1,000 rows of `steps` (24 columns, one file-backed transaction, DuckDB
1.5.5): arro3 8 to 11 CPU us a row cold and 4 to 6 warm, nanoarrow 11.8, list parameters with
unnest 3,100. Building the columns costs 2 of them, DuckDB's insert and WAL the rest.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from operator import attrgetter
from typing import Any, Final

import duckdb
from arro3.core import Array, DataType, Field, Schema, Table

from proxy.recording.facts import (
    ActFact,
    CostFact,
    EventFact,
    ExchangeFact,
    GapFact,
    MediaFact,
    ObservationFact,
    ProblemFact,
    Recording,
    StepFact,
    UnknownFact,
    UsageFact,
)
from proxy.store.erasing.scrubbing import erased_exchanges, scrub_tables
from proxy.store.position import CommittedFacts, FactBatch
from proxy.store.pricing.repricing import Repricing

COLUMN_NAMES: Final = {"at": "seen_at", "where": "place"}
"""Fields whose own names SQL keeps for itself."""
REF_COLUMNS: Final = {
    "exchanges": "raw_ref",
    "observations": "about_ref",
    "steps": "content_ref",
    "media": "content_ref",
}
"""Tables with a reference into the vault behind the fields of their dataclass."""
TABLES: Final[dict[str, type]] = {
    "exchanges": ExchangeFact,
    "observations": ObservationFact,
    "steps": StepFact,
    "usage": UsageFact,
    "events": EventFact,
    "media": MediaFact,
    "problems": ProblemFact,
    "unknowns": UnknownFact,
    "costs": CostFact,
    "gaps": GapFact,
    "acts": ActFact,
}

REPEATED: Final = frozenset({"model_output", "function_call"})
"""Types of steps that only an answer brings: in a question they repeat one."""
_REPEATS_SQL: Final = """
    PREPARE insert_repeats AS INSERT INTO repeats
    SELECT exchange, interaction, seen_at, step_index,
        md5_number_lower(unnest(string_split(mac, ','))),
        unnest(range(len(string_split(mac, ',')))) = 1
    FROM (
        SELECT exchange, interaction, make_timestamp_ns(seen_at)::TIMESTAMP AS seen_at, step_index,
            unnest([chain_mac, step_mac]) AS mac
        FROM inlet_steps
        WHERE side = 'input' AND type IN ('model_output', 'function_call')
    )
    WHERE mac IS NOT NULL
"""
_UNREAD_SQL: Final = """
    PREPARE insert_unread AS INSERT INTO unread
    SELECT exchange, interaction, ('0x' || substr(sha256(interaction), 1, 16))::UBIGINT,
        CASE operation WHEN 'resume' THEN 'resumed' ELSE 'read' END
    FROM inlet_exchanges
    WHERE operation IN ('get', 'resume', 'cancel', 'delete') AND interaction IS NOT NULL
        AND status BETWEEN 200 AND 299 AND response_bytes > 0 AND purpose != 'verify'
        AND exchange NOT IN (SELECT inlet_observations.exchange FROM inlet_observations)
"""
_MENTIONS_SQL: Final = """
    PREPARE insert_mentions AS INSERT INTO mentions
    SELECT ('0x' || substr(sha256(interaction), 1, 16))::UBIGINT, exchange, interaction
    FROM inlet_exchanges
    WHERE interaction IS NOT NULL AND (exchange, interaction) NOT IN (
        SELECT (inlet_observations.exchange, inlet_observations.interaction) FROM inlet_observations
    )
"""

_LEAST: Final = {"BIGINT": -(2**63), "TIMESTAMP": -(2**63), "UBIGINT": 0}
_MOST: Final = {"BIGINT": 2**63 - 1, "TIMESTAMP": 2**63 - 1, "UBIGINT": 2**64 - 1}


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its dataclass field (None: a vault reference), name and SQL type."""

    field: str | None
    name: str
    sql_type: str

    @property
    def arrow_type(self) -> DataType:
        return _ARROW_TYPES[self.sql_type]

    @property
    def expression(self) -> str:
        """How an inserted Arrow column becomes the table's: instants travel as nanoseconds."""
        if self.sql_type == "TIMESTAMP":
            return f"make_timestamp_ns({self.name})::TIMESTAMP"
        return self.name


def columns_of(table: str) -> tuple[Column, ...]:
    """The columns of a table of facts, in order, from its dataclass."""
    found = [
        Column(field.name, COLUMN_NAMES.get(field.name, field.name), _sql_type(field))
        for field in fields(TABLES[table])
    ]
    if table in REF_COLUMNS:
        found.append(Column(None, REF_COLUMNS[table], "VARCHAR"))
    return tuple(found)


class Ingest:
    """Inserts into one connection; the transaction around it belongs to the caller."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._inlets = {table: _Inlet(connection, table) for table in TABLES}
        connection.execute(_REPEATS_SQL)
        connection.execute(_UNREAD_SQL)
        connection.execute(_MENTIONS_SQL)
        self._repricing = Repricing(connection)
        self._connection = connection
        self.scrubbed: frozenset[int] = frozenset()
        """Hashes of the ids of those whose digests left with the last batch."""

    def insert(self, batch: FactBatch) -> int:
        """Insert all rows of `batch`; returns their count.

        Raises:
            duckdb.Error, StoreError: roll back.
        """
        taken = batch.exchanges
        recordings = [committed.recording for committed in taken]
        exchanges = [recording.exchange for recording in recordings]
        observations = [row for each in recordings for row in each.observations]
        steps = [step for recording in recordings for step in recording.steps]
        media = [fact for recording in recordings for fact in recording.media_facts]
        counts = [
            self._add("exchanges", exchanges, [committed.raw_ref for committed in taken]),
            self._add("observations", observations, list(_about_refs(taken))),
            self._add("steps", steps, list(_step_refs(taken))),
            self._add("usage", [row for each in recordings for row in each.usage]),
            self._add("events", [row for each in recordings for row in each.events]),
            self._add("media", media, list(_media_refs(taken))),
            self._add("problems", [row for each in recordings for row in each.problems]),
            self._add("unknowns", [row for each in recordings for row in each.unknowns]),
            self._add("costs", [row for each in recordings for row in each.costs]),
            self._add("gaps", batch.gaps),
            self._add("acts", batch.acts),
        ]
        if any(is_repeated(each) for each in steps):
            self._connection.execute("EXECUTE insert_repeats")
        if any(is_unread(each) for each in recordings):
            self._connection.execute("EXECUTE insert_unread")
        if any(is_mention(each) for each in recordings):
            self._connection.execute("EXECUTE insert_mentions")
        scrubbed = [
            scrub_tables(self._connection, erased) for erased in erased_exchanges(batch.acts)
        ]
        self.scrubbed = frozenset[int]().union(*scrubbed)
        counts += [self._add("costs", costs) for costs in self._repricing.due(batch)]
        return sum(counts)

    def _add(
        self, table: str, rows: Sequence[object], refs: Sequence[str | None] | None = None
    ) -> int:
        if rows:
            self._inlets[table].insert(rows, refs)
        return len(rows)


def is_repeated(step: StepFact) -> bool:
    """Whether somebody sent an answer again: it has rows of its own, by which an erasure finds it."""
    return (
        step.side == "input"
        and step.type in REPEATED
        and (step.chain_mac is not None or step.step_mac is not None)
    )


def is_unread(recording: Recording) -> bool:
    """Whether it tells of an interaction, and of nothing that it said."""
    return not recording.observations and recording.exchange.interaction is not None


def is_mention(recording: Recording) -> bool:
    """Whether it is about an interaction of which no row of its own tells."""
    about = recording.exchange.interaction
    return about is not None and all(row.interaction != about for row in recording.observations)


class _Inlet:
    """The prepared way into one table: DuckDB reads whatever Arrow table stands here.

    Registered and planned once per connection; each time anew it costs 2 ms a table and batch.
    """

    def __init__(self, connection: duckdb.DuckDBPyConnection, table: str) -> None:
        self._connection = connection
        self._columns = columns_of(table)
        self._schema = Schema([Field(column.name, column.arrow_type) for column in self._columns])
        self._values_of = attrgetter(*(c.field for c in self._columns if c.field is not None))
        self._waiting = Table.from_arrays(
            [arrow_array(column, ()) for column in self._columns], schema=self._schema
        )
        self._execute = f"EXECUTE insert_{table}"
        names = ", ".join(column.name for column in self._columns)
        expressions = ", ".join(column.expression for column in self._columns)
        connection.register(f"inlet_{table}", self)
        # Identifiers come from our own dataclasses, values through Arrow.
        connection.execute(
            f"PREPARE insert_{table} AS INSERT INTO {table} ({names}) "  # noqa: S608
            f"SELECT {expressions} FROM inlet_{table}"
        )

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The PyCapsule interface: DuckDB asks at each execution."""
        return self._waiting.__arrow_c_stream__(requested_schema)

    def insert(self, rows: Sequence[object], refs: Sequence[str | None] | None) -> None:
        values: list[Sequence[Any]] = list(zip(*map(self._values_of, rows), strict=True))
        if refs is not None:
            values.append(refs)
        arrays = [
            arrow_array(column, each) for column, each in zip(self._columns, values, strict=True)
        ]
        self._waiting = Table.from_arrays(arrays, schema=self._schema)
        self._connection.execute(self._execute)


def arrow_array(column: Column, values: Sequence[Any]) -> Array:
    """The values as one Arrow array.

    A value that the column cannot hold (an integer of 80 bits, a lone surrogate, another type than
    the field says) becomes NULL: one odd exchange MUST NOT keep all others out of the store.
    """
    try:
        return Array(values, type=column.arrow_type)
    except (OverflowError, TypeError, ValueError):
        return Array([_fitting(column.sql_type, value) for value in values], type=column.arrow_type)


def _fitting(sql_type: str, value: object) -> object:
    match value:
        case bool():
            return value if sql_type == "BOOLEAN" else None
        case int() if sql_type in _LEAST:
            return value if _LEAST[sql_type] <= value <= _MOST[sql_type] else None
        case str() if sql_type == "VARCHAR":
            return value.encode("utf-8", "replace").decode("utf-8")
        case _:
            return None


def _about_refs(taken: Iterable[CommittedFacts]) -> Iterable[str | None]:
    for committed in taken:
        ref = committed.steps_ref
        for row in committed.recording.observations:
            has_more = ref is not None and row.about_index is not None
            yield f"{ref}#{row.about_index}" if has_more else None


def _step_refs(taken: Iterable[CommittedFacts]) -> Iterable[str | None]:
    for committed in taken:
        ref = committed.steps_ref
        for step in committed.recording.steps:
            yield None if ref is None else f"{ref}#{step.content_index}"


def _media_refs(taken: Iterable[CommittedFacts]) -> Iterable[str | None]:
    for committed in taken:
        refs = committed.media_refs
        for fact in committed.recording.media_facts:
            yield refs[fact.media_index] if 0 <= fact.media_index < len(refs) else None


def _sql_type(field: Any) -> str:
    if field.name == "at" or field.name.endswith("_at"):
        return "TIMESTAMP"
    if field.name.endswith("_hash"):
        return "UBIGINT"
    return _SQL_TYPES[str(field.type).removesuffix(" | None")]


_SQL_TYPES: Final = {"str": "VARCHAR", "int": "BIGINT", "bool": "BOOLEAN"}
_ARROW_TYPES: Final = {
    "VARCHAR": DataType.string(),
    "BIGINT": DataType.int64(),
    "UBIGINT": DataType.uint64(),
    "BOOLEAN": DataType.bool(),
    "TIMESTAMP": DataType.int64(),  # arro3 0.9 builds no timestamp arrays from Python integers
}
