"""A copy of small tables, and a file outside it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from proxy.store.database import Database
from tests.store.samples import batch, recording, step
from tests.store.sandbox.attacks import CANARY


@dataclass(frozen=True, slots=True)
class Ground:
    """Where attacks happen."""

    folder: Path

    @property
    def facts(self) -> Path:
        return self.folder / "audit-1.duckdb"

    @property
    def outside(self) -> Path:
        return self.folder / "outside.csv"

    def filled(self, statement: str) -> str:
        named = {"{file}": self.outside, "{facts}": self.facts, "{new}": self.folder / "new"}
        for name, path in named.items():
            statement = statement.replace(name, str(path))
        return statement

    def names(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())


def ground(folder: Path) -> Ground:
    made = Ground(folder)
    database = Database.open(folder / "facts.duckdb")
    steps = (step("user_input", 0, "input"), step("model_output", 0))
    database.ingest(batch(recording(1, model="m", status="completed", steps=steps)))
    database.snapshot(made.facts)
    database.close()
    made.outside.write_text(f"a,b\n{CANARY},1\n")
    return made
