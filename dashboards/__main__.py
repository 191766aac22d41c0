"""`python -m dashboards`: write all that is made from the catalogue; `--check`: say what is not current."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Final

from dashboards.alerting.write import alerting_files
from dashboards.boards.background import BACKGROUND
from dashboards.boards.compliance import COMPLIANCE
from dashboards.boards.cost import COST
from dashboards.boards.drift import DRIFT
from dashboards.boards.overview import OVERVIEW
from dashboards.boards.pipeline import PIPELINE
from dashboards.boards.steps import STEPS
from dashboards.boards.streaming import STREAMING
from dashboards.draw import drawn

HERE: Final = Path(__file__).parent
BOARDS: Final = (OVERVIEW, STREAMING, STEPS, COST, BACKGROUND, COMPLIANCE, PIPELINE, DRIFT)


def files() -> dict[str, str]:
    """Every file, by its path in this folder."""
    found = {f"grafana/{board.uid}.json": drawn(board) for board in BOARDS}
    return {**found, **alerting_files({board.uid for board in BOARDS})}


def main(arguments: list[str]) -> int:
    """Returns 1 where `--check` finds a file that is not current."""
    stale = [
        path
        for path, text in files().items()
        if not (HERE / path).exists() or (HERE / path).read_text("utf-8") != text
    ]
    if "--check" in arguments:
        for path in stale:
            sys.stderr.write(f"dashboards/{path} is not current: run `make docs`\n")
        return bool(stale)
    for path in stale:
        (HERE / path).parent.mkdir(parents=True, exist_ok=True)
        (HERE / path).write_text(files()[path], "utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
