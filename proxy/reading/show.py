"""`show`: one interaction as a header, a timeline of its steps, and what carried it."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

import duckdb
from rich.console import Console

from proxy.reading.layout import terminal
from proxy.reading.layout.costs import cost_lines
from proxy.reading.layout.media import media_lines, shown_media
from proxy.reading.layout.merging import (
    attempt_lines,
    delivery_lines,
    divergence_lines,
    hop_lines,
)
from proxy.reading.layout.sheet import (
    Sheet,
    answered_lines,
    asked_lines,
    exchange_lines,
    gap_lines,
    header_lines,
    problem_lines,
    step_lines,
    usage_lines,
)
from proxy.reading.media import write_media
from proxy.reading.merged import fill_partial, is_told_in_pieces, put_together
from proxy.reading.merged import to_json as merged_to_json
from proxy.reading.sealed import open_vault
from proxy.reading.snapshot import open_facts
from proxy.recording.media.extent import Extent, extent_of
from proxy.store import queries
from proxy.store.asking.one import about_one, may_be_a_hop, steps_of
from proxy.store.vault.reader import VaultReader

LAST: Final = "last"
"""In place of an id: the interaction created last."""
CANDIDATES_MAX: Final = 10
"""Interactions named when an id's beginning fits several."""

MEDIA_LOOKED_AT: Final = 20
"""Media objects of facts before version 3, or without a digest, that are opened to tell how large the
picture is: opening one may take a megabyte."""

DONE: Final = 0
WRONG_USE: Final = 2


def run(
    data_folder: Path,
    interaction: str,
    *,
    as_json: bool = False,
    media_folder: Path | None = None,
    master_file: Path | None = None,
) -> int:
    """Show one interaction on standard output; `interaction` as `find` takes it.

    With `media_folder` its media are written there instead, and their names shown.

    Returns the exit code: 0 done, 2 no such interaction, or several.

    Raises:
        StoreError: nothing was recorded here, or the facts cannot be opened.
    """
    with open_facts(data_folder, master_file) as connection:
        found = find(connection, interaction)
        if len(found) != 1:
            terminal.say(not_one(interaction, found))
            return WRONG_USE
        with contextlib.closing(open_vault(data_folder, master_file)) as reader:
            sheet = gather(connection, found[0], reader)
        if media_folder is not None:
            shown = shown_media(sheet.steps, sheet.media)
            for line in write_media(connection, shown, media_folder):
                sys.stdout.write(terminal.safe(line) + "\n")
        elif as_json:
            sys.stdout.write(to_json(sheet) + "\n")
        else:
            print_sheet(sheet, terminal.console())
    return DONE


def find(connection: duckdb.DuckDBPyConnection, text: str) -> list[str]:
    """Interactions that `text` may mean: an id or its beginning, an exchange's id, or "last".

    An exact id comes alone. The latest first, at most CANDIDATES_MAX + 1.
    """
    if text == LAST:
        return _names(connection, "last_interaction")
    if (
        text.startswith("x")
        and "-" in text
        and (told := _names(connection, "interactions_of_exchange", exchange=text))
    ):
        return told
    found = _names(connection, "interactions_like", beginning=text, limit=CANDIDATES_MAX + 1)
    return found[:1] if text in found else found


def gather(
    connection: duckdb.DuckDBPyConnection, interaction: str, reader: VaultReader | None = None
) -> Sheet:
    """Everything that is known of one interaction.

    With `reader` what several streams told is put together from their sealed records.
    """

    def ask(name: str, **more: object) -> list[dict[str, Any]]:
        return queries.dicts(connection, name, interaction=interaction, **more)[1]

    rows_of = partial(_rows_of, connection)
    about = about_one(rows_of, interaction)
    assert about is not None, "it was found before"
    steps = steps_of(rows_of, about)
    for step in steps:
        step["content"] = _content(connection, step["content_ref"])
    exchanges = ask("exchanges_of")
    divergences = ask("divergences_of", id_hash=about["id_hash"])
    merged = None
    if reader is not None and (divergences or is_told_in_pieces(exchanges)):
        merged = put_together(reader, interaction, exchanges)
        fill_partial(steps, merged)
    media = ask("media_of")
    left = MEDIA_LOOKED_AT
    for each in media:
        known = Extent(each["width"], each["height"], each["duration_ms"]).text()
        is_of_before = each["media_mac"] is None and each["content_ref"] is not None
        if known is None and is_of_before and left > 0:
            left -= 1
            known = _extent(connection, each["content_ref"])
        each["extent"] = known
    return Sheet(
        about=about,
        steps=steps,
        media=media,
        request=_part(_content(connection, about["about_ref"]), "request"),
        answer=_part(_content(connection, about["answer_ref"]), "answer"),
        usage=ask("usage_of"),
        costs=ask("cost_lines_of"),
        exchanges=exchanges,
        problems=ask("problems_of"),
        merged=merged,
        divergences=divergences,
        attempts=_attempts(connection, about["create_exchange"]),
        hops=ask("hops_of") if may_be_a_hop(about) else (),
        gap=None if about["is_terminal"] else next(iter(ask(_gap_query(about))), None),
    )


def print_sheet(sheet: Sheet, console: Console) -> None:
    """The whole page. A part without lines has no heading either."""
    parts = (
        (None, header_lines(sheet, console.width)),
        (None, step_lines(sheet, console.width)),
        ("asked", asked_lines(sheet, console.width)),
        ("answered", answered_lines(sheet, console.width)),
        ("media", media_lines(sheet.steps, sheet.media, console.width)),
        ("usage", usage_lines(sheet, console.width)),
        ("cost", cost_lines(sheet.costs, console.width)),
        ("exchanges", exchange_lines(sheet, console.width)),
        ("events", delivery_lines(sheet.merged, sheet.exchanges, console.width)),
        ("divergence", divergence_lines(sheet.merged, sheet.divergences, console.width)),
        ("attempts", attempt_lines(sheet.attempts, console.width)),
        (
            "one answer of several hops",
            hop_lines(sheet.hops, sheet.about["interaction"], console.width),
        ),
        ("problems", problem_lines(sheet, console.width)),
        ("gap", gap_lines(sheet, console.width)),
    )
    shown = [(heading, lines) for heading, lines in parts if lines]
    for place, (heading, lines) in enumerate(shown):
        if place:
            console.print()
        if heading:
            console.print(heading, style="bold")
        for line in lines:
            console.print(line)


def to_json(sheet: Sheet) -> str:
    """One object: interaction, request, answer, timeline (with contents), media, usage, and so on.

    "request" and "answer" are what was asked and said beside the steps.
    """
    whole = {
        "interaction": sheet.about,
        "request": sheet.request,
        "answer": sheet.answer,
        "timeline": sheet.steps,
        "media": sheet.media,
        "usage": sheet.usage,
        "costs": sheet.costs,
        "exchanges": sheet.exchanges,
        "problems": sheet.problems,
        "merged": None if sheet.merged is None else merged_to_json(sheet.merged),
        "divergences": sheet.divergences,
        "attempts": sheet.attempts,
        "hops": sheet.hops,
        "gap": sheet.gap,
    }
    return terminal.safe_json(json.dumps(whole, ensure_ascii=False, default=_json_value))


def _attempts(
    connection: duckdb.DuckDBPyConnection, create_exchange: str | None
) -> list[dict[str, Any]]:
    """The attempts of a create that was sent again; none of one that was sent once."""
    if create_exchange is None:
        return []
    _, (twins,) = queries.dicts(connection, "twins_of", exchange=create_exchange)
    if twins["count"] < 2:
        return []
    return queries.dicts(connection, "attempts_of", exchange=create_exchange)[1]


def _gap_query(about: dict[str, Any]) -> str:
    return "gap_of" if about["interaction_id"] else "orphan_gap_of"


def _rows_of(
    connection: duckdb.DuckDBPyConnection, name: str, **given: object
) -> list[dict[str, Any]]:
    return queries.dicts(connection, name, **given)[1]


def _json_value(value: object) -> str:
    return value.isoformat() + "Z" if isinstance(value, dt.datetime) else str(value)


def _content(connection: duckdb.DuckDBPyConnection, ref: str | None) -> Any:
    """The parsed step; None if it was erased or never was."""
    row = connection.execute("SELECT content(?)", [ref]).fetchone()
    try:
        return json.loads(row[0]) if row and row[0] is not None else None
    except ValueError:
        return None


def _part(about: Any, name: str) -> Any:
    return about.get(name) if isinstance(about, dict) else None


def _extent(connection: duckdb.DuckDBPyConnection, ref: str | None) -> str | None:
    row = connection.execute("SELECT content_blob(?)", [ref]).fetchone()
    return extent_of(row[0]).text() if row and isinstance(row[0], bytes) else None


def _names(connection: duckdb.DuckDBPyConnection, query: str, **parameters: object) -> list[str]:
    return [each["interaction"] for each in queries.dicts(connection, query, **parameters)[1]]


def not_one(text: str, found: Sequence[str]) -> str:
    """What to say where `find` found none or several, whichever verb asked."""
    if not found:
        return (
            f"no interaction begins with {terminal.one_line(text)}; "
            'try `show last`, or `sql "FROM interactions ORDER BY created_at DESC LIMIT 5"`'
        )
    shown = [f"  {terminal.one_line(each)}" for each in found[:CANDIDATES_MAX]]
    more = ["  …"] if len(found) > CANDIDATES_MAX else []
    return "\n".join([f"{terminal.one_line(text)} fits several:", *shown, *more])
