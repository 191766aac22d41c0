"""`dispose`: a person wants copies at Google gone. The wish is an act on record; the steward carries it out."""

from __future__ import annotations

import secrets
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxy.audit.ledger.fold import copy_of
from proxy.audit.ledger.rows import CopyRow, EventRow
from proxy.audit.ledger.telling import written
from proxy.audit.retention.cascade import Forest, Plan, Reach
from proxy.audit.retention.events import DutyBegan
from proxy.audit.retention.machine import after
from proxy.audit.retention.states import UNREACHED, Copy, can_be_asked
from proxy.errors import StoreError
from proxy.interactions.interaction import id_hash
from proxy.reading.erasing.asked import asked
from proxy.reading.layout import terminal

DONE: Final = 0
FOUND_A_PROBLEM: Final = 1
ROWS_MAX: Final = 10_000
"""Of one answer of the recorder."""
ACTS_MAX: Final = 500
"""Of one call to the recorder, which takes a thousand."""


@dataclass(frozen=True, slots=True)
class Wish:
    """Whose copies, how far, why, and who says so."""

    interaction: str
    reach: Reach
    reason: str
    actor: str


def run(
    data_folder: Path,
    wish: Wish,
    now_ns: int,
    *,
    is_dry: bool,
    then: Callable[[Sequence[str]], int] | None = None,
) -> int:
    """Show the plan; unless `is_dry`, put the wish on record. 1: something stays, or there is nothing.

    Args:
        data_folder: of a proxy that serves.
        wish: whose copies.
        now_ns: wall clock.
        is_dry: nothing goes on record.
        then: does at once what is on record; it is told of all copies that nothing protects and that have an id, and its code counts.

    Raises:
        StoreError: no recorder runs, or it refuses.
    """
    asked(data_folder, "/flush", {})
    rows = _rows(data_folder, "disposal_copies", interactions=[wish.interaction])
    if not rows:
        terminal.say(
            "no interaction of this id is on record: give the whole id, as `list` shows it"
        )
        return FOUND_A_PROBLEM
    forest = Forest(_kin(data_folder, rows[0]["root"]))
    page = {"after": "", "limit": ROWS_MAX}
    held = [row["interaction"] for row in _rows(data_folder, "disposal_held", **page)]
    plan = forest.plan([wish.interaction], wish.reach, held)
    copies = dict(_copies(data_folder, plan.order))
    wanted = [name for name in plan.order if name in copies and can_be_asked(copies[name])]
    for line in _lines(plan, copies, wanted):
        sys.stdout.write(terminal.one_line(line) + "\n")
    code = FOUND_A_PROBLEM if plan.is_partial else DONE
    if not is_dry:
        acts = [_act(copies[name], wish, now_ns) for name in wanted]
        for begin in range(0, len(acts), ACTS_MAX):
            asked(data_folder, "/acts", {"acts": acts[begin : begin + ACTS_MAX]})
        terminal.say(f"on record: {terminal.count_text(len(acts), 'deletion')} at Google")
        named = [name for name in copies if copies[name].evidence not in UNREACHED]
        if then is not None and named:
            code = max(code, then(named))
    return code


def _rows(data_folder: Path, name: str, **parameters: object) -> list[dict[str, Any]]:
    told = asked(data_folder, "/query", {"name": name, "parameters": parameters})
    if len(told["rows"]) >= ROWS_MAX or told.get("is_cut"):
        raise StoreError("this is more than one plan holds: dispose of fewer turns at once")
    return [dict(zip(told["columns"], row, strict=True)) for row in told["rows"]]


def _kin(data_folder: Path, root: int) -> dict[str, str | None]:
    """The turns of the conversation and the turn before each; ids that name no first turn are followed by their links."""
    before: dict[str, str | None] = {}
    roots, asked_roots = {root}, set[int]()
    page = {"after": "", "limit": ROWS_MAX}
    while roots:
        for row in _rows(data_folder, "disposal_kin", roots=sorted(roots), **page):
            before[row["interaction"]] = row["previous"]
        asked_roots |= roots
        hashes = ",".join(str(id_hash(name)) for name in sorted(before))
        behind = _rows(data_folder, "disposal_behind", hashes=hashes, **page) if before else []
        roots = {row["root"] for row in behind} - asked_roots
    return before


def _copies(data_folder: Path, names: tuple[str, ...]) -> Iterator[tuple[str, Copy]]:
    if not names:
        return
    told: dict[str, list[EventRow]] = {}
    for event in _rows(data_folder, "disposal_events", interactions=list(names)):
        told.setdefault(event["interaction"], []).append(EventRow(**event))
    for row in _rows(data_folder, "disposal_copies", interactions=list(names)):
        yield row["interaction"], copy_of(CopyRow(**row), told.get(row["interaction"], []))


def _lines(plan: Plan, copies: dict[str, Copy], wanted: list[str]) -> Iterator[str]:
    for name in plan.order:
        state = str(copies[name].disposal) if name in copies else "nothing is on record of it"
        if name in copies and copies[name].evidence in UNREACHED:
            state = f"{copies[name].evidence}: there is no id by which it could be deleted"
        yield f"{name}: {'to be deleted at Google' if name in wanted else state}"
    for name in plan.kept:
        yield f"{name}: kept, a hold protects it"
    for name in plan.left:
        yield f"{name}: stays, and was told what the turns before it say"


def _act(copy: Copy, wish: Wish, now_ns: int) -> dict[str, Any]:
    began = DutyBegan(
        id=secrets.token_hex(16),
        wall=now_ns,
        due_at=now_ns,
        is_request=True,
        is_branch=wish.reach is not Reach.NODE,
    )
    return {
        "kind": "disposal",
        "actor": wish.actor,
        "act": began.id,
        "interaction": copy.interaction,
        "detail": wish.reason,
        "data": written(began, after(copy, began)),
    }
