"""Nothing is left: what was erased is searched for in every byte of the data folder, and in a restored copy."""

from __future__ import annotations

import base64
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest

from proxy.errors import KeyDestroyed
from proxy.journal.format import ExchangeId
from proxy.journal.seal import QueuedEntry
from proxy.store.database import Database
from proxy.store.erasing.rewriting import mark_of
from proxy.store.erasing.scrubbing import DIGESTS
from tests.journal.written import living
from tests.recorder.erasing.prepared import prepared
from tests.recorder.played import Scene, answered, begun, name
from tests.recorder.served import ask, serving

ALL = int(os.environ.get("ERASING_ALL", "400"))
ERASED = ALL // 100 if ALL > 10_000 else ALL // 20
WHY = {"reason": "they asked for it", "actor": "ann"}
WITHIN_S = 60 + ALL / 10
"""A recorder takes some thousand a second; a busy machine eight times as long, and a rewriting of the tables."""
AT_ONCE = 200
"""Exchanges of one commit of the journal."""


def canary(sequence: int, where: str) -> str:
    return f'canary "{where}" of {sequence:07d}'


def exchange(sequence: int) -> list[QueuedEntry]:
    """A canary in the prompt, the instruction, a label, a picture and the answer."""
    picture = base64.b64encode(canary(sequence, "picture").encode()).decode()
    said = [
        {"type": "text", "text": canary(sequence, "prompt")},
        {"type": "image", "mime_type": "image/png", "data": picture},
    ]
    asked = {
        "model": "m",
        "input": [{"type": "user_input", "content": said}],
        "system_instruction": canary(sequence, "instruction"),
        "labels": {
            "person": canary(sequence, "label"),
            "case": "erase" if sequence <= ERASED else "keep",
        },
    }
    text = canary(sequence, "answer")
    step = {"type": "model_output", "content": [{"type": "text", "text": text}]}
    told = {"id": f"v1_{sequence}", "status": "completed", "model": "m", "steps": [step]}
    entries = begun(sequence, json.dumps(asked).encode())
    return [*entries, *answered(sequence, json.dumps(told).encode())]


def forms(text: str) -> Iterator[bytes]:
    raw = text.encode()
    yield raw
    yield quote(text).encode()
    yield json.dumps(text)[1:-1].encode()
    yield raw.hex().encode()
    for shift in range(3):  # base64 looks different at each of three places
        coded = base64.b64encode(b"x" * shift + raw)
        yield coded[4 if shift else 0 : -4]


def found_in(folder: Path, wanted: list[bytes]) -> list[str]:
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            content = path.read_bytes()
            found += [f"{path.name}: {text!r}" for text in wanted if text in content]
    return found


def digests(file: Path) -> dict[str, set[bytes]]:
    """By exchange: all digests of its content in the tables."""
    database = Database.open(file)
    found: dict[str, set[bytes]] = {}
    try:
        cursor = database.cursor()
        for table, columns in DIGESTS.items():
            for column in columns:
                cursor.execute(f"SELECT exchange, {column} FROM {table}")
                for exchange_name, value in cursor.fetchall():
                    macs = {each.encode() for each in (value or "").split(",") if each}
                    found.setdefault(exchange_name, set()).update(macs)
    finally:
        database.close()
    return found


async def record(scene: Scene) -> None:
    with living(scene.folder) as worker:
        async with serving(scene, WITHIN_S):
            for start in range(0, ALL, AT_ONCE):
                count = min(AT_ONCE, ALL - start)
                sequences = [worker.writer.begin() for _ in range(count)]
                worker.commit([entry for each in sequences for entry in exchange(each)])


async def rewritten(scene: Scene) -> None:
    """Until the tables' file is written anew: of a large one nobody waits for that."""
    while mark_of(scene.folder / "facts.duckdb").exists():  # a file is all there is to look at
        await ask(scene.folder / "run", "POST", "/flush")


def assert_gone(scene: Scene, before: dict[str, set[bytes]]) -> None:
    erased = [name(sequence) for sequence in range(1, ERASED + 1)]
    places = ("prompt", "instruction", "label", "picture", "answer")
    texts = [canary(1, place) for place in places] + [canary(ERASED, place) for place in places]
    assert found_in(scene.folder, [form for text in texts for form in forms(text)]) == []
    kept = set().union(*(macs for each, macs in before.items() if each not in erased))
    marks = set().union(*(before[each] for each in erased)) - kept
    assert marks
    assert found_in(scene.folder, sorted(marks)) == []
    keys, reader = scene.keystore(), scene.reader()
    refs = {each.recording.exchange.exchange: each.raw_ref for each in scene.told().exchanges}
    for each in erased:
        with pytest.raises(KeyDestroyed):
            keys.key(ExchangeId.parse(each))
        with pytest.raises(KeyDestroyed):
            reader.exchange(refs[each])
    still_there = reader.exchange(refs[name(ERASED + 1)])
    assert canary(ERASED + 1, "label") in json.loads(still_there.request.data)["labels"]["person"]


async def test_no_byte_of_what_was_erased_is_left_and_no_restored_copy_brings_it_back(
    tmp_path: Path,
) -> None:
    scene = prepared(tmp_path / "data")
    await record(scene)
    before = digests(scene.folder / "facts.duckdb")
    shutil.copytree(scene.folder, tmp_path / "yesterday", ignore=shutil.ignore_patterns("*.sock"))
    async with serving(scene, WITHIN_S):
        await ask(scene.folder / "run", "POST", "/snapshot")
        wish = {"label": "case=erase", **WHY}

        status, told = await ask(scene.folder / "run", "POST", "/erase", wish)

        assert status == 200, told
        assert told["plan"]["counts"]["interactions"] == ERASED
        assert told["plan"]["counts"]["exchanges"] == ERASED
        await rewritten(scene)
        # By the erasure, or by the tables' rewriting, whoever came first.
        assert not (scene.folder / "run" / "snapshot-1.duckdb").exists()
    assert_gone(scene, before)

    # Yesterday's data under today's keys.
    shutil.rmtree(tmp_path / "yesterday" / "keys")
    shutil.copytree(scene.folder / "keys", tmp_path / "yesterday" / "keys")
    restored = Scene(tmp_path / "yesterday")
    async with serving(restored, WITHIN_S) as recorder:
        await recorder.erasing.resume()
    async with serving(restored, WITHIN_S):
        await ask(restored.folder / "run", "POST", "/flush")
    assert_gone(restored, before)
