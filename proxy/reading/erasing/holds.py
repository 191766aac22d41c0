"""`hold` and `release`: what nobody may erase."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any, Final

from proxy.reading.erasing.asked import asked
from proxy.reading.layout import terminal

DONE: Final = 0


def place(data_folder: Path, wish: dict[str, Any], *, as_json: bool = False) -> int:
    """Place a hold. Raises StoreError: no recorder runs, or it refuses."""
    told = asked(data_folder, "/hold", wish)
    lines = [f"hold {told['hold']} on {told['interaction']} and all turns before it"]
    _write(told, [*lines, f"warning: {told['warning']}"], as_json=as_json)
    return DONE


def release(data_folder: Path, wish: dict[str, Any], *, as_json: bool = False) -> int:
    """End one. Raises StoreError: no recorder runs, or it refuses."""
    told = asked(data_folder, "/release", wish)
    lines = [f"released {told['hold']}"]
    for erasure in told["erasures"]:
        count = terminal.count_text(erasure["plan"]["counts"]["interactions"], "interaction")
        lines.append(f"deferred erasure done: {count} (erasure {erasure['erasure']})")
    _write(told, lines, as_json=as_json)
    return DONE


def list_all(data_folder: Path, *, as_json: bool = False) -> int:
    """Show all holds. Raises StoreError: no recorder runs."""
    told = asked(data_folder, "/query", {"name": "holds_listed", "parameters": {}})
    holds = [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]
    lines = [_line(hold) for hold in holds] or ["no holds"]
    _write({"holds": holds}, lines, as_json=as_json)
    return DONE


def _line(hold: dict[str, Any]) -> str:
    what = (
        f"conversation of {hold['interaction']}" if hold["is_conversation"] else hold["interaction"]
    )
    since = f"{str(hold['placed_at'])[:19]} by {hold['actor']}"
    ended = hold["released_at"]
    until = f", released {str(ended)[:19]} by {hold['released_by']}" if ended else ""
    return f"{hold['hold']} {what} since {since}{until}: {hold['reason']}"


def _write(told: dict[str, Any], lines: list[str], *, as_json: bool) -> None:
    if as_json:
        lines = [terminal.safe_json(json.dumps(told, ensure_ascii=False))]
    for line in lines:
        sys.stdout.write((line if as_json else terminal.one_line(line)) + "\n")
