"""The tables in outcomes/: what each version made of each answer, as captured without a proxy.

    SDKS_PYTHON=2.34.0 SDKS_JAVASCRIPT= python -m tests.outside.tables

writes the table of a version that has none yet, from a direct play; look at it before it is committed.
"""

from __future__ import annotations

import json
import tempfile
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from tests.outside.facts import Facts, facts
from tests.outside.play import Play, cases_of
from tests.outside.scripted import Cases, Scripted
from tests.outside.sdks import PLAYERS

OUTCOMES: Final = Path(__file__).parent / "outcomes"
PIECE_CHARACTERS_MIN: Final = 40
"""A value at least so long that stands in several cases is written once, under a name."""

Table = dict[str, Facts]


def load(sdk: str) -> Table:
    """Facts by case, with the pieces put in.

    Raises:
        FileNotFoundError: nobody captured this version; see above.
    """
    told = json.loads((OUTCOMES / f"{sdk}.json").read_text("utf-8"))
    pieces = told["pieces"]
    return {
        case: {name: _put_in(value, pieces) for name, value in found.items()}
        for case, found in told["cases"].items()
    }


def text(table: Table) -> str:
    """As it stands in a file: one line for each piece and each case."""
    counts = Counter(json.dumps(value) for found in table.values() for value in found.values())
    names: dict[str, str] = {}
    pieces: dict[str, Any] = {}
    cases = {}
    for case, found in table.items():
        cases[case] = dict(found)
        for name, value in found.items():
            spelt = json.dumps(value)
            if len(spelt) < PIECE_CHARACTERS_MIN or counts[spelt] == 1:
                continue
            piece = names.setdefault(spelt, f"${name} of {case}")
            pieces[piece], cases[case][name] = value, piece
    return f'{{"pieces": {_lines(pieces)},\n"cases": {_lines(cases)}}}\n'


def _lines(entries: dict[str, Any]) -> str:
    spelt = (
        f"{json.dumps(name)}: {json.dumps(entries[name], ensure_ascii=False)}" for name in entries
    )
    return "{\n" + ",\n".join(spelt) + "\n}"


def _put_in(value: Any, pieces: dict[str, Any]) -> Any:
    return pieces.get(value, value) if isinstance(value, str) else value


def _capture() -> None:
    cases = Cases.load()
    for player in PLAYERS:
        file = OUTCOMES / f"{player.sdk.name}.json"
        if file.exists():
            continue
        with closing(Scripted(cases)) as far, tempfile.TemporaryDirectory() as folder:
            play = Play(player, f"{player}/{{name}}", cases_of(player, cases), abreast=True)
            outcomes = play.at(far.url, Path(folder))
            table = {}
            for case, outcome in outcomes.items():
                table[case] = facts(outcome, cases.answers.get(case, [{}])[-1])
                table[case]["attempts"] = len(far.requests(str(player), case))
        file.write_text(text(table), "utf-8")
        print(file)


if __name__ == "__main__":
    _capture()
