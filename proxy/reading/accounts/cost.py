"""`cost`: what was spent, by list prices, and loudly what has no price."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import duckdb

from proxy.reading.accounts.tabling import Form, write_rows
from proxy.reading.layout import terminal
from proxy.reading.layout.costs import UNPRICED, usd
from proxy.reading.show import find, not_one
from proxy.reading.snapshot import open_facts
from proxy.store import queries

GROUPINGS: Final = ("interaction", "conversation", "model", "day", "client")
_REASONS_MAX: Final = 5
"""Kinds of unpriced lines that are named below a table."""

DONE: Final = 0
FOUND_A_PROBLEM: Final = 1
WRONG_USE: Final = 2


@dataclass(frozen=True, slots=True)
class Span:
    """From when to when an interaction was created: 2026-11-22, or with a time; UTC."""

    since: str | None = None
    until: str | None = None
    """Excluded."""


def run(
    data_folder: Path,
    by: str = "model",
    *,
    span: Span | None = None,
    form: Form = Form.TABLE,
    master_file: Path | None = None,
) -> int:
    """Costs by one of GROUPINGS on standard output, the sum last.

    Returns the exit code: 0 done, 1 something has no price (the amounts are not all of it).

    Raises:
        StoreError: nothing was recorded here, or the facts cannot be opened.
    """
    bounds = span or Span()
    with open_facts(data_folder, master_file) as connection:
        _, rows = queries.dicts(connection, f"cost_by_{by}", since=bounds.since, until=bounds.until)
    incomplete = sum(row["incomplete"] for row in rows)
    if form is Form.TABLE:
        _write_for_people(by, rows)
    else:
        names = [by, "interactions", "incomplete", "amount_pico_usd", "amount_usd", "reasons"]
        write_rows(names, [_exact(row, form) for row in rows], form)
    if incomplete:
        terminal.say(_unpriced(rows, incomplete))
    return FOUND_A_PROBLEM if incomplete else DONE


def run_one(
    data_folder: Path, interaction: str, *, form: Form = Form.TABLE, master_file: Path | None = None
) -> int:
    """The lines of one interaction; `interaction` as `show` takes it.

    Returns the exit code: 0 done, 1 something has no price, 2 no such interaction, or several.
    """
    with open_facts(data_folder, master_file) as connection:
        found = find(connection, interaction)
        if len(found) != 1:
            terminal.say(not_one(interaction, found))
            return WRONG_USE
        lines = lines_of(connection, found[0])
        _, (about,) = queries.dicts(connection, "interaction", interaction=found[0])
    if not lines and about["status"] is None and about["error_code"] is not None:
        told = f"{found[0]} was refused ({about['error_code']}): it costs nothing"
        terminal.say(terminal.one_line(told))
        return DONE
    if not lines:
        terminal.say(f"UNPRICED: no usage of {terminal.one_line(found[0])} was seen")
    elif form is Form.TABLE:
        write_rows(
            ["item", "modality", "tier", "quantity", "unit", "USD", "why not"],
            [
                (
                    *(line[name] for name in ("item", "modality", "tier", "quantity", "unit")),
                    usd(line["amount_pico_usd"]),
                    line["reason"],
                )
                for line in lines
            ],
            form,
        )
        priced = [each["amount_pico_usd"] for each in lines if each["amount_pico_usd"] is not None]
        books = ", ".join(sorted({line["book"] for line in lines}))
        more = " and what is unpriced" if len(priced) < len(lines) else ""
        told = f"{usd(sum(priced))} USD{more}" if priced else UNPRICED
        terminal.console().print(f"{told}, by the price book {books}")
    else:
        write_rows(list(lines[0]), [list(line.values()) for line in lines], form)
    is_complete = bool(lines) and all(line["amount_pico_usd"] is not None for line in lines)
    return DONE if is_complete else FOUND_A_PROBLEM


def lines_of(connection: duckdb.DuckDBPyConnection, interaction: str) -> list[dict[str, Any]]:
    """The cost lines of one interaction, unpriced ones first."""
    return queries.dicts(connection, "cost_lines_of", interaction=interaction)[1]


def _write_for_people(by: str, rows: list[dict[str, Any]]) -> None:
    cells = [_cells(row["name"], row) for row in rows]
    amounts = [row["amount_pico_usd"] for row in rows if row["amount_pico_usd"] is not None]
    total = {
        "interactions": sum(row["interactions"] for row in rows),
        "incomplete": sum(row["incomplete"] for row in rows),
        "amount_pico_usd": sum(amounts) if amounts or not rows else None,
    }
    write_rows([by, "interactions", "unpriced", "USD"], [*cells, _cells("all", total)], Form.TABLE)


def _cells(name: str, row: dict[str, Any]) -> tuple[Any, ...]:
    amount = usd(row["amount_pico_usd"])
    is_part = row["incomplete"] and row["amount_pico_usd"] is not None
    return (
        name,
        row["interactions"],
        row["incomplete"],
        f"{amount} + unpriced" if is_part else amount,
    )


def _exact(row: dict[str, Any], form: Form) -> tuple[Any, ...]:
    pico = row["amount_pico_usd"]
    exact = None if pico is None else usd(pico).replace(",", "")
    reasons: Any = row["reasons"] or []
    if form is Form.CSV:
        reasons = "; ".join(reasons)
    return row["name"], row["interactions"], row["incomplete"], pico, exact, reasons


def _unpriced(rows: list[dict[str, Any]], count: int) -> str:
    reasons = sorted({reason for row in rows for reason in row["reasons"] or ()})
    more = [f"  and {len(reasons) - _REASONS_MAX} more"] if len(reasons) > _REASONS_MAX else []
    told = [f"  {terminal.one_line(reason)}" for reason in reasons[:_REASONS_MAX]]
    head = f"UNPRICED: of {terminal.count_text(count, 'interaction')} not all has a price:"
    return "\n".join([head, *told, *more])
