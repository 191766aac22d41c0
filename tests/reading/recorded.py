"""A data folder as a recorder leaves it: keys, vault, tables. Small exchanges, real sealing."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from proxy.recording.facts import ActFact, GapFact, MediaFact, MediaObject, Recording
from proxy.store.database import Database
from tests.store.samples import fact, recording, step
from tests.store.vault.built import CURSORS, MASTER, VaultFolder, finished

Step = dict[str, Any]

QUESTION: Step = {"type": "user_input", "content": [{"type": "text", "text": "What is that?"}]}
THOUGHT: Step = {"type": "thought", "signature": "c2ln"}
CALL: Step = {"type": "function_call", "name": "look", "id": "k1", "arguments": {"where": "Bonn"}}
ANSWER: Step = {"type": "model_output", "content": [{"type": "text", "text": "A bridge."}]}

COMPLETED: dict[str, Any] = {
    "model": "gemini-3-flash-preview",
    "status": "completed",
    "is_terminal": True,
    "input_tokens": 10,
    "output_tokens": 5,
    "total_tokens": 15,
}


def told(sequence: int, *steps: Step, media: bytes | None = None, **given: Any) -> Recording:
    """An exchange whose first step is the question, if it is one, and all others the answer."""
    facts = tuple(
        step(
            each["type"],
            place,
            "input" if each["type"] == "user_input" else "output",
            name=each.get("name"),
            content_bytes=len(json.dumps(each)),
        )
        for place, each in enumerate(steps)
    )
    base = recording(sequence, steps=facts, **given)
    contents = tuple(json.dumps(each).encode() for each in steps)
    if media is None:
        return replace(base, contents=contents)
    about = base.steps[0]
    shown = fact(
        MediaFact,
        exchange=about.exchange,
        interaction=about.interaction,
        id_hash=about.id_hash,
        side=about.side,
        type="image",
        mime_type="image/png",
        media_bytes=len(media),
    )
    objects = (MediaObject("image/png", media),)
    return replace(base, contents=contents, media=objects, media_facts=(shown,))


def record(
    folder: Path,
    *recordings: Recording,
    gaps: tuple[GapFact, ...] = (),
    acts: tuple[ActFact, ...] = (),
) -> VaultFolder:
    """Put exchanges into the vault and its tables, made as needed."""
    data = VaultFolder(folder)
    master = folder / "keys" / "master.key"
    if not master.exists():
        data.make_keys()
        master.write_bytes(MASTER.secret)
        master.chmod(0o600)
    vault = data.open()
    for each in recordings:
        vault.append(finished(each.exchange.sequence), each)
    for gap in gaps:
        vault.append_gap(gap)
    for act in acts:
        vault.append_act(act)
    vault.commit(CURSORS)
    vault.close()
    tables = Database.open(folder / "facts.duckdb")
    for batch in data.reader().follow(tables.position()):
        tables.ingest(batch)
    tables.close()
    return data
