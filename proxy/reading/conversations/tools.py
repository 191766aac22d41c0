"""`tools`: what tools were called, how long they took, and which calls went wrong."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

import duckdb
from rich.text import Text

from proxy.audit.lineage.told import instant
from proxy.audit.tool_contract import Contract, Finding, Kind, ToolCall, ToolStep, contract_of
from proxy.reading.conversations.tree import kin_of
from proxy.reading.layout import terminal
from proxy.reading.layout.table import Heading, table
from proxy.reading.show import DONE, WRONG_USE, find, not_one
from proxy.reading.snapshot import open_facts
from proxy.store import queries

STEPS_MAX: Final = 50_000
"""Steps of tools that are looked at, the latest; a conversation of an agent has some hundred."""
CALLS_SHOWN_MAX: Final = 200
"""Calls listed for people, the latest; `--json` has all."""
_SAID: Final = {
    Kind.NEVER_ANSWERED: "was never answered",
    Kind.ANSWERED_TWICE: "was answered more than once",
    Kind.UNKNOWN_CALL: "is a result for a call that nobody made",
    Kind.ID_REUSED: "has the id of an earlier call",
}
_INSTANTS: Final = ("called_at", "answered_at", "seen_at")
_HEADINGS: Final = (
    Heading("interaction", is_number=False),
    Heading("tool", is_number=False),
    Heading("name", is_number=False),
    Heading("call", is_number=False),
    Heading("ran at", is_number=False),
    Heading("took", is_number=True),
    Heading("came of it", is_number=False),
)


def run(
    data_folder: Path,
    conversation: str | None = None,
    *,
    as_json: bool = False,
    master_file: Path | None = None,
) -> int:
    """Show calls and findings of the conversation of one interaction, or of all that was recorded.

    JSON is one object: calls, findings. Returns the exit code: 0 done, 2 no such interaction, or several.

    Raises:
        StoreError: nothing was recorded here, or the facts cannot be opened.
    """
    with open_facts(data_folder, master_file) as connection:
        interactions = None
        if conversation is not None:
            found = find(connection, conversation)
            if len(found) != 1:
                terminal.say(not_one(conversation, found))
                return WRONG_USE
            interactions = kin_of(connection, found[0])
        told = gather(connection, interactions)
    if as_json:
        whole = {
            "calls": [_told(call) for call in told.calls],
            "findings": [_told(finding) for finding in told.findings],
        }
        sys.stdout.write(terminal.safe_json(json.dumps(whole, ensure_ascii=False)) + "\n")
        return DONE
    console = terminal.console()
    for line in contract_lines(told, console.width):
        console.print(line)
    return DONE


def gather(connection: duckdb.DuckDBPyConnection, interactions: list[str] | None) -> Contract:
    """The contract of these interactions' tools; None: of all."""
    steps = queries.rows(
        connection, "tool_steps", ToolStep, interactions=interactions, limit=STEPS_MAX
    )
    (last,) = queries.dicts(connection, "last_record")[1]
    return contract_of(steps, last["at"])


def contract_lines(told: Contract, width: int) -> list[Text]:
    """A table of the calls, then a line for each finding."""
    if not (told.calls or told.findings):
        return [Text("no tool was called")]
    shown = told.calls[-CALLS_SHOWN_MAX:]
    lines = table(_HEADINGS, [_row(call) for call in shown], width) if shown else []
    if len(told.calls) > len(shown):
        lines.append(Text(f"the latest {len(shown)} of {len(told.calls):,}; all: --json", "dim"))
    if told.findings:
        lines.append(Text(""))
        lines.append(Text(terminal.count_text(len(told.findings), "finding"), "bold red"))
        lines.extend(_finding_line(finding, width) for finding in told.findings)
    else:
        lines.append(Text("every client-side call was answered once", "dim"))
    return lines


def _told(one: ToolCall | Finding) -> dict[str, Any]:
    """For machines, with instants as `show` and `tree` write them."""
    row = asdict(one)
    return row | {name: instant(row[name]) for name in _INSTANTS if row.get(name) is not None}


def _row(call: ToolCall) -> tuple[Any, ...]:
    names = [name for name in (call.server_name, call.name) if name]
    took = "" if call.duration_ns is None else terminal.duration_text(max(0, call.duration_ns))
    if call.answer_count == 0:
        came = "nothing yet"
    elif call.is_error:
        came = "an error"
    else:
        came = "a result" if call.answer_count == 1 else f"{call.answer_count} results"
    interaction = terminal.one_line(call.interaction)
    short = interaction if len(interaction) <= 24 else "…" + interaction[-20:]
    return (short, call.tool, ".".join(names) or None, call.call_id, call.ran_at, took, came)


def _finding_line(finding: Finding, width: int) -> Text:
    name = f"{finding.name} " if finding.name else ""
    said = f"  {name}{finding.call_id} {_SAID[Kind(finding.kind)]}, in {finding.interaction}"
    return Text(terminal.cut("  " + terminal.one_line(said), width))
