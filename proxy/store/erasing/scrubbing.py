"""Keyed digests leave with the content they were made of: from a recording, and from the tables.

By such a digest two records are compared; who has the day's key can also try a guess with it. The vault's own
FACTS records keep them, sealed, until that key goes (VAULT.md).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

import duckdb
import orjson

from proxy.recording.facts import ActFact, Recording

ERASED: Final = "erased"
"""Kind of an act: the keys of its exchanges are destroyed. Only the recorder tells it."""
EXCHANGES_PER_ACT: Final = 400
"""Of one act of that kind: some 12 KB of names."""

DIGESTS: Final[dict[str, tuple[str, ...]]] = {
    "exchanges": ("request_mac",),
    "observations": ("answer_mac", "label_index"),
    "steps": ("chain_mac", "step_mac"),
    "media": ("media_mac",),
}
"""By table: the columns made of content."""


def scrubbed(recording: Recording) -> Recording:
    """The same facts without digests of content."""
    return replace(
        recording,
        exchange=replace(recording.exchange, request_mac=None),
        observations=tuple(
            replace(row, answer_mac=None, label_index=None) for row in recording.observations
        ),
        steps=tuple(replace(row, chain_mac=None, step_mac=None) for row in recording.steps),
        media_facts=tuple(replace(row, media_mac=None) for row in recording.media_facts),
    )


def erased_exchanges(acts: Iterable[ActFact]) -> list[str]:
    """Whose keys these acts say are destroyed."""
    found: list[str] = []
    for act in acts:
        if act.kind == ERASED and act.data is not None:
            found += orjson.loads(act.data).get("exchanges", ())
    return found


def scrub_tables(connection: duckdb.DuckDBPyConnection, exchanges: list[str]) -> None:
    """Take the digests out of the rows of these exchanges. Raises duckdb.Error: roll back.

    The file keeps what stood there until it is written anew (rewriting.py).
    """
    for table, columns in DIGESTS.items():
        nothing = ", ".join(f"{column} = NULL" for column in columns)
        something = " OR ".join(f"{column} IS NOT NULL" for column in columns)
        connection.execute(
            f"UPDATE {table} SET {nothing} "  # noqa: S608  # our own names; values are bound
            f"WHERE ({something}) AND exchange IN (SELECT unnest($exchanges))",
            {"exchanges": exchanges},
        )
