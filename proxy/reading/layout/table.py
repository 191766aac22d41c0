"""Rows as a table that fits the terminal; as blocks, one column a line, where a table would not. Pure."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.cells import cell_len, set_cell_size
from rich.text import Text

from proxy.reading.layout.terminal import cut, one_line, safe

CELL_WIDTH_MAX: Final = 72
"""Columns of one cell in a table: a whole interaction id is 64 to 68 characters."""
CELL_WIDTH_LEAST: Final = 8
"""A text column is not made narrower than this; rather the rows become blocks."""
GAP: Final = "  "
NULL: Final = "NULL"


@dataclass(frozen=True, slots=True)
class Heading:
    """A column of an answer."""

    name: str
    is_number: bool


def table(headings: Sequence[Heading], rows: Sequence[Sequence[Any]], width: int) -> list[Text]:
    """Lines of at most `width` columns, where `width` allows for a table or blocks at all."""
    if not headings:
        return []
    cells = [[cell_text(value) for value in row] for row in rows]
    names = [one_line(heading.name) for heading in headings]
    widths = _widths(headings, names, cells, width)
    if widths is None:
        return _blocks(names, cells, width)
    lines = [_line(names, headings, widths, "bold"), Text(GAP.join("─" * each for each in widths))]
    lines[1].stylize("dim")
    lines.extend(_line(row, headings, widths, "") for row in cells)
    return lines


def cell_text(value: Any) -> str:
    """A value of DuckDB's for people, on one line."""
    match value:
        case None:
            return NULL
        case bool():
            return "true" if value else "false"
        case str():
            return one_line(value)
        case dt.datetime():
            text = value.isoformat(" ", "milliseconds" if value.microsecond else "seconds")
            return text.removesuffix("+00:00")
        case float():
            return f"{value:.6g}"
        case bytes():
            return safe(repr(value)[2:-1])
        case list() | dict() | tuple():
            return one_line(json.dumps(value, default=str, ensure_ascii=False))
        case _:
            return one_line(str(value))


def _widths(
    headings: Sequence[Heading],
    names: Sequence[str],
    cells: Sequence[Sequence[str]],
    width: int,
) -> list[int] | None:
    """The width of each column; the widest texts give way. None: no table fits."""
    natural = [
        max([cell_len(name), *(cell_len(row[place]) for row in cells)])
        for place, name in enumerate(names)
    ]
    widths = [min(each, CELL_WIDTH_MAX) for each in natural]
    shrinkable = [place for place, heading in enumerate(headings) if not heading.is_number]
    room = width - len(GAP) * (len(headings) - 1)
    while (excess := sum(widths) - room) > 0:
        wide = [place for place in shrinkable if widths[place] > CELL_WIDTH_LEAST]
        if not wide:
            return None
        widest = max(widths[place] for place in wide)
        least = max((widths[place] for place in wide if widths[place] < widest), default=0)
        giving = [place for place in wide if widths[place] == widest]
        step = max(1, min(widest - max(least, CELL_WIDTH_LEAST), -(-excess // len(giving))))
        for place in giving:
            widths[place] -= step
    return widths


def _line(
    row: Sequence[str], headings: Sequence[Heading], widths: Sequence[int], style: str
) -> Text:
    line = Text()
    for place, (text, heading, width) in enumerate(zip(row, headings, widths, strict=True)):
        shown = cut(text, width)
        padding = " " * (width - cell_len(shown))
        is_last = place == len(widths) - 1
        whole = padding + shown if heading.is_number else shown + ("" if is_last else padding)
        line.append((GAP if place else "") + whole, "dim" if text == NULL else style)
    return line


def _blocks(names: Sequence[str], cells: Sequence[Sequence[str]], width: int) -> list[Text]:
    """Each row as lines of `name  value`."""
    names_width = min(max(cell_len(name) for name in names), width // 2)
    lines: list[Text] = []
    for number, row in enumerate(cells, start=1):
        head = f"── row {number} "
        lines.append(Text(head + "─" * max(0, min(width, 60) - len(head)), "dim"))
        for name, text in zip(names, row, strict=True):
            line = Text(set_cell_size(name, names_width), "bold")
            line.append(GAP + cut(text, width - names_width - len(GAP)), "not bold")
            lines.append(line)
    return lines
