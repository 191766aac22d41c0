"""Tables of many interactions, quickly: one small play of every kind of row, copied with names and times of its own.

`python -m tests.scale.many FILE COUNT` writes a file of tables with COUNT interactions.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from proxy.recording.facts import ActFact, CostFact, EventFact, MediaFact, Recording, UsageFact
from proxy.store.database import Database
from proxy.store.ingest import TABLES, columns_of
from proxy.store.settled.settling import settle
from tests.store.samples import SECOND_NS, START_NS, batch, fact, id_hash, recording, step

COUNT: Final = int(os.environ.get("SCALE_INTERACTIONS", "200"))
IS_MEASURED: Final = COUNT >= 1_000_000
"""What a bound says of a million is asked of a million alone; of fewer only that it is not missed by far."""
SLOWER: Final = 1 if IS_MEASURED else 8
"""A machine of which nobody knows what else it does."""
PLAY: Final = 20
"""Interactions of one copy: a chain of eight turns with tools, a run in the background that is polled, a
failure, and ten questions alone, of which the last repeats the one before. The second is deleted at Google."""
DAYS: Final = 90
"""Over which the copies are spread."""
STEPS: Final = 5
"""Of each interaction."""
COPIES_AT_ONCE: Final = 2_000
COPIES_OPEN: Final = 20_000
"""Before the file is opened again: what was written of it stays in memory until then."""
_NAMED: Final = "v1_ChZ1WndEYTQ4LWI1UjRheXVXcUROM"

_NAMES: Final = frozenset(
    {"interaction", "interaction_id", "previous_interaction_id", "call_id", "raw_ref"}
    | {"content_ref", "about_ref", "retry_of", "resumed_after", "environment_id", "boot", "act"}
)
"""Text columns in which each copy has its own."""
_SEQUENCES: Final = 100
"""Of the exchanges of one copy, and more."""
_EXCHANGE: Final = (
    "regexp_replace(told.exchange, '[0-9]+$', '')"
    f" || (split_part(told.exchange, '-', 3)::BIGINT + k * {_SEQUENCES})"
)
_HASHED: Final = {
    "id_hash": "told.interaction",
    "previous_hash": "told.previous_interaction_id",
    "root_hash": "(SELECT any_value(first.interaction) FROM play.observations AS first"
    " WHERE first.id_hash = told.root_hash)",
}
"""By column with the hash of a name: the name."""


def cpu_s(work: Callable[[], object]) -> float:
    """Of three times the least."""
    found = []
    for _ in range(3 if IS_MEASURED else 1):
        began_s = time.process_time()
        work()
        found.append(time.process_time() - began_s)
    return min(found)


def make(path: Path, count: int) -> Database:
    """Write `count` interactions (a multiple of PLAY) spread over DAYS; the last ends at END_NS."""
    play = Database.open(path.with_name("play.duckdb"))
    play.ingest(replace(batch(*_play()), acts=(_deleted(),)))
    play.checkpoint()
    play.close()
    copies = count // PLAY
    for first in range(0, copies, COPIES_OPEN):
        made = Database.open(path)
        _copy(made, path, range(first, min(first + COPIES_OPEN, copies)), copies)
        made.checkpoint()
        made.close()
    made = Database.open(path)
    cursor = made.cursor()
    cursor.execute("INSERT INTO unsettled SELECT id_hash FROM observations")
    settle(cursor)
    cursor.close()
    made.checkpoint()
    return made


def _copy(made: Database, path: Path, wanted: range, copies: int) -> None:
    cursor = made.cursor()
    quoted = str(path.with_name("play.duckdb")).replace("'", "''")
    cursor.execute(f"ATTACH '{quoted}' AS play (READ_ONLY)")
    apart_us = DAYS * 86_400 * 1_000_000 // copies
    for first in wanted[::COPIES_AT_ONCE]:
        last = min(first + COPIES_AT_ONCE, wanted.stop)
        for table in TABLES:
            columns = ", ".join(
                f"{_copied(column.name, column.sql_type, apart_us)} AS {column.name}"
                for column in columns_of(table)
            )
            cursor.execute(
                f"INSERT INTO {table} BY NAME SELECT {columns} FROM play.{table} AS told, "
                f"range({first}, {last}) AS copies (k) ORDER BY k, told.rowid"
            )
        cursor.execute(
            f"INSERT INTO repeats SELECT {_EXCHANGE}, interaction || '.' || k,"
            f" seen_at + to_microseconds(k * {apart_us}), step_index,"
            f" md5_number_lower({_mac('step_mac')}), FALSE"
            " FROM play.steps AS told, range($first, $last) AS copies (k)"
            " WHERE side = 'input' AND step_mac IS NOT NULL ORDER BY k, told.rowid",
            {"first": first, "last": last},
        )
    cursor.execute("DETACH play")
    cursor.close()


END_NS: Final = START_NS + DAYS * 86_400 * SECOND_NS


def name_in_copy(name: str, copy: int) -> str:
    """What an interaction of the play is called in one of its copies."""
    return f"{name}.{copy}"


def _copied(name: str, sql_type: str, apart_us: int) -> str:
    if sql_type == "TIMESTAMP":
        return f"told.{name} + to_microseconds(k * {apart_us})"
    if sql_type == "UBIGINT":
        return f"('0x' || substr(sha256({_HASHED[name]} || '.' || k), 1, 16))::UBIGINT"
    if name == "exchange":
        return _EXCHANGE
    if name == "sequence":
        return f"told.{name} + k * {_SEQUENCES}"
    if name.endswith("_mac"):
        return _mac(name)
    if name in _NAMES:
        return f"told.{name} || '.' || k"
    return f"told.{name}"


def _mac(name: str) -> str:
    return f"left(sha256(told.{name} || '.' || k), 24)"


def _deleted() -> ActFact:
    """The steward's last word about the second turn."""
    data = '{"state": "deleted_verified", "evidence": "gone", "due": 1, "event": "Concluded"}'
    at = START_NS + 300 * SECOND_NS
    name = f"{_NAMED}2531"
    return ActFact(at, "disposal", None, None, "", act="a", interaction=name, data=data)


def _play() -> Iterator[Recording]:
    sequence = iter(range(1, 1000))
    before: str | None = None
    for turn in range(8):
        name = f"{_NAMED}253{turn}"
        yield _one(next(sequence), name, turn * 20, before)
        before = name
    name = f"{_NAMED}background"
    yield recording(
        next(sequence),
        interaction=name,
        seconds=200,
        status="in_progress",
        agent="deep-research",
        is_background=True,
        input_step_count=1,
    )
    for poll in range(3):
        yield _one(next(sequence), name, 210 + 10 * poll, None, how="read")
    yield recording(
        next(sequence),
        interaction=f"{_NAMED}failed",
        seconds=250,
        status="failed",
        error_code="internal",
        is_terminal=True,
        model="gemini-3-pro",
    )
    refused = recording(next(sequence), interaction=None, seconds=255, http_status=429)
    yield replace(
        refused, exchange=replace(refused.exchange, outcome="client_left", error_code="EXHAUSTED")
    )
    for alone in range(10):
        name = f"{_NAMED}alone{alone}"
        yield _one(next(sequence), name, 260 + 5 * alone, None)


def _one(
    sequence: int, name: str, seconds: int, before: str | None, how: str = "created"
) -> Recording:
    """Five steps of which two are a call and the result of the turn before; tokens, prices, a picture."""
    root = f"{_NAMED}2530" if before else name
    at = START_NS + seconds * SECOND_NS
    said = f"{name}{how}{sequence}"
    marked = {"chain_mac": f"{name}.call", "step_mac": name}
    repeated: dict[str, Any] = {}
    if name.endswith("alone9"):
        repeated = {"type": "model_output", "step_mac": f"{_NAMED}alone8.out"}
    steps = (
        step("user_input", 0, "input", text_bytes=200, content_bytes=300, chain_mac=f"{said}.in"),
        step("function_result", 1, "input", name="look", call_id=before, content_bytes=100),
        step("thought", 0, text_bytes=400, content_bytes=500),
        step("function_call", 1, name="look", call_id=name, content_bytes=100, **marked),
        step("model_output", 2, text_bytes=800, content_bytes=900, started_at=at, ended_at=at),
    )
    steps = (
        *steps[:1],
        replace(steps[1], **repeated),
        *steps[2:4],
        replace(steps[4], chain_mac=f"{name}.out", step_mac=f"{name}.out"),
    )
    told = recording(
        sequence,
        how=how,
        interaction=name,
        seconds=seconds,
        steps=steps,
        status="completed",
        is_terminal=True,
        model=("gemini-3-pro", "gemini-3-flash")[sequence % 2],
        input_tokens=100,
        output_tokens=50,
        thought_tokens=20,
        total_tokens=170,
        function_call_count=1,
        is_streaming=sequence % 3 == 0,
        previous_interaction_id=before,
        previous_hash=None if before is None else id_hash(before),
        root_hash=id_hash(root),
    )
    return _counted(told, name, at)


def _counted(told: Recording, name: str, at: int) -> Recording:
    """With tokens, prices, events of a stream and, in every fourth, a picture."""
    exchange, is_streaming = told.exchange, told.observations[0].is_streaming
    about: dict[str, Any] = {
        "exchange": exchange.exchange,
        "interaction": name,
        "id_hash": id_hash(name),
        "at": at,
    }
    kinds = ("input", "output", "thought")
    price: dict[str, Any] = {"modality": "text", "tier": "standard", "book": "2026-11-01"}
    price |= {"quantity": 50, "unit": "token", "price_pico_usd": 300, "amount_pico_usd": 15_000}
    costs = tuple(fact(CostFact, item=kind, **price, **about) for kind in kinds)
    usage = tuple(fact(UsageFact, kind=kind, modality="text", tokens=50, **about) for kind in kinds)
    del about["id_hash"]
    events = tuple(
        fact(EventFact, event_index=index, event_type="step.delta", is_known=True, **about)
        for index in range(4 if is_streaming else 0)
    )
    del about["at"]
    picture: dict[str, Any] = {"side": "input", "type": "image", "mime_type": "image/png"}
    picture |= {"media_bytes": 700, "source": "inline", "id_hash": id_hash(name)}
    media = (fact(MediaFact, **picture, **about),) if exchange.sequence % 4 == 0 else ()
    kept = replace(
        exchange,
        client=f"{exchange.sequence % 5:016x}",
        credential_kind="api_key",
        is_streaming=is_streaming,
        purpose="client",
        api_version="v1beta",
        route="/{v}/interactions",
        request_mac=f"{exchange.sequence}",
    )
    return replace(told, exchange=kept, usage=usage, costs=costs, events=events, media_facts=media)


if __name__ == "__main__":
    make(Path(sys.argv[1]), int(sys.argv[2])).close()
