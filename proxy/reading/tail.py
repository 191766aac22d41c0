"""`tail`: what is being recorded, a line for each exchange, as the vault commits it."""

from __future__ import annotations

import datetime as dt
import json
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from rich.cells import cell_len
from rich.text import Text

from proxy.errors import PositionUnknown
from proxy.reading.layout import terminal
from proxy.reading.layout.terminal import count_text, cut, duration_text, one_line
from proxy.reading.sealed import open_vault
from proxy.recording.facts import ActFact, GapFact, ObservationFact, StepFact
from proxy.store.position import VAULT_START, CommittedFacts, FactBatch, VaultPosition
from proxy.store.vault.files import vault_files
from proxy.store.vault.reader import VaultReader

LAST_LINES: Final = 10
"""Lines shown of what was recorded before, as people know it from `tail`."""
LOOK_EVERY_S: Final = 0.2
"""Between looks at the vault: faster than people read, 5 file sizes asked a second."""

DONE: Final = 0

_THEN: Final = "\N{SINGLE RIGHT-POINTING ANGLE QUOTATION MARK}"

Item = CommittedFacts | GapFact | ActFact


def run(
    data_folder: Path,
    *,
    follow: bool = True,
    as_json: bool = False,
    master_file: Path | None = None,
    wait: Callable[[], object] | None = None,
) -> int:
    """Print the last lines, then each new one until Ctrl-C. Returns exit code 0.

    `wait` is called between two looks; tests raise KeyboardInterrupt there.

    Raises:
        StoreError: nothing was recorded here.
    """
    console = terminal.console()
    pause = wait or _pause
    with_reader = open_vault(data_folder, master_file)
    try:
        for item in items(with_reader, data_folder / "vault", pause if follow else None):
            if as_json:
                sys.stdout.write(to_json(item) + "\n")
                sys.stdout.flush()
            else:
                console.print(line_of(item, console.width))
    except KeyboardInterrupt:
        return DONE
    finally:
        with_reader.close()
    return DONE


def items(reader: VaultReader, folder: Path, wait: Callable[[], object] | None) -> Iterator[Item]:
    """The last LAST_LINES items, then (with `wait`) each new one as it is committed, for ever."""
    last: deque[Item] = deque(maxlen=LAST_LINES)
    position = _newest_file(folder)
    for batch in reader.follow(position):
        last.extend(_in_batch(batch))
        position = batch.position
    yield from last
    while wait is not None:
        wait()
        try:
            for batch in reader.follow(position):
                position = batch.position
                yield from _in_batch(batch)
        except PositionUnknown:  # the vault was replaced under us
            position = VAULT_START


def line_of(item: Item, width: int) -> Text:
    """One line of at most `width` columns."""
    if isinstance(item, GapFact):
        told = f"{count_text(item.exchange_count, 'exchange')} not recorded: {item.reason}"
        return _notice(item.at, "gap", told, width, "bold red")
    if isinstance(item, ActFact):
        return _notice(item.at, item.kind, item.detail, width, "yellow")
    exchange = item.recording.exchange
    seen = item.recording.observations
    line = Text()
    line.append(f"{_clock(exchange.ended_at)}  ", "dim")
    line.append(f"{cut(one_line(exchange.operation), 7):<7} ")
    state, style = _state(item)
    line.append(f"{cut(one_line(state), 15):<15} ", style)
    tokens = sum(each.total_tokens or 0 for each in seen)
    line.append(
        f"{duration_text(exchange.duration_ns):>8} " + (f"{tokens:>7,}" if tokens else " " * 7)
    )
    rest = [_steps(item), _subject(seen) or exchange.route]
    line.append(
        "  " + cut(one_line(" · ".join(filter(None, rest))), width - cell_len(line.plain) - 2)
    )
    line.rstrip()
    return line


def to_json(item: Item) -> str:
    """One object on one line: an exchange with its observations and steps, a gap, or an act."""
    if isinstance(item, GapFact | ActFact):
        told: dict[str, Any] = {"gap" if isinstance(item, GapFact) else "act": asdict(item)}
    else:
        told = {
            "exchange": asdict(item.recording.exchange),
            "observations": [asdict(each) for each in item.recording.observations],
            "steps": [asdict(each) for each in item.recording.steps],
        }
    return terminal.safe_json(json.dumps(told, ensure_ascii=False))


def _newest_file(folder: Path) -> VaultPosition:
    """Where to begin: earlier files are as large and of earlier days."""
    names = vault_files(folder)
    return VaultPosition(names[-1], 0) if names else VAULT_START


def _in_batch(batch: FactBatch) -> list[Item]:
    """Everything in it by time."""
    found: list[Item] = [*batch.exchanges, *batch.gaps, *batch.acts]
    return sorted(found, key=_when)


def _when(item: Item) -> int:
    return item.recording.exchange.ended_at if isinstance(item, CommittedFacts) else item.at


def _state(item: CommittedFacts) -> tuple[str, str]:
    """The interaction's status where one was told, else how the exchange went."""
    exchange = item.recording.exchange
    if exchange.outcome != "complete":
        return exchange.outcome, "red"
    if exchange.status is None or exchange.status >= 400:
        return f"{exchange.status or ''} {exchange.error_code or ''}".strip(), "red"
    for each in reversed(item.recording.observations):
        if each.status:
            ended = "green" if each.status == "completed" else "yellow"
            return each.status, ended if each.is_terminal else "yellow"
    return str(exchange.status), "green"


def _subject(seen: Sequence[ObservationFact]) -> str:
    names = dict.fromkeys(each.model or each.agent for each in seen)
    return ", ".join(name for name in names if name)


def _steps(item: CommittedFacts) -> str:
    """The output steps as a path: thought, google_search, text."""
    shown: list[str] = []
    for step in item.recording.steps:
        if step.side == "output":
            name = _step_name(step)
            if not shown or shown[-1] != name:
                shown.append(name)
    return f" {_THEN} ".join(shown)


def _step_name(step: StepFact) -> str:
    if step.type == "function_call" and step.name:
        return f"{step.name}()"
    if step.type == "model_output":
        parts = ["text"] if step.text_bytes or not step.media_count else []
        return "+".join(parts + (["media"] if step.media_count else []))
    return step.type.removesuffix("_call").removesuffix("_result")


def _notice(at: int, kind: str, told: str, width: int, style: str) -> Text:
    return Text(cut(f"{_clock(at)}  {one_line(kind):<7} {one_line(told)}", width), style)


def _clock(wall_ns: int) -> str:
    """Time of day, UTC."""
    at = dt.datetime.fromtimestamp(wall_ns // 1_000_000_000, tz=dt.UTC)
    return at.strftime("%H:%M:%S")


def _pause() -> None:
    threading.Event().wait(LOOK_EVERY_S)
