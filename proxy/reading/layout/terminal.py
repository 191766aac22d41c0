"""Text on its way to a terminal. Recorded text is hostile: it never moves a cursor or hides itself.

What models and callers wrote may hold escape sequences, direction marks that reorder a line, and
characters nobody sees. All of them are spelled out.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable
from typing import Final

from rich.cells import cell_len, chop_cells
from rich.console import Console

WIDTH_LEAST: Final = 40
"""Narrower terminals are treated as this wide; lines wrap there."""
WIDTH_OF_PIPES: Final = 500
"""Columns when nobody says: a pipe can take whole ids; a line is still a line."""

_FOREIGN: Final = re.compile(
    "["
    "\x00-\x1f\x7f-\x9f"  # C0 and C1: cursor, colours, titles, bells
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # direction: reorders what a line seems to say
    "\u2028\u2029"  # line breaks that are not \n
    "\u00ad\u200b\u2060-\u2064\ufeff\ufff9-\ufffb"  # invisible
    "\ud800-\udfff"  # lone surrogates cannot be written
    "\U000e0000-\U000e007f"  # tags: invisible letters
    "]"
)
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
"""How a cell begins that a spreadsheet runs; the last four are = + - @ in full width."""


def safe(text: str, *, keep: str = "") -> str:
    """`text` with every character of the kinds above spelled out, but those in `keep`."""
    return _FOREIGN.sub(lambda found: _spelled(found[0], keep), text)


def safe_json(text: str) -> str:
    """JSON text that is the same JSON, with those characters as JSON's own escapes."""
    return _FOREIGN.sub(lambda found: _json_escape(found[0]), text)


def one_line(text: str) -> str:
    """`text` on one line: line breaks and tabs become spaces."""
    return safe(" ".join(text.split()))


def csv_cell(text: str) -> str:
    """A text cell that a spreadsheet takes for text: what looks like a formula gets a quote."""
    return safe("'" + text if text.startswith(_FORMULA) else text, keep="\n\t")


def cut(text: str, width: int) -> str:
    """`text` in at most `width` columns of the terminal, with an ellipsis where something went."""
    if cell_len(text) <= width:
        return text
    return chop_cells(text, max(1, width - 1))[0] + "…"


def wrapped(text: str, width: int, lines_max: int) -> list[str]:
    """`text` (one line) in at most `lines_max` lines of `width` columns, broken at spaces.

    Only a word that fits on no line is broken; what goes beyond the last line is cut off.
    """
    lines: list[str] = []
    rest = text.strip()
    while cell_len(rest) > width and len(lines) < lines_max - 1:
        piece = chop_cells(rest, width)[0]
        space = len(piece) if rest[len(piece)] == " " else piece.rfind(" ")
        word = rest[space + 1 :].partition(" ")[0]
        end = space if space > 0 and cell_len(word) <= width else len(piece)
        lines.append(rest[:end].rstrip())
        rest = rest[end:].lstrip()
    return [*lines, cut(rest, width)] if rest else lines


def packed(parts: Iterable[str], width: int) -> list[str]:
    """`parts` with dots between them on as few lines as they need. None is broken or cut off."""
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(lines[-1]) + cell_len(part) + 3 <= width:
            lines[-1] += f" · {part}"
        else:
            lines.append(part)
    return lines


def console() -> Console:
    """Standard output: colours on a terminal only, nothing in the text means anything."""
    is_told = sys.stdout.isatty() or "COLUMNS" in os.environ
    width = None if is_told else WIDTH_OF_PIPES
    own = Console(markup=False, highlight=False, emoji=False, soft_wrap=True, width=width)
    own.width = max(own.width, WIDTH_LEAST)
    return own


def say(text: str) -> None:
    """One line on standard error: not part of the answer."""
    sys.stderr.write(f"{text}\n")


def bytes_text(count: int) -> str:
    """12 B, 3.4 KB, 120 MB: decimal, two digits that matter."""
    value = float(count)
    for unit in ("B", "KB", "MB", "GB"):
        if value < 999.5 or unit == "GB":
            digits = 1 if unit != "B" and value < 9.95 else 0
            return f"{value:.{digits}f} {unit}"
        value /= 1000
    raise AssertionError(count)


def duration_text(duration_ns: int) -> str:
    """310 µs, 12 ms, 3.21 s, 4 min 05 s."""
    seconds = duration_ns / 1_000_000_000
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    if seconds < 1:
        return f"{seconds * 1e3:.0f} ms"
    if seconds < 60:
        return f"{seconds:.2f} s"
    minutes, left = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {left:02d} s"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def count_text(count: int, noun: str) -> str:
    """1 step, 1,204 steps."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _spelled(char: str, keep: str) -> str:
    if char in keep:
        return char
    short = {"\n": "\\n", "\r": "\\r", "\t": "\\t", "\x1b": "\\e"}.get(char)
    if short is not None:
        return short
    code = ord(char)
    if code < 0x100:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _json_escape(char: str) -> str:
    code = ord(char)
    if code < 0x10000:
        return f"\\u{code:04x}"
    high, low = divmod(code - 0x10000, 0x400)
    return f"\\u{0xD800 + high:04x}\\u{0xDC00 + low:04x}"
