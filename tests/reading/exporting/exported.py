"""A record of three interactions on two days, and exports of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.audit.trail.note import Signer
from proxy.reading.exporting.export import Done, export
from proxy.reading.exporting.manifest import Scope
from proxy.reading.exporting.targets import opened
from proxy.recording.facts import ActFact
from tests.reading.recorded import ANSWER, COMPLETED, QUESTION, record, told
from tests.store.samples import SECOND_NS, START_NS

SIGNER: Final = Signer("interactions-proxy/0123456789abcdef", bytes(range(32)))
DAY_S: Final = 86_400
FIRST, SECOND = "2026-09-21", "2026-09-22"
PARQUET: Final = Scope("parquet")


def made(folder: Path) -> Path:
    """v1_one and v1_two on the first day, v1_three on the second."""
    record(
        folder,
        told(1, QUESTION, ANSWER, **COMPLETED),
        told(2, QUESTION, ANSWER, interaction="v1_two", seconds=9, **COMPLETED),
        told(3, QUESTION, ANSWER, interaction="v1_three", seconds=DAY_S, **COMPLETED),
    )
    (folder / "keys" / "trail.key").write_text(SIGNER.encode(), "ascii")
    return folder


def erased(interaction: str, exchange: str) -> ActFact:
    data = {"erasure": "e" * 32, "interactions": [interaction], "exchanges": [exchange]}
    at = START_NS + 2 * DAY_S * SECOND_NS
    return ActFact(at, "erased", None, None, "its keys are destroyed", data=json.dumps(data))


def export_to(place: Path, data: Path, scope: Scope = PARQUET) -> Done:
    with opened(str(place)) as target:
        return export(data, target, scope, SIGNER)


def views(done: Done) -> set[tuple[str, str]]:
    """Day and view of each file that a run wrote."""
    return {(one.day, one.view) for one in done.written}


def read(place: Path, view: str, columns: str = "interaction") -> list[Any]:
    """With DuckDB as it comes, by the days in the names."""
    files = f"{place}/day=*/{view}-*.parquet"
    with duckdb.connect() as plain:
        return plain.execute(
            f"SELECT {columns} FROM read_parquet('{files}', hive_partitioning = true) ORDER BY ALL"
        ).fetchall()
