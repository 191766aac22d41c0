"""What things cost, for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from rich.text import Text

from proxy.reading.layout.terminal import cut, one_line

UNPRICED: Final = "unpriced"
_PICO: Final = 10**12

Row = dict[str, Any]


def usd(pico: int | None) -> str:
    """Pico-USD as USD, exact to the last digit: 0.000507; unpriced where there is no amount."""
    if pico is None:
        return UNPRICED
    whole, part = divmod(abs(pico), _PICO)
    digits = f"{part:012d}".rstrip("0").ljust(2, "0")
    return f"{'-' if pico < 0 else ''}{whole:,}.{digits}"


def cost_lines(rows: Sequence[Row], width: int) -> list[Text]:
    """A line for each line of the bill, unpriced ones first, then the sum; rows as cost_lines_of gives."""
    if not rows:
        return []
    amounts = [row["amount_pico_usd"] for row in rows]
    told = [
        (usd(row["amount_pico_usd"]), _paid_for(row), row["amount_pico_usd"] is None)
        for row in rows
    ]
    priced = [amount for amount in amounts if amount is not None]
    is_part = len(priced) < len(amounts)
    books = ", ".join(sorted({row["book"] for row in rows}))
    more = " and what is unpriced" if is_part else ""
    whole = f"USD{more}, by" if priced else "all of it, by"
    told.append((usd(sum(priced) if priced else None), f"{whole} the price book {books}", is_part))
    longest = max(len(amount) for amount, _, _ in told)
    return [
        Text(cut(f"  {amount:>{longest}}  {one_line(rest)}", width), "bold red" if is_open else "")
        for amount, rest, is_open in told
    ]


def _paid_for(row: Row) -> str:
    tier = "" if row["tier"] == "standard" else f", {row['tier']}"
    plural = "" if row["quantity"] == 1 else "s"
    if row["unit"].endswith("y") and plural:
        unit = row["unit"][:-1] + "ies"
    else:
        unit = row["unit"] + plural
    why = f": {row['reason']}" if row["reason"] else ""
    return f"{row['item']} {row['modality']} {row['quantity']:,} {unit}{tier}{why}"
