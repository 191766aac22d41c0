"""Rows of a named query on standard output: as a table, as JSON lines, or as CSV."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from enum import Enum
from typing import Any

from proxy.reading.layout import terminal
from proxy.reading.layout.table import Heading, table
from proxy.reading.sql import TABLE_ROWS_MAX, json_line


class Form(Enum):
    """How rows are written."""

    TABLE = "table"
    JSON = "json"
    CSV = "csv"


def write_rows(names: Sequence[str], rows: Sequence[Sequence[Any]], form: Form) -> None:
    """All rows; of a table for people the first TABLE_ROWS_MAX, and it says so."""
    if form is Form.JSON:
        for row in rows:
            sys.stdout.write(json_line(names, row) + "\n")
        return
    if form is Form.CSV:
        writer = csv.writer(sys.stdout, lineterminator="\n")
        writer.writerow(names)
        for row in rows:
            writer.writerow(
                [
                    ""
                    if cell is None
                    else terminal.csv_cell(cell)
                    if isinstance(cell, str)
                    else cell
                    for cell in row
                ]
            )
        return
    console = terminal.console()
    numbers = [
        all(isinstance(row[place], int | None) for row in rows) for place in range(len(names))
    ]
    headings = [Heading(name, is_number) for name, is_number in zip(names, numbers, strict=True)]
    for line in table(headings, rows[:TABLE_ROWS_MAX], console.width):
        console.print(line)
    if len(rows) > TABLE_ROWS_MAX:
        console.print(f"the first {TABLE_ROWS_MAX:,} of {len(rows):,}; take all with --json")
