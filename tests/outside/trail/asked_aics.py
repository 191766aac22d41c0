"""Run by an interpreter that has aics-tlog: is the log in a folder the one of a held checkpoint? A line each."""

from __future__ import annotations

import json
import sys

from aics_tlog.checkpoint import checkpoint_from_note  # type: ignore[import-not-found]
from aics_tlog.note import parse_vkey, verify_note  # type: ignore[import-not-found]
from aics_tlog.tiles import FileSystemTileReader  # type: ignore[import-not-found]
from aics_tlog.verified import audit_tiles  # type: ignore[import-not-found]

for line in sys.stdin:
    asked = json.loads(line)
    checkpoint, note = checkpoint_from_note(asked["held"])
    problem = "" if verify_note(note, [parse_vkey(asked["vkey"].strip())]) else "not signed"
    try:
        reader = FileSystemTileReader(asked["trail"])
        audit_tiles(reader, checkpoint.size, checkpoint.root, entries=True)
    except (ValueError, OSError, RuntimeError) as error:
        problem = f"{type(error).__name__}: {error}"
    print(json.dumps(problem), flush=True)  # the answer
