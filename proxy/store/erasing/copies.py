"""Copies of the tables in the data folder: each is as old as it is, and may name what was erased since.

No content stands in any of them; keyed digests of it do. Who reads one keeps reading until it closes it.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

COPIES: Final = (
    "run/snapshot-*.duckdb*",
    "run/**/audit-*.duckdb*",
    "facts.duckdb.wal.damaged-*",
)
"""In the data folder: snapshots for readers and for the sandbox, WALs set aside. Not facts.duckdb.fresh: it may be
under way in another thread, and where one was cut off its mark is there, so the next removes it (rewriting.py)."""


def sweep(data_folder: Path) -> list[str]:
    """Delete such copies; returns their names."""
    found: list[str] = []
    for pattern in COPIES:
        for path in sorted(data_folder.glob(pattern)):
            if path.is_dir():  # what a reader of such a copy spilled
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)
            found.append(str(path.relative_to(data_folder)))
    return found
