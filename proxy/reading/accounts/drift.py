"""`drift`: what of Google's API this release has no name for."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any, Final

from proxy.reading.accounts.tabling import Form, write_rows
from proxy.reading.layout import terminal
from proxy.reading.snapshot import open_facts
from proxy.store import queries

DONE: Final = 0
FOUND_A_PROBLEM: Final = 1

_FOR_PEOPLE: Final = (
    *("kind", "name", "place", "count", "first seen", "last seen"),
    *("SDK", "revision", "example"),
)


def run(
    data_folder: Path,
    *,
    since: str | None = None,
    form: Form = Form.TABLE,
    master_file: Path | None = None,
) -> int:
    """Each unknown name once on standard output; with `since`, those met since then for the first time.

    Returns the exit code: 0 done, 1 something is new since `since`.

    Raises:
        StoreError: nothing was recorded here, or the facts cannot be opened.
    """
    with open_facts(data_folder, master_file) as connection:
        columns, rows = queries.dicts(connection, "drift_since", since=since)
    if form is Form.TABLE:
        if rows:
            write_rows(_FOR_PEOPLE, [_cells(row) for row in rows], form)
        when = "" if since is None else f" since {since}"
        terminal.say(f"{terminal.count_text(len(rows), 'name')} without a meaning here{when}")
    else:
        cells = [[_flat(value, form) for value in row.values()] for row in rows]
        write_rows(columns, cells, form)
    return FOUND_A_PROBLEM if rows and since is not None else DONE


def _flat(value: Any, form: Form) -> Any:
    """CSV has no lists, and no instants."""
    if form is Form.CSV and isinstance(value, list):
        return ",".join(value)
    return value.isoformat() + "Z" if isinstance(value, dt.datetime) else value


def _cells(row: dict[str, Any]) -> tuple[Any, ...]:
    return (
        row["kind"],
        row["name"],
        row["place"],
        row["count"],
        row["first_seen_at"].isoformat(" ", "minutes"),
        row["last_seen_at"].isoformat(" ", "minutes"),
        " ".join(row["sdks"]),
        " ".join(row["api_revisions"]),
        row["first_exchange"],
    )
