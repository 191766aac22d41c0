"""`erase`: shows what would go and what stays, asks, has it done, and says what came of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from proxy.reading.erasing.asked import asked
from proxy.reading.layout import terminal

DONE: Final = 0
FOUND_A_PROBLEM: Final = 1
CONFIRMATION: Final = "erase"
SHOWN_MAX: Final = 20
"""Names of each list; --json has more."""


def run(
    data_folder: Path,
    wish: dict[str, Any],
    *,
    is_dry: bool,
    is_sure: bool,
    as_json: bool = False,
) -> int:
    """Plan, show, act, report. Returns 0; 1 where something that was asked for stays, or nobody agreed.

    Args:
        data_folder: whose recorder does it.
        wish: as POST /erase takes it.
        is_dry: show the plan only.
        is_sure: do not ask.
        as_json: one object, the plan or what came of it.

    Raises:
        StoreError: no recorder runs, or it refuses.
    """
    planned = asked(data_folder, "/erase", wish | {"dry_run": True})
    if is_dry:
        _show(planned, _plan_lines(planned), as_json=as_json)
        return FOUND_A_PROBLEM if planned["plan"]["is_partial"] else DONE
    if not is_sure:
        _show(planned, _plan_lines(planned), as_json=False)
        answer = input(f"This cannot be undone. Type {CONFIRMATION} to do it: ")
        if answer.strip() != CONFIRMATION:
            terminal.say("nothing was erased")
            return FOUND_A_PROBLEM
    done = asked(data_folder, "/erase", wish)
    _show(done, _done_lines(done), as_json=as_json)
    return FOUND_A_PROBLEM if done["plan"]["is_partial"] else DONE


def _show(told: dict[str, Any], lines: Iterator[str], *, as_json: bool) -> None:
    if as_json:
        sys.stdout.write(terminal.safe_json(json.dumps(told, ensure_ascii=False)) + "\n")
        return
    for line in lines:
        sys.stdout.write(terminal.safe(line) + "\n")


def _plan_lines(told: dict[str, Any]) -> Iterator[str]:
    plan = told["plan"]
    counts = plan["counts"]
    gone = terminal.count_text(counts["interactions"], "interaction")
    keys = terminal.count_text(counts["exchanges"], "exchange")
    yield f"Erases {gone}, by destroying the keys of {keys}:"
    yield from _names(plan["interactions"], counts["interactions"])
    if counts["kept"]:
        yield "PARTIAL. Kept, because a hold or a policy protects it:"
        yield from _names(
            [f"{each['interaction']}  ({_why(each['holds'])})" for each in plan["kept"]],
            counts["kept"],
        )
    if counts["spared"]:
        yield "PARTIAL. Kept, because the same exchange holds something that is protected:"
        yield from _carriers(plan["spared"], counts["spared"])
    if counts["left"]:
        yield "Left: later turns of the conversation (take them with --subtree):"
        yield from _names(plan["left"], counts["left"])
    if counts["quoted"]:
        yield "Left: exchanges of others that repeat it (take them with --quoted):"
        yield from _carriers(plan["quoted"], counts["quoted"])
    yield "Not reached:"
    yield from (f"  {place}" for place in told["elsewhere"])


def _done_lines(told: dict[str, Any]) -> Iterator[str]:
    counts = told["plan"]["counts"]
    gone = terminal.count_text(counts["interactions"], "interaction")
    missing = told["unproven_count"]
    keys = terminal.count_text(counts["exchanges"] - missing, "exchange")
    yield f"Erased {gone}: the keys of {keys} are destroyed. Erasure {told['erasure']}."
    if missing:
        yield (
            f"NOT PROVEN for {terminal.count_text(missing, 'exchange')}: the slots of these keys are not here, so none was "
            "destroyed. Their content is not shown. Slots that come back are destroyed within a minute:"
        )
        yield from _names(told["unproven"], missing)
    if told["deferred"]:
        waiting = terminal.count_text(len(told["deferred"]), "interaction")
        yield f"Deferred: {waiting} that a hold or a policy keeps, erased when the last of them ends."
    if not told["are_tables_rewritten"]:
        yield "The tables are still being written anew: digests of it stand in free blocks until then."
    if told["swept"]:
        yield f"Swept: {', '.join(told['swept'])}."


def _why(keepers: list[str]) -> str:
    """Holds by their ids, policies as `policy NAME`."""
    return ", ".join(each if " " in each else f"hold {each}" for each in keepers)


def _carriers(carriers: list[dict[str, Any]], count: int) -> Iterator[str]:
    yield from _names([f"{each['exchange']}  ({each['interaction']})" for each in carriers], count)


def _names(names: list[str], count: int) -> Iterator[str]:
    for name in names[:SHOWN_MAX]:
        yield f"  {terminal.one_line(name)}"
    if count > SHOWN_MAX:
        yield f"  and {count - SHOWN_MAX} more"
