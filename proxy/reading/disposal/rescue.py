"""`rescue`: a conversation as one request that goes on without anything Google has stored."""

from __future__ import annotations

import contextlib
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from proxy.audit.rescue.body import Rescue, rescued
from proxy.audit.rescue.history import history
from proxy.errors import FormatError, StoreError
from proxy.reading.erasing.asked import NoRecorder, asked
from proxy.reading.layout import terminal
from proxy.reading.sealed import open_vault
from proxy.reading.show import find, not_one
from proxy.reading.snapshot import open_facts
from proxy.store import queries

RAW_BYTES_MAX: Final = 256 * 1024 * 1024
"""Of one recorded body: all of it, so that no answer is cut."""
DONE: Final = 0
FOUND_A_PROBLEM: Final = 1
WRONG_USE: Final = 2


@dataclass(frozen=True, slots=True)
class Wish:
    """What is wanted, and by whom."""

    interaction: str
    """As `show` takes it: the last turn."""
    say: str | None
    model: str | None
    actor: str
    out: Path | None = None
    as_json: bool = False


def run(data_folder: Path, wish: Wish, now_ns: int, master_file: Path | None = None) -> int:
    """Write the body to `wish.out` or standard output, what it lacks to standard error.

    Returns the exit code: 0 all of it, 1 something of the conversation is missing, 2 there is nothing to carry.

    Raises:
        StoreError: nothing was recorded here, or `out` cannot be written.
    """
    with (
        open_facts(data_folder, master_file) as connection,
        contextlib.closing(open_vault(data_folder, master_file)) as vault,
    ):

        def rows_of(name: str) -> list[dict[str, Any]]:
            return queries.dicts(connection, "exchanges_of", interaction=name)[1]

        found = find(connection, wish.interaction)
        if len(found) != 1:
            terminal.say(not_one(wish.interaction, found))
            return WRONG_USE
        try:
            turns = history(found[0], rows_of, lambda ref: vault.exchange(ref, RAW_BYTES_MAX))
            rescue = rescued(turns, now_ns, wish.say, wish.model)
        except FormatError as error:
            terminal.say(str(error))
            return WRONG_USE
    _tell(data_folder, wish.actor, [turn.interaction for turn in turns])
    _write(rescue, wish)
    return DONE if rescue.is_whole else FOUND_A_PROBLEM


def _tell(data_folder: Path, actor: str, names: list[str]) -> None:
    """Durable before anything is shown, where a recorder runs; without one nobody can be told."""
    detail = f"a conversation of {len(names)} turns was copied to go on without storage"
    data = {"rescue": True, "interaction_count": len(names)}
    act = {
        "kind": "access",
        "detail": detail,
        "actor": actor,
        "interaction": names[-1],
        "data": data,
    }
    with contextlib.suppress(NoRecorder):
        asked(data_folder, "/acts", {"acts": [act]})


def _write(rescue: Rescue, wish: Wish) -> None:
    told: dict[str, Any] = rescue.body
    if wish.as_json:
        told = {"body": told, "notes": list(rescue.notes), "is_whole": rescue.is_whole}
    text = terminal.safe_json(json.dumps(told, ensure_ascii=False)) + "\n"
    if wish.out is None:
        sys.stdout.write(text)
    else:
        try:
            wish.out.touch(mode=0o600)
            wish.out.write_text(text, "utf-8")
        except OSError as error:
            raise StoreError(
                f"cannot write {wish.out}: {error.strerror}: choose another --out"
            ) from error
    if not wish.as_json:
        for note in rescue.notes:
            terminal.say(f"note: {terminal.one_line(note)}")
