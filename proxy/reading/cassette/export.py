"""`scenario export`: recorded interactions, out of the vault and into a scenario file."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.errors import FormatError, KeyDestroyed, StoreError
from proxy.reading.cassette.exchanges import Passed, passed_from_exchange
from proxy.reading.cassette.turns import turns_from
from proxy.reading.cassette.writing import yaml_from_scenario
from proxy.reading.layout import terminal
from proxy.reading.sealed import open_vault
from proxy.reading.show import find
from proxy.reading.snapshot import open_facts
from proxy.store import queries
from proxy.store.vault.reader import VaultReader

EXCHANGES_MAX: Final = 10_000
"""Exchanges of one export: as many turns as a scenario can have."""

BODY_BYTES_MAX: Final = 256 * 1024 * 1024
"""Of one body: all of it, so that no answer is cut."""

DONE: Final = 0
WRONG_USE: Final = 2

_ABOUT: Final = frozenset({"create", "get", "resume", "cancel", "delete"})


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to export."""

    interactions: tuple[str, ...]
    """As `show` takes them."""
    is_conversation: bool = False
    """With all turns that belong together."""
    is_all: bool = False
    """Everything that was recorded."""


def run(
    data_folder: Path, wanted: Wanted, out: Path | None, *, master_file: Path | None = None
) -> int:
    """Write the scenario to `out`, or to standard output.

    Returns the exit code: 0 done, 2 no such interaction, or several.

    Raises:
        StoreError: nothing was recorded here, the facts cannot be opened, or `out` cannot be written.
    """
    with (
        open_facts(data_folder, master_file) as connection,
        contextlib.closing(open_vault(data_folder, master_file)) as vault,
    ):
        names = _named(connection, wanted)
        if names is None:
            return WRONG_USE
        lost: list[str] = []
        turns = turns_from(_passed(connection, vault, names, lost))
        if not turns.turns:
            terminal.say("nothing to export: no create among these exchanges can be opened")
            return WRONG_USE
    scenario = {
        "scenario": 1,
        "name": f"Recorded: {'everything' if wanted.is_all else names[0]}",
        "description": f"{_counted(len(turns.turns))} answered then, ids and dates included.",
        "order": "any",
        "otherwise": "refuse",
        "turns": turns.finished(),
    }
    notes = ["Exported from recorded interactions. Credentials and headers are not part of it."]
    _write(yaml_from_scenario(scenario, [*notes, *lost, *turns.notes]), out)
    for note in [*lost, *turns.notes] if out else []:
        terminal.say(f"note: {note}")
    return DONE


def _counted(requests: int) -> str:
    return "One request as it was" if requests == 1 else f"{requests} requests as they were"


def _named(connection: duckdb.DuckDBPyConnection, wanted: Wanted) -> list[str] | None:
    """The interactions that are meant; None after saying why not."""
    if wanted.is_all:
        return _interactions(connection, "all_interactions")
    names: list[str] = []
    for text in wanted.interactions:
        found = find(connection, text)
        if len(found) != 1:
            fits = "fits several interactions" if found else "is no recorded interaction"
            terminal.say(f"{terminal.one_line(text)} {fits}; `sql` and `tail` show their ids")
            return None
        names += found
        if wanted.is_conversation:
            names += _interactions(connection, "kin_of", interaction=found[0])
    return list(dict.fromkeys(names))


def _interactions(connection: duckdb.DuckDBPyConnection, query: str, **given: object) -> list[str]:
    return [row["interaction"] for row in queries.dicts(connection, query, **given)[1]]


def _passed(
    connection: duckdb.DuckDBPyConnection,
    vault: VaultReader,
    names: Sequence[str],
    lost: list[str],
) -> Iterator[Passed]:
    """The exchanges in order; what was erased or damaged is told in `lost`."""
    rows: list[dict[str, Any]] = queries.dicts(
        connection, "exchanges_about", interactions=list(names), limit=EXCHANGES_MAX + 1
    )[1]
    if len(rows) > EXCHANGES_MAX:
        raise StoreError(f"more than {EXCHANGES_MAX} exchanges: export fewer interactions at once")
    for row in rows:
        if row["operation"] not in _ABOUT:
            continue
        try:
            yield passed_from_exchange(vault.exchange(row["raw_ref"], BODY_BYTES_MAX))
        except (KeyDestroyed, FormatError) as error:
            lost.append(f"exchange {row['exchange']} cannot be opened: {error}")


def _write(text: str, out: Path | None) -> None:
    if out is None:
        sys.stdout.write(text)
        return
    try:
        out.write_text(text, "utf-8")
    except OSError as error:
        raise StoreError(f"cannot write {out}: {error.strerror}: choose another --out") from error
