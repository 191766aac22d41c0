"""A data folder whose exchanges are compared by digests: the day at which their clocks stand has a key."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from proxy.store.vault.keys import FactsKeys
from tests.journal.written import MASTER, still_ns
from tests.recorder.played import Scene


def prepared(folder: Path) -> Scene:
    day = datetime.fromtimestamp(still_ns() // 1_000_000_000, UTC)
    FactsKeys(folder / "keys" / "facts", MASTER).make(day.strftime("%Y%m%d"))
    return Scene(folder)
