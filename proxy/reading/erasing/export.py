"""`export`: everything that is recorded of a person, a conversation or an interaction, in a folder of plain files."""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path
from typing import Any, Final

from proxy.errors import StoreError
from proxy.reading.erasing.asked import asked
from proxy.reading.layout import terminal
from proxy.reading.layout.media import shown_media
from proxy.reading.media import write_media
from proxy.reading.sealed import open_vault
from proxy.reading.show import gather, to_json
from proxy.reading.snapshot import open_facts

DONE: Final = 0
NAMED_PER_ACT: Final = 150
"""Interactions of one act: some 11 KB."""


def run(data_folder: Path, wish: dict[str, Any], out: Path, master_file: Path | None = None) -> int:
    """Write one JSON file an interaction, as `show --json` tells it, and its media beside it.

    Args:
        data_folder: whose recorder finds them; it is told who took copies.
        wish: what is meant, as POST /erase takes it.
        out: a folder that does not exist yet.
        master_file: where the master key lies, if not in the data folder.

    Raises:
        StoreError: no recorder runs, it finds nothing, or the folder is there already.
    """
    plan = asked(data_folder, "/erase", wish | {"dry_run": True})["plan"]
    names = [*plan["interactions"], *(each["interaction"] for each in plan["kept"])]
    if plan["counts"]["interactions"] + plan["counts"]["kept"] > len(names):
        raise StoreError("too many interactions at once: export conversation by conversation")
    try:
        out.mkdir(parents=True, mode=0o700)
    except OSError as error:
        raise StoreError(f"cannot make the folder {out}: {error}") from error
    # Durable before anything is shown, as for every reading of content.
    for start in range(0, len(names), NAMED_PER_ACT):
        portion = names[start : start + NAMED_PER_ACT]
        detail = f"{len(portion)} interactions were exported"
        data = {"export": True, "interactions": portion}
        act = {"kind": "access", "detail": detail, "actor": wish["actor"], "data": data}
        asked(data_folder, "/acts", {"acts": [act]})
    with (
        open_facts(data_folder, master_file) as connection,
        contextlib.closing(open_vault(data_folder, master_file)) as reader,
    ):
        for name in names:
            sheet = gather(connection, name, reader)
            folder = out / name.replace("/", "_").replace(":", "_")
            folder.mkdir(mode=0o700)
            (folder / "interaction.json").write_text(to_json(sheet) + "\n", "utf-8")
            if sheet.media:
                write_media(connection, shown_media(sheet.steps, sheet.media), folder)
    count = terminal.count_text(len(names), "interaction")
    sys.stdout.write(f"exported {count} to {terminal.one_line(str(out))}\n")
    return DONE
